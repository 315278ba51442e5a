/* x86/vmx.h -- the MSRs of VMX and the controls of a VMCS: literals only, safe in .S
 * files. Exit reasons (EXIT_REASON_) are in exit.h, VMCS fields in vmcs.h.
 */
#ifndef X86_VMX_H
#define X86_VMX_H

/* CPUID leaf 1, ECX: SDM Vol. 3C, "Discovering Support for VMX" */
#define CPUID_1_ECX_VMX                 0x00000020

/* IA32_FEATURE_CONTROL: SDM Vol. 4, "IA-32 Architectural MSRs"; Vol. 3C, "Enabling and
 * Entering VMX Operation". The lock bit stays until the next reset. */
#define MSR_FEATURE_CONTROL             0x3A
#define FEATURE_CONTROL_LOCK            0x00000001  /* writes are #GP */
#define FEATURE_CONTROL_VMX_IN_SMX      0x00000002
#define FEATURE_CONTROL_VMX             0x00000004  /* VMXON is allowed (outside SMX) */
#define FEATURE_CONTROL_SENTER_LOCAL    0x00007F00
#define FEATURE_CONTROL_SENTER_GLOBAL   0x00008000
#define FEATURE_CONTROL_SGX_LAUNCH_CONTROL 0x00020000
#define FEATURE_CONTROL_SGX             0x00040000
#define FEATURE_CONTROL_LMCE            0x00100000  /* local machine checks */

/* What this CPU's VMX can do: SDM Vol. 3D, Appendix A, "VMX Capability Reporting
 * Facility". In the MSRs of controls (_CTLS, but not the last two) a control may be 0 if
 * its bit in the low half is 0, and 1 if its bit in the high half is 1. */
#define MSR_VMX_BASIC                   0x480
#define MSR_VMX_PINBASED_CTLS           0x481
#define MSR_VMX_PROCBASED_CTLS          0x482
#define MSR_VMX_EXIT_CTLS               0x483
#define MSR_VMX_ENTRY_CTLS              0x484
#define MSR_VMX_MISC                    0x485
#define MSR_VMX_CR0_FIXED0              0x486  /* 1: the bit must be 1 */
#define MSR_VMX_CR0_FIXED1              0x487  /* 0: the bit must be 0 */
#define MSR_VMX_CR4_FIXED0              0x488
#define MSR_VMX_CR4_FIXED1              0x489
#define MSR_VMX_VMCS_ENUM               0x48A
#define MSR_VMX_PROCBASED_CTLS2         0x48B
#define MSR_VMX_EPT_VPID_CAP            0x48C
#define MSR_VMX_TRUE_PINBASED_CTLS      0x48D  /* these four if VMX_BASIC_TRUE */
#define MSR_VMX_TRUE_PROCBASED_CTLS     0x48E
#define MSR_VMX_TRUE_EXIT_CTLS          0x48F
#define MSR_VMX_TRUE_ENTRY_CTLS         0x490
#define MSR_VMX_VMFUNC                  0x491
#define MSR_VMX_PROCBASED_CTLS3         0x492
#define MSR_VMX_EXIT_CTLS2              0x493

/* IA32_VMX_BASIC: SDM Vol. 3D, "Basic VMX Information" */
#define VMX_BASIC_REVISION              0x000000007FFFFFFF  /* starts a VMXON region or VMCS */
#define VMX_BASIC_SIZE                  0x00001FFF00000000  /* bytes of such a region */
#define VMX_BASIC_SIZE_SHIFT            32
#define VMX_BASIC_32BIT_ADDRESSES       0x0001000000000000  /* never on a 64-bit CPU */
#define VMX_BASIC_DUAL_MONITOR          0x0002000000000000  /* of SMIs and SMM */
#define VMX_BASIC_MEMORY_TYPE           0x003C000000000000  /* to access them with */
#define VMX_BASIC_MEMORY_TYPE_SHIFT     50
#define VMX_BASIC_MEMORY_TYPE_UC        0                   /* uncacheable */
#define VMX_BASIC_MEMORY_TYPE_WB        6                   /* write back */
#define VMX_BASIC_INS_OUTS              0x0040000000000000  /* exits tell their operands */
#define VMX_BASIC_TRUE                  0x0080000000000000  /* the TRUE MSRs exist */
#define VMX_BASIC_ANY_ERROR_CODE        0x0100000000000000  /* injection: with any vector */

/* The controls that must be 1 unless a TRUE MSR allows 0: SDM Vol. 3D, "Reserved
 * Controls and Default Settings" */
#define PIN_DEFAULT1                    0x00000016
#define CPU_DEFAULT1                    0x0401E172
#define EXIT_DEFAULT1                   0x00036DFF
#define ENTRY_DEFAULT1                  0x000011FF

/* Pin-based VM-execution controls: SDM Vol. 3C, "Pin-Based VM-Execution Controls" */
#define PIN_EXTERNAL_INTERRUPT_EXITING          0x00000001
#define PIN_NMI_EXITING                         0x00000008
#define PIN_VIRTUAL_NMIS                        0x00000020
#define PIN_ACTIVATE_VMX_PREEMPTION_TIMER       0x00000040
#define PIN_PROCESS_POSTED_INTERRUPTS           0x00000080

/* Primary processor-based VM-execution controls: SDM Vol. 3C, "Processor-Based
 * VM-Execution Controls" */
#define CPU_INTERRUPT_WINDOW_EXITING            0x00000004
#define CPU_USE_TSC_OFFSETTING                  0x00000008
#define CPU_HLT_EXITING                         0x00000080
#define CPU_INVLPG_EXITING                      0x00000200
#define CPU_MWAIT_EXITING                       0x00000400
#define CPU_RDPMC_EXITING                       0x00000800
#define CPU_RDTSC_EXITING                       0x00001000
#define CPU_CR3_LOAD_EXITING                    0x00008000  /* MOV to CR3 */
#define CPU_CR3_STORE_EXITING                   0x00010000  /* MOV from CR3 */
#define CPU_ACTIVATE_TERTIARY_CONTROLS          0x00020000
#define CPU_CR8_LOAD_EXITING                    0x00080000
#define CPU_CR8_STORE_EXITING                   0x00100000
#define CPU_USE_TPR_SHADOW                      0x00200000
#define CPU_NMI_WINDOW_EXITING                  0x00400000
#define CPU_MOV_DR_EXITING                      0x00800000
#define CPU_UNCONDITIONAL_IO_EXITING            0x01000000
#define CPU_USE_IO_BITMAPS                      0x02000000  /* overrides the one above */
#define CPU_MONITOR_TRAP_FLAG                   0x08000000  /* exit after each instruction */
#define CPU_USE_MSR_BITMAPS                     0x10000000  /* else every access exits */
#define CPU_MONITOR_EXITING                     0x20000000
#define CPU_PAUSE_EXITING                       0x40000000
#define CPU_ACTIVATE_SECONDARY_CONTROLS         0x80000000

/* Secondary processor-based VM-execution controls: the same section */
#define CPU2_VIRTUALIZE_APIC_ACCESSES           0x00000001
#define CPU2_ENABLE_EPT                         0x00000002
#define CPU2_DESCRIPTOR_TABLE_EXITING           0x00000004
#define CPU2_ENABLE_RDTSCP                      0x00000008
#define CPU2_VIRTUALIZE_X2APIC_MODE             0x00000010
#define CPU2_ENABLE_VPID                        0x00000020
#define CPU2_WBINVD_EXITING                     0x00000040
#define CPU2_UNRESTRICTED_GUEST                 0x00000080  /* CR0.PE, CR0.PG may be 0 */
#define CPU2_APIC_REGISTER_VIRTUALIZATION       0x00000100
#define CPU2_VIRTUAL_INTERRUPT_DELIVERY         0x00000200
#define CPU2_PAUSE_LOOP_EXITING                 0x00000400
#define CPU2_RDRAND_EXITING                     0x00000800
#define CPU2_ENABLE_INVPCID                     0x00001000
#define CPU2_ENABLE_VM_FUNCTIONS                0x00002000
#define CPU2_VMCS_SHADOWING                     0x00004000
#define CPU2_ENABLE_ENCLS_EXITING               0x00008000
#define CPU2_RDSEED_EXITING                     0x00010000
#define CPU2_ENABLE_PML                         0x00020000
#define CPU2_EPT_VIOLATION_VE                   0x00040000
#define CPU2_CONCEAL_VMX_FROM_PT                0x00080000
#define CPU2_ENABLE_XSAVES_XRSTORS              0x00100000
#define CPU2_PASID_TRANSLATION                  0x00200000
#define CPU2_MODE_BASED_EXECUTE_CONTROL_FOR_EPT 0x00400000
#define CPU2_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT 0x00800000
#define CPU2_INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES 0x01000000
#define CPU2_USE_TSC_SCALING                    0x02000000
#define CPU2_ENABLE_USER_WAIT_AND_PAUSE         0x04000000
#define CPU2_ENABLE_PCONFIG                     0x08000000
#define CPU2_ENABLE_ENCLV_EXITING               0x10000000
#define CPU2_VMM_BUS_LOCK_DETECTION             0x40000000
#define CPU2_INSTRUCTION_TIMEOUT                0x80000000

/* Primary VM-exit controls: SDM Vol. 3C, "VM-Exit Controls" */
#define EXIT_SAVE_DEBUG_CONTROLS                0x00000004
#define EXIT_HOST_ADDRESS_SPACE_SIZE            0x00000200  /* to a host in 64-bit mode */
#define EXIT_LOAD_IA32_PERF_GLOBAL_CTRL         0x00001000
#define EXIT_ACKNOWLEDGE_INTERRUPT_ON_EXIT      0x00008000
#define EXIT_SAVE_IA32_PAT                      0x00040000
#define EXIT_LOAD_IA32_PAT                      0x00080000
#define EXIT_SAVE_IA32_EFER                     0x00100000
#define EXIT_LOAD_IA32_EFER                     0x00200000
#define EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE    0x00400000
#define EXIT_CLEAR_IA32_BNDCFGS                 0x00800000
#define EXIT_CONCEAL_VMX_FROM_PT                0x01000000
#define EXIT_CLEAR_IA32_RTIT_CTL                0x02000000
#define EXIT_CLEAR_IA32_LBR_CTL                 0x04000000
#define EXIT_CLEAR_UINV                         0x08000000
#define EXIT_LOAD_CET_STATE                     0x10000000
#define EXIT_LOAD_PKRS                          0x20000000
#define EXIT_SAVE_IA32_PERF_GLOBAL_CTRL         0x40000000
#define EXIT_ACTIVATE_SECONDARY_CONTROLS        0x80000000

/* VM-entry controls: SDM Vol. 3C, "VM-Entry Controls" */
#define ENTRY_LOAD_DEBUG_CONTROLS               0x00000004
#define ENTRY_IA32E_MODE_GUEST                  0x00000200  /* to a guest in long mode */
#define ENTRY_ENTRY_TO_SMM                      0x00000400
#define ENTRY_DEACTIVATE_DUAL_MONITOR_TREATMENT 0x00000800
#define ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL        0x00002000
#define ENTRY_LOAD_IA32_PAT                     0x00004000
#define ENTRY_LOAD_IA32_EFER                    0x00008000
#define ENTRY_LOAD_IA32_BNDCFGS                 0x00010000
#define ENTRY_CONCEAL_VMX_FROM_PT               0x00020000
#define ENTRY_LOAD_IA32_RTIT_CTL                0x00040000
#define ENTRY_LOAD_UINV                         0x00080000
#define ENTRY_LOAD_CET_STATE                    0x00100000
#define ENTRY_LOAD_GUEST_IA32_LBR_CTL           0x00200000
#define ENTRY_LOAD_PKRS                         0x00400000

#endif
