"""The facts of VMX once more, copied from the manual in another form than in common/x86: what
the headers and the names of the programs are held against."""

import re

# SDM Vol. 3C, "VMREAD, VMWRITE, and Encodings of VMCS Fields": bits 14:13 and 11:10.
WIDTHS = ("16-Bit", "64-Bit", "32-Bit", "Natural-Width")
TYPES = ("Control", "Read-Only Data", "Guest-State", "Host-State")

SEGMENTS = "ES CS SS DS FS GS LDTR TR"


def each(form, words):
    """The form, once with each word."""
    return " ".join(form.format(word) for word in words.split())


# SDM Vol. 3D, Appendix B: for each table the first encoding, and from there the fields
# in steps of 2; `-` is a step that is no field.
FIELDS = {
    "16-Bit Control Fields": (0x0000, """
        VPID POSTED_INTERRUPT_NOTIFICATION_VECTOR EPTP_INDEX HLAT_PREFIX_SIZE
        LAST_PID_POINTER_INDEX"""),
    "16-Bit Guest-State Fields": (
        0x0800, each("GUEST_{}_SELECTOR", SEGMENTS)
        + " GUEST_INTERRUPT_STATUS PML_INDEX GUEST_UINV"),
    "16-Bit Host-State Fields": (0x0C00, each("HOST_{}_SELECTOR", "ES CS SS DS FS GS TR")),
    "64-Bit Control Fields": (0x2000, """
        ADDRESS_OF_IO_BITMAP_A ADDRESS_OF_IO_BITMAP_B ADDRESS_OF_MSR_BITMAPS
        VM_EXIT_MSR_STORE_ADDRESS VM_EXIT_MSR_LOAD_ADDRESS VM_ENTRY_MSR_LOAD_ADDRESS
        EXECUTIVE_VMCS_POINTER PML_ADDRESS TSC_OFFSET VIRTUAL_APIC_ADDRESS
        APIC_ACCESS_ADDRESS POSTED_INTERRUPT_DESCRIPTOR_ADDRESS VM_FUNCTION_CONTROLS
        EPT_POINTER EOI_EXIT_BITMAP_0 EOI_EXIT_BITMAP_1 EOI_EXIT_BITMAP_2 EOI_EXIT_BITMAP_3
        EPTP_LIST_ADDRESS VMREAD_BITMAP_ADDRESS VMWRITE_BITMAP_ADDRESS
        VE_INFORMATION_ADDRESS XSS_EXITING_BITMAP ENCLS_EXITING_BITMAP
        SUB_PAGE_PERMISSION_TABLE_POINTER TSC_MULTIPLIER TERTIARY_PROCESSOR_BASED_CONTROLS
        ENCLV_EXITING_BITMAP LOW_PASID_DIRECTORY_ADDRESS HIGH_PASID_DIRECTORY_ADDRESS
        SHARED_EPT_POINTER PCONFIG_EXITING_BITMAP HLATP PID_POINTER_TABLE_ADDRESS
        SECONDARY_VM_EXIT_CONTROLS - - IA32_SPEC_CTRL_MASK IA32_SPEC_CTRL_SHADOW"""),
    "64-Bit Read-Only Data Field": (0x2400, "GUEST_PHYSICAL_ADDRESS"),
    "64-Bit Guest-State Fields": (
        0x2800, "LINK_POINTER " + each("GUEST_{}", """
        IA32_DEBUGCTL IA32_PAT IA32_EFER IA32_PERF_GLOBAL_CTRL PDPTE0 PDPTE1 PDPTE2 PDPTE3
        IA32_BNDCFGS IA32_RTIT_CTL IA32_LBR_CTL IA32_PKRS""")),
    "64-Bit Host-State Fields": (
        0x2C00, each("HOST_IA32_{}", "PAT EFER PERF_GLOBAL_CTRL PKRS")),
    "32-Bit Control Fields": (0x4000, """
        PIN_BASED_CONTROLS PRIMARY_PROCESSOR_BASED_CONTROLS EXCEPTION_BITMAP
        PAGE_FAULT_ERROR_CODE_MASK PAGE_FAULT_ERROR_CODE_MATCH CR3_TARGET_COUNT
        PRIMARY_VM_EXIT_CONTROLS VM_EXIT_MSR_STORE_COUNT VM_EXIT_MSR_LOAD_COUNT
        VM_ENTRY_CONTROLS VM_ENTRY_MSR_LOAD_COUNT VM_ENTRY_INTERRUPTION_INFORMATION
        VM_ENTRY_EXCEPTION_ERROR_CODE VM_ENTRY_INSTRUCTION_LENGTH TPR_THRESHOLD
        SECONDARY_PROCESSOR_BASED_CONTROLS PLE_GAP PLE_WINDOW INSTRUCTION_TIMEOUT_CONTROL"""),
    "32-Bit Read-Only Data Fields": (0x4400, """
        VM_INSTRUCTION_ERROR EXIT_REASON VM_EXIT_INTERRUPTION_INFORMATION
        VM_EXIT_INTERRUPTION_ERROR_CODE IDT_VECTORING_INFORMATION IDT_VECTORING_ERROR_CODE
        VM_EXIT_INSTRUCTION_LENGTH VM_EXIT_INSTRUCTION_INFORMATION"""),
    "32-Bit Guest-State Fields": (
        0x4800, each("GUEST_{}_LIMIT", SEGMENTS + " GDTR IDTR") + " "
        + each("GUEST_{}_ACCESS_RIGHTS", SEGMENTS) + """ GUEST_INTERRUPTIBILITY_STATE
        GUEST_ACTIVITY_STATE GUEST_SMBASE GUEST_IA32_SYSENTER_CS -
        VMX_PREEMPTION_TIMER_VALUE"""),
    "32-Bit Host-State Field": (0x4C00, "HOST_IA32_SYSENTER_CS"),
    "Natural-Width Control Fields": (
        0x6000, "CR0_GUEST_HOST_MASK CR4_GUEST_HOST_MASK CR0_READ_SHADOW CR4_READ_SHADOW "
        + each("CR3_TARGET_VALUE_{}", "0 1 2 3")),
    "Natural-Width Read-Only Data Fields": (
        0x6400, "EXIT_QUALIFICATION IO_RCX IO_RSI IO_RDI IO_RIP GUEST_LINEAR_ADDRESS"),
    "Natural-Width Guest-State Fields": (
        0x6800, each("GUEST_CR{}", "0 3 4") + " "
        + each("GUEST_{}_BASE", SEGMENTS + " GDTR IDTR") + " "
        + each("GUEST_{}", """DR7 RSP RIP RFLAGS PENDING_DEBUG_EXCEPTIONS IA32_SYSENTER_ESP
        IA32_SYSENTER_EIP IA32_S_CET SSP IA32_INTERRUPT_SSP_TABLE_ADDR""")),
    "Natural-Width Host-State Fields": (
        0x6C00, each("HOST_CR{}", "0 3 4") + " "
        + each("HOST_{}_BASE", "FS GS TR GDTR IDTR") + " "
        + each("HOST_{}", """IA32_SYSENTER_ESP IA32_SYSENTER_EIP RSP RIP IA32_S_CET SSP
        IA32_INTERRUPT_SSP_TABLE_ADDR""")),
}

# SDM Vol. 3C, "VM-Execution Control Fields", "VM-Exit Controls", "VM-Entry Controls": the
# bits' numbers; and the default1 class, SDM Vol. 3D, Appendix A.
CONTROLS = {
    "PIN": {0: "external-interrupt exiting", 3: "NMI exiting", 5: "virtual NMIs",
            6: "activate VMX-preemption timer", 7: "process posted interrupts"},
    "CPU": {2: "interrupt-window exiting", 3: "use TSC offsetting", 7: "HLT exiting",
            9: "INVLPG exiting", 10: "MWAIT exiting", 11: "RDPMC exiting",
            12: "RDTSC exiting", 15: "CR3-load exiting", 16: "CR3-store exiting",
            17: "activate tertiary controls", 19: "CR8-load exiting",
            20: "CR8-store exiting", 21: "use TPR shadow", 22: "NMI-window exiting",
            23: "MOV-DR exiting", 24: "unconditional I/O exiting", 25: "use I/O bitmaps",
            27: "monitor trap flag", 28: "use MSR bitmaps", 29: "MONITOR exiting",
            30: "PAUSE exiting", 31: "activate secondary controls"},
    "CPU2": {0: "virtualize APIC accesses", 1: "enable EPT", 2: "descriptor-table exiting",
             3: "enable RDTSCP", 4: "virtualize x2APIC mode", 5: "enable VPID",
             6: "WBINVD exiting", 7: "unrestricted guest", 8: "APIC-register virtualization",
             9: "virtual-interrupt delivery", 10: "PAUSE-loop exiting", 11: "RDRAND exiting",
             12: "enable INVPCID", 13: "enable VM functions", 14: "VMCS shadowing",
             15: "enable ENCLS exiting", 16: "RDSEED exiting", 17: "enable PML",
             18: "EPT-violation #VE", 19: "conceal VMX from PT", 20: "enable XSAVES/XRSTORS",
             21: "PASID translation", 22: "mode-based execute control for EPT",
             23: "sub-page write permissions for EPT",
             24: "Intel PT uses guest physical addresses", 25: "use TSC scaling",
             26: "enable user wait and pause", 27: "enable PCONFIG",
             28: "enable ENCLV exiting", 30: "VMM bus-lock detection",
             31: "instruction timeout"},
    "EXIT": {2: "save debug controls", 9: "host address-space size",
             12: "load IA32_PERF_GLOBAL_CTRL", 15: "acknowledge interrupt on exit",
             18: "save IA32_PAT", 19: "load IA32_PAT", 20: "save IA32_EFER",
             21: "load IA32_EFER", 22: "save VMX-preemption timer value",
             23: "clear IA32_BNDCFGS", 24: "conceal VMX from PT", 25: "clear IA32_RTIT_CTL",
             26: "clear IA32_LBR_CTL", 27: "clear UINV", 28: "load CET state",
             29: "load PKRS", 30: "save IA32_PERF_GLOBAL_CTRL",
             31: "activate secondary controls"},
    "ENTRY": {2: "load debug controls", 9: "IA-32e mode guest", 10: "entry to SMM",
              11: "deactivate dual-monitor treatment", 13: "load IA32_PERF_GLOBAL_CTRL",
              14: "load IA32_PAT", 15: "load IA32_EFER", 16: "load IA32_BNDCFGS",
              17: "conceal VMX from PT", 18: "load IA32_RTIT_CTL", 19: "load UINV",
              20: "load CET state", 21: "load guest IA32_LBR_CTL", 22: "load PKRS"},
}
DEFAULT1 = {
    "PIN": (1, 2, 4),
    "CPU": (1, 4, 5, 6, 8, 13, 14, 15, 16, 26),
    "EXIT": (*range(0, 9), 10, 11, 13, 14, 16, 17),
    "ENTRY": (*range(0, 9), 12),
}

# SDM Vol. 4, "IA-32 Architectural MSRs": from 480H on, without a gap.
VMX_MSRS = """BASIC PINBASED_CTLS PROCBASED_CTLS EXIT_CTLS ENTRY_CTLS MISC CR0_FIXED0
    CR0_FIXED1 CR4_FIXED0 CR4_FIXED1 VMCS_ENUM PROCBASED_CTLS2 EPT_VPID_CAP
    TRUE_PINBASED_CTLS TRUE_PROCBASED_CTLS TRUE_EXIT_CTLS TRUE_ENTRY_CTLS VMFUNC
    PROCBASED_CTLS3 EXIT_CTLS2"""

# The same place, IA32_FEATURE_CONTROL; SDM Vol. 3D, "Basic VMX Information": the bits
# of each field, from and to.
BIT_FIELDS = {
    "FEATURE_CONTROL": {"LOCK": (0, 0), "VMX_IN_SMX": (1, 1), "VMX": (2, 2),
                        "SENTER_LOCAL": (8, 14), "SENTER_GLOBAL": (15, 15),
                        "SGX_LAUNCH_CONTROL": (17, 17), "SGX": (18, 18), "LMCE": (20, 20)},
    "VMX_BASIC": {"REVISION": (0, 30), "SIZE": (32, 44), "32BIT_ADDRESSES": (48, 48),
                  "DUAL_MONITOR": (49, 49), "MEMORY_TYPE": (50, 53), "INS_OUTS": (54, 54),
                  "TRUE": (55, 55), "ANY_ERROR_CODE": (56, 56)},
}
# What stands beside the fields: where they begin, and the memory types' numbers.
NO_BIT_FIELD = {"VMX_BASIC_SIZE_SHIFT": 32, "VMX_BASIC_MEMORY_TYPE_SHIFT": 50,
                "VMX_BASIC_MEMORY_TYPE_UC": 0, "VMX_BASIC_MEMORY_TYPE_WB": 6}

# SDM Vol. 3D, Appendix C: from 0 on; `-` is a number that no exit has.
EXIT_REASONS = """exception or NMI, external interrupt, triple fault, INIT signal,
    start-up IPI, I/O SMI, other SMI, interrupt window, NMI window, task switch, CPUID,
    GETSEC, HLT, INVD, INVLPG, RDPMC, RDTSC, RSM, VMCALL, VMCLEAR, VMLAUNCH, VMPTRLD,
    VMPTRST, VMREAD, VMRESUME, VMWRITE, VMXOFF, VMXON, control-register access, MOV DR,
    I/O instruction, RDMSR, WRMSR, VM entry failed: invalid guest state,
    VM entry failed: MSR loading, -, MWAIT, monitor trap flag, -, MONITOR, PAUSE,
    VM entry failed: machine-check event, -, TPR below threshold, APIC access,
    virtualized EOI, access to GDTR or IDTR, access to LDTR or TR, EPT violation,
    EPT misconfiguration, INVEPT, RDTSCP, VMX-preemption timer expired, INVVPID,
    WBINVD or WBNOINVD, XSETBV, APIC write, RDRAND, INVPCID, VMFUNC, ENCLS, RDSEED,
    page-modification log full, XSAVES, XRSTORS, PCONFIG, SPP-related event, UMWAIT,
    TPAUSE, LOADIWKEY, ENCLV, -, ENQCMD PASID translation failure,
    ENQCMDS PASID translation failure, bus lock, instruction timeout, SEAMCALL, TDCALL"""

# SDM Vol. 3C, "VM Instruction Error Numbers": words that our text cannot do without.
ERRORS = {
    1: "VMCALL", 2: "VMCLEAR address", 3: "VMCLEAR VMXON", 4: "VMLAUNCH launched",
    5: "VMRESUME not launched", 6: "VMRESUME VMXOFF", 7: "VM entry control",
    8: "VM entry host-state", 9: "VMPTRLD address", 10: "VMPTRLD VMXON",
    11: "VMPTRLD revision", 12: "VMREAD VMWRITE field", 13: "VMWRITE read", 15: "VMXON",
    16: "VM entry executive-VMCS pointer", 17: "VM entry executive launched",
    18: "VM entry executive-VMCS pointer VMXON", 19: "VMCALL clear", 20: "VMCALL VM-exit",
    22: "VMCALL revision", 23: "VMXOFF", 24: "VMCALL features",
    25: "VM entry executive control", 26: "VM entry MOV SS", 28: "INVEPT INVVPID operand",
}


def exit_reasons():
    """Number → name, of the second list."""
    names = re.split(r",\s+", EXIT_REASONS)
    return {number: name for number, name in enumerate(names) if name != "-"}
