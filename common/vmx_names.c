/* vmx_names.c -- the names of controls and exit reasons, and what the errors of VMX
 * instructions mean.
 */
#include "vmx_names.h"

#include "x86/exit.h"
#include "x86/vmx.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct control {
        uint32_t mask;
        const char *name;
};

static const struct control pin_controls[] = {
        { PIN_EXTERNAL_INTERRUPT_EXITING, "external-interrupt exiting" },
        { PIN_NMI_EXITING, "NMI exiting" },
        { PIN_VIRTUAL_NMIS, "virtual NMIs" },
        { PIN_ACTIVATE_VMX_PREEMPTION_TIMER, "activate VMX-preemption timer" },
        { PIN_PROCESS_POSTED_INTERRUPTS, "process posted interrupts" },
};

static const struct control cpu_controls[] = {
        { CPU_INTERRUPT_WINDOW_EXITING, "interrupt-window exiting" },
        { CPU_USE_TSC_OFFSETTING, "use TSC offsetting" },
        { CPU_HLT_EXITING, "HLT exiting" },
        { CPU_INVLPG_EXITING, "INVLPG exiting" },
        { CPU_MWAIT_EXITING, "MWAIT exiting" },
        { CPU_RDPMC_EXITING, "RDPMC exiting" },
        { CPU_RDTSC_EXITING, "RDTSC exiting" },
        { CPU_CR3_LOAD_EXITING, "CR3-load exiting" },
        { CPU_CR3_STORE_EXITING, "CR3-store exiting" },
        { CPU_ACTIVATE_TERTIARY_CONTROLS, "activate tertiary controls" },
        { CPU_CR8_LOAD_EXITING, "CR8-load exiting" },
        { CPU_CR8_STORE_EXITING, "CR8-store exiting" },
        { CPU_USE_TPR_SHADOW, "use TPR shadow" },
        { CPU_NMI_WINDOW_EXITING, "NMI-window exiting" },
        { CPU_MOV_DR_EXITING, "MOV-DR exiting" },
        { CPU_UNCONDITIONAL_IO_EXITING, "unconditional I/O exiting" },
        { CPU_USE_IO_BITMAPS, "use I/O bitmaps" },
        { CPU_MONITOR_TRAP_FLAG, "monitor trap flag" },
        { CPU_USE_MSR_BITMAPS, "use MSR bitmaps" },
        { CPU_MONITOR_EXITING, "MONITOR exiting" },
        { CPU_PAUSE_EXITING, "PAUSE exiting" },
        { CPU_ACTIVATE_SECONDARY_CONTROLS, "activate secondary controls" },
};

static const struct control cpu2_controls[] = {
        { CPU2_VIRTUALIZE_APIC_ACCESSES, "virtualize APIC accesses" },
        { CPU2_ENABLE_EPT, "enable EPT" },
        { CPU2_DESCRIPTOR_TABLE_EXITING, "descriptor-table exiting" },
        { CPU2_ENABLE_RDTSCP, "enable RDTSCP" },
        { CPU2_VIRTUALIZE_X2APIC_MODE, "virtualize x2APIC mode" },
        { CPU2_ENABLE_VPID, "enable VPID" },
        { CPU2_WBINVD_EXITING, "WBINVD exiting" },
        { CPU2_UNRESTRICTED_GUEST, "unrestricted guest" },
        { CPU2_APIC_REGISTER_VIRTUALIZATION, "APIC-register virtualization" },
        { CPU2_VIRTUAL_INTERRUPT_DELIVERY, "virtual-interrupt delivery" },
        { CPU2_PAUSE_LOOP_EXITING, "PAUSE-loop exiting" },
        { CPU2_RDRAND_EXITING, "RDRAND exiting" },
        { CPU2_ENABLE_INVPCID, "enable INVPCID" },
        { CPU2_ENABLE_VM_FUNCTIONS, "enable VM functions" },
        { CPU2_VMCS_SHADOWING, "VMCS shadowing" },
        { CPU2_ENABLE_ENCLS_EXITING, "enable ENCLS exiting" },
        { CPU2_RDSEED_EXITING, "RDSEED exiting" },
        { CPU2_ENABLE_PML, "enable PML" },
        { CPU2_EPT_VIOLATION_VE, "EPT-violation #VE" },
        { CPU2_CONCEAL_VMX_FROM_PT, "conceal VMX from PT" },
        { CPU2_ENABLE_XSAVES_XRSTORS, "enable XSAVES/XRSTORS" },
        { CPU2_PASID_TRANSLATION, "PASID translation" },
        { CPU2_MODE_BASED_EXECUTE_CONTROL_FOR_EPT, "mode-based execute control for EPT" },
        { CPU2_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT, "sub-page write permissions for EPT" },
        { CPU2_INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES, "Intel PT uses guest physical addresses" },
        { CPU2_USE_TSC_SCALING, "use TSC scaling" },
        { CPU2_ENABLE_USER_WAIT_AND_PAUSE, "enable user wait and pause" },
        { CPU2_ENABLE_PCONFIG, "enable PCONFIG" },
        { CPU2_ENABLE_ENCLV_EXITING, "enable ENCLV exiting" },
        { CPU2_VMM_BUS_LOCK_DETECTION, "VMM bus-lock detection" },
        { CPU2_INSTRUCTION_TIMEOUT, "instruction timeout" },
};

static const struct control exit_controls[] = {
        { EXIT_SAVE_DEBUG_CONTROLS, "save debug controls" },
        { EXIT_HOST_ADDRESS_SPACE_SIZE, "host address-space size" },
        { EXIT_LOAD_IA32_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL" },
        { EXIT_ACKNOWLEDGE_INTERRUPT_ON_EXIT, "acknowledge interrupt on exit" },
        { EXIT_SAVE_IA32_PAT, "save IA32_PAT" },
        { EXIT_LOAD_IA32_PAT, "load IA32_PAT" },
        { EXIT_SAVE_IA32_EFER, "save IA32_EFER" },
        { EXIT_LOAD_IA32_EFER, "load IA32_EFER" },
        { EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE, "save VMX-preemption timer value" },
        { EXIT_CLEAR_IA32_BNDCFGS, "clear IA32_BNDCFGS" },
        { EXIT_CONCEAL_VMX_FROM_PT, "conceal VMX from PT" },
        { EXIT_CLEAR_IA32_RTIT_CTL, "clear IA32_RTIT_CTL" },
        { EXIT_CLEAR_IA32_LBR_CTL, "clear IA32_LBR_CTL" },
        { EXIT_CLEAR_UINV, "clear UINV" },
        { EXIT_LOAD_CET_STATE, "load CET state" },
        { EXIT_LOAD_PKRS, "load PKRS" },
        { EXIT_SAVE_IA32_PERF_GLOBAL_CTRL, "save IA32_PERF_GLOBAL_CTRL" },
        { EXIT_ACTIVATE_SECONDARY_CONTROLS, "activate secondary controls" },
};

static const struct control entry_controls[] = {
        { ENTRY_LOAD_DEBUG_CONTROLS, "load debug controls" },
        { ENTRY_IA32E_MODE_GUEST, "IA-32e mode guest" },
        { ENTRY_ENTRY_TO_SMM, "entry to SMM" },
        { ENTRY_DEACTIVATE_DUAL_MONITOR_TREATMENT, "deactivate dual-monitor treatment" },
        { ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL" },
        { ENTRY_LOAD_IA32_PAT, "load IA32_PAT" },
        { ENTRY_LOAD_IA32_EFER, "load IA32_EFER" },
        { ENTRY_LOAD_IA32_BNDCFGS, "load IA32_BNDCFGS" },
        { ENTRY_CONCEAL_VMX_FROM_PT, "conceal VMX from PT" },
        { ENTRY_LOAD_IA32_RTIT_CTL, "load IA32_RTIT_CTL" },
        { ENTRY_LOAD_UINV, "load UINV" },
        { ENTRY_LOAD_CET_STATE, "load CET state" },
        { ENTRY_LOAD_GUEST_IA32_LBR_CTL, "load guest IA32_LBR_CTL" },
        { ENTRY_LOAD_PKRS, "load PKRS" },
};

static const struct {
        const struct control *controls;
        unsigned count;
} control_tables[] = {
        [PIN_CONTROLS] = { pin_controls, COUNT(pin_controls) },
        [CPU_CONTROLS] = { cpu_controls, COUNT(cpu_controls) },
        [CPU2_CONTROLS] = { cpu2_controls, COUNT(cpu2_controls) },
        [EXIT_CONTROLS] = { exit_controls, COUNT(exit_controls) },
        [ENTRY_CONTROLS] = { entry_controls, COUNT(entry_controls) },
};

const char *control_name(enum vmx_controls which, unsigned bit)
{
        const struct control *controls = control_tables[which].controls;
        uint32_t mask = bit < 32 ? 1u << bit : 0;

        for (unsigned i = 0; i < control_tables[which].count; i++)
                if (controls[i].mask == mask)
                        return controls[i].name;
        return 0;
}

static const char *const exit_reasons[] = {
        [EXIT_REASON_EXCEPTION_OR_NMI] = "exception or NMI",
        [EXIT_REASON_EXTERNAL_INTERRUPT] = "external interrupt",
        [EXIT_REASON_TRIPLE_FAULT] = "triple fault",
        [EXIT_REASON_INIT_SIGNAL] = "INIT signal",
        [EXIT_REASON_START_UP_IPI] = "start-up IPI",
        [EXIT_REASON_IO_SMI] = "I/O SMI",
        [EXIT_REASON_OTHER_SMI] = "other SMI",
        [EXIT_REASON_INTERRUPT_WINDOW] = "interrupt window",
        [EXIT_REASON_NMI_WINDOW] = "NMI window",
        [EXIT_REASON_TASK_SWITCH] = "task switch",
        [EXIT_REASON_CPUID] = "CPUID",
        [EXIT_REASON_GETSEC] = "GETSEC",
        [EXIT_REASON_HLT] = "HLT",
        [EXIT_REASON_INVD] = "INVD",
        [EXIT_REASON_INVLPG] = "INVLPG",
        [EXIT_REASON_RDPMC] = "RDPMC",
        [EXIT_REASON_RDTSC] = "RDTSC",
        [EXIT_REASON_RSM] = "RSM",
        [EXIT_REASON_VMCALL] = "VMCALL",
        [EXIT_REASON_VMCLEAR] = "VMCLEAR",
        [EXIT_REASON_VMLAUNCH] = "VMLAUNCH",
        [EXIT_REASON_VMPTRLD] = "VMPTRLD",
        [EXIT_REASON_VMPTRST] = "VMPTRST",
        [EXIT_REASON_VMREAD] = "VMREAD",
        [EXIT_REASON_VMRESUME] = "VMRESUME",
        [EXIT_REASON_VMWRITE] = "VMWRITE",
        [EXIT_REASON_VMXOFF] = "VMXOFF",
        [EXIT_REASON_VMXON] = "VMXON",
        [EXIT_REASON_CONTROL_REGISTER_ACCESS] = "control-register access",
        [EXIT_REASON_MOV_DR] = "MOV DR",
        [EXIT_REASON_IO_INSTRUCTION] = "I/O instruction",
        [EXIT_REASON_RDMSR] = "RDMSR",
        [EXIT_REASON_WRMSR] = "WRMSR",
        [EXIT_REASON_INVALID_GUEST_STATE] = "VM entry failed: invalid guest state",
        [EXIT_REASON_MSR_LOADING] = "VM entry failed: MSR loading",
        [EXIT_REASON_MWAIT] = "MWAIT",
        [EXIT_REASON_MONITOR_TRAP_FLAG] = "monitor trap flag",
        [EXIT_REASON_MONITOR] = "MONITOR",
        [EXIT_REASON_PAUSE] = "PAUSE",
        [EXIT_REASON_MACHINE_CHECK_EVENT] = "VM entry failed: machine-check event",
        [EXIT_REASON_TPR_BELOW_THRESHOLD] = "TPR below threshold",
        [EXIT_REASON_APIC_ACCESS] = "APIC access",
        [EXIT_REASON_VIRTUALIZED_EOI] = "virtualized EOI",
        [EXIT_REASON_ACCESS_TO_GDTR_OR_IDTR] = "access to GDTR or IDTR",
        [EXIT_REASON_ACCESS_TO_LDTR_OR_TR] = "access to LDTR or TR",
        [EXIT_REASON_EPT_VIOLATION] = "EPT violation",
        [EXIT_REASON_EPT_MISCONFIGURATION] = "EPT misconfiguration",
        [EXIT_REASON_INVEPT] = "INVEPT",
        [EXIT_REASON_RDTSCP] = "RDTSCP",
        [EXIT_REASON_VMX_PREEMPTION_TIMER_EXPIRED] = "VMX-preemption timer expired",
        [EXIT_REASON_INVVPID] = "INVVPID",
        [EXIT_REASON_WBINVD_OR_WBNOINVD] = "WBINVD or WBNOINVD",
        [EXIT_REASON_XSETBV] = "XSETBV",
        [EXIT_REASON_APIC_WRITE] = "APIC write",
        [EXIT_REASON_RDRAND] = "RDRAND",
        [EXIT_REASON_INVPCID] = "INVPCID",
        [EXIT_REASON_VMFUNC] = "VMFUNC",
        [EXIT_REASON_ENCLS] = "ENCLS",
        [EXIT_REASON_RDSEED] = "RDSEED",
        [EXIT_REASON_PAGE_MODIFICATION_LOG_FULL] = "page-modification log full",
        [EXIT_REASON_XSAVES] = "XSAVES",
        [EXIT_REASON_XRSTORS] = "XRSTORS",
        [EXIT_REASON_PCONFIG] = "PCONFIG",
        [EXIT_REASON_SPP_RELATED_EVENT] = "SPP-related event",
        [EXIT_REASON_UMWAIT] = "UMWAIT",
        [EXIT_REASON_TPAUSE] = "TPAUSE",
        [EXIT_REASON_LOADIWKEY] = "LOADIWKEY",
        [EXIT_REASON_ENCLV] = "ENCLV",
        [EXIT_REASON_ENQCMD_PASID_TRANSLATION_FAILURE] = "ENQCMD PASID translation failure",
        [EXIT_REASON_ENQCMDS_PASID_TRANSLATION_FAILURE] = "ENQCMDS PASID translation failure",
        [EXIT_REASON_BUS_LOCK] = "bus lock",
        [EXIT_REASON_INSTRUCTION_TIMEOUT] = "instruction timeout",
        [EXIT_REASON_SEAMCALL] = "SEAMCALL",
        [EXIT_REASON_TDCALL] = "TDCALL",
};

const char *exit_reason_name(uint32_t basic_reason)
{
        return basic_reason < COUNT(exit_reasons) ? exit_reasons[basic_reason] : 0;
}

/* SDM Vol. 3C, "VM Instruction Error Numbers", in our words. Those about SMM, system-
 * management mode, are met only by a VMM that also runs a monitor there. */
static const char *const instruction_errors[] = {
        [1] = "VMCALL by the VMM itself; it is for guests",
        [2] = "VMCLEAR of an address that is not 4-KB aligned, or too large for this CPU",
        [3] = "VMCLEAR of the VMXON region",
        [4] = "VMLAUNCH of a VMCS that is launched already; VMRESUME it, or VMCLEAR it first",
        [5] = "VMRESUME of a VMCS that is not launched; VMLAUNCH it first",
        [6] = "VMRESUME of a VMCS that was launched before the last VMXOFF",
        [7] = "VM entry refused: a control field has a value that is not allowed",
        [8] = "VM entry refused: a host-state field has a value that is not allowed",
        [9] = "VMPTRLD of an address that is not 4-KB aligned, or too large for this CPU",
        [10] = "VMPTRLD of the VMXON region",
        [11] = "VMPTRLD of a region that does not begin with this CPU's revision identifier",
        [12] = "VMREAD or VMWRITE of a field that this CPU does not have",
        [13] = "VMWRITE of a field that can only be read",
        [15] = "VMXON in VMX operation; once is enough",
        [16] = "VM entry out of SMM: the executive-VMCS pointer is not a valid address",
        [17] = "VM entry out of SMM: the executive VMCS is not launched",
        [18] = "VM entry that ends the SMM monitor: the executive-VMCS pointer is not VMXON's",
        [19] = "VMCALL that starts the SMM monitor: the VMCS is not clear",
        [20] = "VMCALL that starts the SMM monitor: a VM-exit control is not allowed",
        [22] = "VMCALL that starts the SMM monitor: its memory has another revision identifier",
        [23] = "VMXOFF while there is an SMM monitor",
        [24] = "VMCALL that starts the SMM monitor: it wants features that this CPU does not have",
        [25] = "VM entry out of SMM: a control of the executive VMCS is not allowed",
        [26] = "VM entry just behind MOV SS or POP SS, which hold events back",
        [28] = "INVEPT or INVVPID with an operand that is not allowed",
};

const char *vm_instruction_error_text(uint32_t number)
{
        return number < COUNT(instruction_errors) ? instruction_errors[number] : 0;
}
