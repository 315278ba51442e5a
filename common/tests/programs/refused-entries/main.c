/* main.c -- tries one VM entry after the other, and states what explain.c and the CPU
 * say to each. 64-bit mode, CPL 0, interrupts off.
 *
 *      @ trial 0x7             its number, from 0 on
 *      @ explained 0x1         explain_entry(), before the entry is tried:
 *      @ field 0x4818          the field
 *      @ value 0x93            what it holds
 *      @ result 0x0            of VMLAUNCH; then what explain_refusal() prints
 *      @ reason 0x80000021     of the exit, if there was one
 *      @ qualification 0x0
 *      @ error 0x7             if VMLAUNCH ended in VMfailValid
 */
#include "cpu.h"
#include "explain.h"
#include "idt.h"
#include "print.h"
#include "report.h"
#include "serial.h"
#include "trials.h"
#include "x86/control.h"
#include "x86/exit.h"
#include "x86/vmcs.h"
#include "x86/vmx.h"

/* VMXON wants the address line A20 on: SDM Vol. 3C, "VMXON--Enter VMX Operation". */
#define PORT92          0x92
#define PORT92_RESET    0x01
#define PORT92_A20      0x02

struct region {
        uint32_t revision;
        uint8_t data[PAGE_SIZE - 4];
} __attribute__((aligned(PAGE_SIZE)));

struct region vmxon_region, vmcs;

static uint64_t read(uint32_t field)
{
        uint64_t value = 0;

        return vmread(field, &value) == VMX_OK ? value : 0;
}

/* What the test must know of this CPU: MSRs 480H to 48CH, and the TRUE ones. */
static void report_cpu(void)
{
        uint32_t last = MSR_VMX_VMCS_ENUM;
        uint64_t cpu = rdmsr(MSR_VMX_PROCBASED_CTLS) >> 32;

        if (cpu & CPU_ACTIVATE_SECONDARY_CONTROLS)
                last = MSR_VMX_PROCBASED_CTLS2;
        if (last == MSR_VMX_PROCBASED_CTLS2
            && rdmsr(MSR_VMX_PROCBASED_CTLS2) >> 32 & (CPU2_ENABLE_EPT | CPU2_ENABLE_VPID))
                last = MSR_VMX_EPT_VPID_CAP;
        report("width", cpuid(0x80000008, 0).eax & 0xFF);
        report("cr3", read_cr3());
        for (uint32_t msr = MSR_VMX_BASIC; msr <= last; msr++)
                report_nth("msr", msr, rdmsr(msr));
        if (!(rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE))
                return;
        for (uint32_t msr = MSR_VMX_TRUE_PINBASED_CTLS; msr <= MSR_VMX_TRUE_ENTRY_CTLS; msr++)
                report_nth("msr", msr, rdmsr(msr));
}

static int enter_vmx(void)
{
        const uint64_t pa = (uint64_t)&vmxon_region;

        outb(PORT92, (inb(PORT92) | PORT92_A20) & ~PORT92_RESET);
        if (!(rdmsr(MSR_FEATURE_CONTROL) & FEATURE_CONTROL_LOCK))
                wrmsr(MSR_FEATURE_CONTROL, FEATURE_CONTROL_VMX | FEATURE_CONTROL_LOCK);
        vmxon_region.revision = rdmsr(MSR_VMX_BASIC) & VMX_BASIC_REVISION;
        write_cr0(read_cr0() | rdmsr(MSR_VMX_CR0_FIXED0));
        write_cr4(read_cr4() | rdmsr(MSR_VMX_CR4_FIXED0));
        return vmxon(&pa) == VMX_OK;
}

static void report_explanation(void)
{
        struct explanation why;
        int found = explain_entry(&why);

        report("explained", found);
        if (!found)
                return;
        report("field", why.field);
        report("value", why.value);
}

static void try_entry(void)
{
        enum vmx_result result = launch();
        uint32_t reason = result == VMX_OK ? read(VMCS_EXIT_REASON) : 0;

        report("result", result);
        if (result == VMX_OK) {
                report("reason", reason);
                report("qualification", read(VMCS_EXIT_QUALIFICATION));
        }
        if (result == VMX_FAIL_VALID)
                report("error", read(VMCS_VM_INSTRUCTION_ERROR));
        if (result != VMX_OK || reason & EXIT_REASON_ENTRY_FAILURE)
                explain_refusal(result, reason);
}

/* A current VMCS that remembers nothing of the last trial. */
static int new_vmcs(enum guest guest)
{
        const uint64_t pa = (uint64_t)&vmcs;

        if (vmclear(&pa) != VMX_OK)
                return 0;
        vmcs = (struct region){ .revision = vmxon_region.revision };
        if (vmclear(&pa) != VMX_OK || vmptrld(&pa) != VMX_OK)
                return 0;
        write_good_vmcs(guest);
        return 1;
}

/* Refusals that no field is to blame for. */
static void try_endings(void)
{
        const uint64_t pa = (uint64_t)&vmcs;

        report("ending", 0);            /* no VMCS is current */
        if (vmclear(&pa) != VMX_OK)
                return;
        report_explanation();
        try_entry();

        report("ending", 1);            /* VMLAUNCH of one that is launched */
        if (!new_vmcs(PROTECTED_GUEST) || launch() != VMX_OK)
                return;
        report_explanation();
        try_entry();

        report("ending", 2);            /* nothing was refused */
        explain_refusal(VMX_OK, EXIT_REASON_CPUID);

        report("ending", 3);            /* three broken rules, and the CPU names a group */
        write_field(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0x80000100);
        write_field(VMCS_HOST_TR_SELECTOR, 0);
        write_field(VMCS_GUEST_TR_SELECTOR, 4);
        explain_refusal(VMX_OK, EXIT_REASON_ENTRY_FAILURE | EXIT_REASON_INVALID_GUEST_STATE);
        report_explanation();

        report("ending", 4);            /* a refusal of which we know no reason */
        if (new_vmcs(PROTECTED_GUEST))
                explain_refusal(VMX_OK, EXIT_REASON_ENTRY_FAILURE | EXIT_REASON_MSR_LOADING);
}

static void run_trials(void)
{
        unsigned trials = 0;
        int first = 1;

        for (unsigned i = 0; i < challenge.count; i++) {
                const struct change *change = &challenge.changes[i];

                if (first && !new_vmcs(change->guest))
                        return;
                write_field(change->field, (read(change->field) & change->keep) ^ change->flip);
                first = change->flags & LAST;
                if (!first)
                        continue;
                report("trial", trials++);
                report_explanation();
                if (!(change->flags & NO_ENTRY))
                        try_entry();
        }
}

void main(void)
{
        serial_init();
        report_begin(LAB_NAME, challenge.id);
        idt_init();
        if (cpuid(1, 0).ecx & CPUID_1_ECX_VMX) {
                report_cpu();
                if (enter_vmx()) {
                        run_trials();
                        try_endings();
                }
        }
        report_end();
}
