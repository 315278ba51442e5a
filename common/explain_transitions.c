/* explain_transitions.c -- the VM-exit control fields and the VM-entry control fields,
 * with the event that the entry shall inject. SDM Vol. 3C, "Checks on VMX Controls".
 */
#include "explain_rules.h"

#include "cpu.h"
#include "x86/control.h"
#include "x86/exception.h"

#define MSR_ENTRY_BYTES         16              /* one entry of an MSR area */
#define MAX_LENGTH              15              /* of an instruction */
#define ERROR_CODE_RESERVED     0xFFFF0000
#define MSR_RTIT_CTL            0x570
#define RTIT_CTL_TRACE_EN       1

/* An area in memory with `count` MSRs, for a transition to store or to load. */
static int msr_area(struct explanation *why, uint32_t count, uint32_t address)
{
        uint64_t bytes = field(count) * MSR_ENTRY_BYTES;

        if (!bytes)
                return 0;
        APPLY(explain_address(why, address, MSR_ENTRY_BYTES));
        MUST(address, !((field(address) + bytes - 1) & explain_beyond_width()),
             "must not be so high that the area ends beyond the physical-address width");
        return 0;
}

int explain_exit_controls(struct explanation *why)
{
        APPLY(explain_capability(why, EXIT_CONTROLS));
        if (exit_controls() & EXIT_ACTIVATE_SECONDARY_CONTROLS)
                APPLY(explain_bits(why, VMCS_SECONDARY_VM_EXIT_CONTROLS, 0,
                                   rdmsr(MSR_VMX_EXIT_CTLS2), "IA32_VMX_EXIT_CTLS2"));
        MUST(VMCS_PRIMARY_VM_EXIT_CONTROLS,
             pin_controls() & PIN_ACTIVATE_VMX_PREEMPTION_TIMER
             || !(exit_controls() & EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE),
             "must not have 'save VMX-preemption timer value' if the timer is not activated");
        APPLY(msr_area(why, VMCS_VM_EXIT_MSR_STORE_COUNT, VMCS_VM_EXIT_MSR_STORE_ADDRESS));
        return msr_area(why, VMCS_VM_EXIT_MSR_LOAD_COUNT, VMCS_VM_EXIT_MSR_LOAD_ADDRESS);
}

static int event_type_and_vector(struct explanation *why, uint32_t event)
{
        const uint32_t what = VMCS_VM_ENTRY_INTERRUPTION_INFORMATION;
        unsigned type = EVENT_TYPE(event), vector = EVENT_VECTOR(event);

        MUST(what, type != 1, "must not have type 1 in bits 10:8");
        MUST(what, type != EVENT_OTHER
                   || rdmsr(MSR_VMX_PROCBASED_CTLS) >> 32 & CPU_MONITOR_TRAP_FLAG,
             "must not have type 7 in bits 10:8: this CPU has no monitor trap flag");
        MUST(what, type != EVENT_NMI || vector == VECTOR_NMI, "must have vector 2, for an NMI");
        MUST(what, type != EVENT_HARDWARE || vector < VECTORS,
             "must have a vector from 0 to 31, for a hardware exception");
        MUST(what, type != EVENT_OTHER || vector == 0, "must have vector 0, for 'other event'");
        return 0;
}

/* Bit 11 says that an error code is delivered, as the exception would have it. */
static int event_error_code(struct explanation *why, uint32_t event)
{
        const uint32_t what = VMCS_VM_ENTRY_INTERRUPTION_INFORMATION;
        int free = (rdmsr(MSR_VMX_BASIC) & VMX_BASIC_ANY_ERROR_CODE) != 0;
        int has_one = VECTORS_WITH_ERROR_CODE >> EVENT_VECTOR(event) & 1;

        if (EVENT_TYPE(event) == EVENT_HARDWARE && field(VMCS_GUEST_CR0) & CR0_PE) {
                MUST(what, event & EVENT_ERROR_CODE || !has_one || free,
                     "must have bit 11 set: this exception has an error code");
                MUST(what, !(event & EVENT_ERROR_CODE) || has_one || free,
                     "must have bit 11 clear: this exception has no error code");
        } else {
                MUST(what, !(event & EVENT_ERROR_CODE),
                     "must have bit 11 clear: only hardware exceptions in protected mode"
                     " have an error code");
        }
        return 0;
}

static int event_injection(struct explanation *why)
{
        uint32_t event = injected_event();
        uint64_t length = field(VMCS_VM_ENTRY_INSTRUCTION_LENGTH);

        if (!event)
                return 0;
        APPLY(event_type_and_vector(why, event));
        APPLY(event_error_code(why, event));
        MUST(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, !(event & EVENT_RESERVED),
             "must have bits 30:12 clear");
        if (event & EVENT_ERROR_CODE)
                MUST(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE,
                     !(field(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE) & ERROR_CODE_RESERVED),
                     "must have bits 31:16 clear");
        if (EVENT_TYPE(event) < EVENT_SOFTWARE || EVENT_TYPE(event) > EVENT_SOFTWARE_LAST)
                return 0;
        MUST(VMCS_VM_ENTRY_INSTRUCTION_LENGTH, length <= MAX_LENGTH, "must not be above 15");
        MUST(VMCS_VM_ENTRY_INSTRUCTION_LENGTH,
             length || rdmsr(MSR_VMX_MISC) & VMX_MISC_LENGTH_0,
             "must not be 0: the event is an instruction's");
        return 0;
}

int explain_entry_controls(struct explanation *why)
{
        uint32_t entry = entry_controls();

        APPLY(explain_capability(why, ENTRY_CONTROLS));
        APPLY(event_injection(why));
        APPLY(msr_area(why, VMCS_VM_ENTRY_MSR_LOAD_COUNT, VMCS_VM_ENTRY_MSR_LOAD_ADDRESS));
        MUST(VMCS_VM_ENTRY_CONTROLS,
             !(entry & (ENTRY_ENTRY_TO_SMM | ENTRY_DEACTIVATE_DUAL_MONITOR_TREATMENT)),
             "must not have 'entry to SMM' or 'deactivate dual-monitor treatment' outside SMM");
        if (entry & ENTRY_LOAD_IA32_RTIT_CTL)
                MUST(VMCS_VM_ENTRY_CONTROLS, !(rdmsr(MSR_RTIT_CTL) & RTIT_CTL_TRACE_EN),
                     "must not have 'load IA32_RTIT_CTL' while the host is being traced");
        return 0;
}
