/* explain_ept.c -- the VM-execution control fields, second half: paging, and what else
 * the newer CPUs have. SDM Vol. 3C, "Checks on VMX Controls", "VM-Execution Control
 * Fields".
 *
 * It comes after explain_controls.c, so that what is activated here exists on this CPU,
 * with its MSRs.
 */
#include "explain_rules.h"

#include "cpu.h"

/* Tertiary processor-based controls: bits of a 64-bit field. */
#define CPU3_ENABLE_HLAT        0x02
#define CPU3_EPT_PAGING_WRITE   0x04
#define CPU3_GUEST_PAGING       0x08            /* guest-paging verification */
#define CPU3_IPI_VIRTUALIZATION 0x10
#define HLATP_RESERVED          0xFE7           /* bits 11:5 and 2:0 */
#define VM_FUNCTION_EPTP_SWITCHING 0x1

/* EPTP, and IA32_VMX_EPT_VPID_CAP with a bit for what is possible in it. */
#define EPTP_MEMORY_TYPE(eptp)  ((eptp) & 7)    /* 0: uncacheable, 6: write back */
#define EPTP_WALK(eptp)         ((eptp) >> 3 & 7)       /* levels of tables, minus 1 */
#define EPTP_ACCESSED_DIRTY     0x040
#define EPTP_SHADOW_STACK       0x080
#define EPTP_RESERVED           0xF00
#define EPT_CAP_WALK_4          0x00000040
#define EPT_CAP_WALK_5          0x00000080
#define EPT_CAP_UC              0x00000100
#define EPT_CAP_WB              0x00004000
#define EPT_CAP_ACCESSED_DIRTY  0x00200000
#define EPT_CAP_SHADOW_STACK    0x00800000

/* The tertiary controls; all 0 unless they are activated. */
static uint64_t cpu3_controls(void)
{
        return cpu_controls() & CPU_ACTIVATE_TERTIARY_CONTROLS
             ? field(VMCS_TERTIARY_PROCESSOR_BASED_CONTROLS) : 0;
}

static int ept_pointer(struct explanation *why)
{
        uint64_t cap = rdmsr(MSR_VMX_EPT_VPID_CAP), eptp = field(VMCS_EPT_POINTER);
        uint64_t type = EPTP_MEMORY_TYPE(eptp), walk = EPTP_WALK(eptp);

        MUST(VMCS_EPT_POINTER, (type == VMX_BASIC_MEMORY_TYPE_UC && cap & EPT_CAP_UC)
                               || (type == VMX_BASIC_MEMORY_TYPE_WB && cap & EPT_CAP_WB),
             "must have a memory type in bits 2:0 that this CPU has: 6, or 0");
        MUST(VMCS_EPT_POINTER, (walk == 3 && cap & EPT_CAP_WALK_4)
                               || (walk == 4 && cap & EPT_CAP_WALK_5),
             "must have 3 in bits 5:3, for 4 levels of tables (4 for 5, if this CPU has them)");
        MUST(VMCS_EPT_POINTER, cap & EPT_CAP_ACCESSED_DIRTY || !(eptp & EPTP_ACCESSED_DIRTY),
             "must have bit 6 clear: this CPU's EPT has no accessed and dirty flags");
        MUST(VMCS_EPT_POINTER, cap & EPT_CAP_SHADOW_STACK || !(eptp & EPTP_SHADOW_STACK),
             "must have bit 7 clear: this CPU's EPT knows no shadow stacks");
        MUST(VMCS_EPT_POINTER, !(eptp & (EPTP_RESERVED | explain_beyond_width())),
             "must have bits 11:8 and those beyond the physical-address width clear");
        return 0;
}

static int vpid_and_ept(struct explanation *why)
{
        uint32_t cpu2 = cpu2_controls();
        uint32_t wants_ept = CPU2_ENABLE_PML | CPU2_UNRESTRICTED_GUEST
                           | CPU2_MODE_BASED_EXECUTE_CONTROL_FOR_EPT
                           | CPU2_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT
                           | CPU2_INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES;

        if (cpu2 & CPU2_ENABLE_VPID)
                MUST(VMCS_VPID, field(VMCS_VPID), "must not be 0: that is the host's");
        if (cpu2 & CPU2_ENABLE_EPT)
                APPLY(ept_pointer(why));
        MUST(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS,
             cpu2 & CPU2_ENABLE_EPT || !(cpu2 & wants_ept),
             "must have 'enable EPT' with PML, 'unrestricted guest', mode-based execute"
             " control, sub-page write permissions, or guest-physical addresses for PT");
        if (cpu2 & CPU2_ENABLE_PML)
                APPLY(explain_address(why, VMCS_PML_ADDRESS, PAGE_SIZE));
        if (cpu2 & CPU2_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT)
                APPLY(explain_address(why, VMCS_SUB_PAGE_PERMISSION_TABLE_POINTER, PAGE_SIZE));
        return 0;
}

static int vm_functions(struct explanation *why)
{
        if (!(cpu2_controls() & CPU2_ENABLE_VM_FUNCTIONS))
                return 0;
        APPLY(explain_bits(why, VMCS_VM_FUNCTION_CONTROLS, 0, rdmsr(MSR_VMX_VMFUNC),
                           "IA32_VMX_VMFUNC"));
        if (!(field(VMCS_VM_FUNCTION_CONTROLS) & VM_FUNCTION_EPTP_SWITCHING))
                return 0;
        MUST(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS, cpu2_controls() & CPU2_ENABLE_EPT,
             "must have 'enable EPT' with EPTP switching (VM-function controls)");
        return explain_address(why, VMCS_EPTP_LIST_ADDRESS, PAGE_SIZE);
}

/* Fields that a secondary control puts to use, alone. */
static int pages(struct explanation *why)
{
        uint32_t cpu2 = cpu2_controls();

        if (cpu2 & CPU2_VMCS_SHADOWING) {
                APPLY(explain_address(why, VMCS_VMREAD_BITMAP_ADDRESS, PAGE_SIZE));
                APPLY(explain_address(why, VMCS_VMWRITE_BITMAP_ADDRESS, PAGE_SIZE));
        }
        if (cpu2 & CPU2_EPT_VIOLATION_VE)
                APPLY(explain_address(why, VMCS_VE_INFORMATION_ADDRESS, PAGE_SIZE));
        if (cpu2 & CPU2_INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES) {
                MUST(VMCS_VM_ENTRY_CONTROLS, entry_controls() & ENTRY_LOAD_IA32_RTIT_CTL,
                     "must have 'load IA32_RTIT_CTL' if PT uses guest-physical addresses");
                MUST(VMCS_PRIMARY_VM_EXIT_CONTROLS, exit_controls() & EXIT_CLEAR_IA32_RTIT_CTL,
                     "must have 'clear IA32_RTIT_CTL' if PT uses guest-physical addresses");
        }
        if (cpu2 & CPU2_USE_TSC_SCALING)
                MUST(VMCS_TSC_MULTIPLIER, field(VMCS_TSC_MULTIPLIER), "must not be 0");
        if (cpu2 & CPU2_PASID_TRANSLATION) {
                APPLY(explain_address(why, VMCS_LOW_PASID_DIRECTORY_ADDRESS, PAGE_SIZE));
                APPLY(explain_address(why, VMCS_HIGH_PASID_DIRECTORY_ADDRESS, PAGE_SIZE));
        }
        return 0;
}

static int tertiary(struct explanation *why)
{
        uint64_t cpu3 = cpu3_controls();
        uint64_t wants_ept = CPU3_ENABLE_HLAT | CPU3_EPT_PAGING_WRITE | CPU3_GUEST_PAGING;

        MUST(VMCS_TERTIARY_PROCESSOR_BASED_CONTROLS,
             cpu2_controls() & CPU2_ENABLE_EPT || !(cpu3 & wants_ept),
             "must not have bits 1 to 3 (HLAT and so on) without 'enable EPT' (secondary)");
        if (cpu3 & CPU3_ENABLE_HLAT)
                MUST(VMCS_HLATP,
                     !(field(VMCS_HLATP) & (HLATP_RESERVED | explain_beyond_width())),
                     "must have bits 11:5, 2:0 and those beyond the physical width clear");
        if (!(cpu3 & CPU3_IPI_VIRTUALIZATION))
                return 0;
        MUST(VMCS_TERTIARY_PROCESSOR_BASED_CONTROLS, cpu_controls() & CPU_USE_TPR_SHADOW,
             "must not have bit 4 (IPI virtualization) without 'use TPR shadow' (primary)");
        return explain_address(why, VMCS_PID_POINTER_TABLE_ADDRESS, 8);
}

int explain_paging_controls(struct explanation *why)
{
        APPLY(vpid_and_ept(why));
        APPLY(vm_functions(why));
        APPLY(pages(why));
        return tertiary(why);
}
