/* explain_guest.c -- the guest's registers, without segments. SDM Vol. 3C, "Checks on
 * Guest Control Registers, Debug Registers, and MSRs", "Checks on Guest Descriptor-Table
 * Registers".
 */
#include "explain_rules.h"

#include "cpu.h"
#include "x86/control.h"

#define CR3_LAM                 0x6000000000000000      /* linear-address masking */

/* Bits of MSRs that no CPU has. (Others depend on the CPU; nothing is said of them.) */
#define DEBUGCTL_RESERVED       0xFFFFFFFFFFFF0038      /* bits 63:16, 5:3 */
#define BNDCFGS_RESERVED        0xFFC                   /* bits 11:2 */
#define RTIT_CTL_RESERVED       0xFF7F000000000000      /* bits 63:56, 54:48 */
#define LBR_CTL_RESERVED        0xFFFFFFFFFF80FFF0      /* bits 63:23, 15:4 */
#define RESERVED_BITS "must not have bits set that are reserved in this MSR"

static int cr0(struct explanation *why)
{
        uint64_t unchecked = CR0_NW | CR0_CD;           /* an entry does not change them */

        if (cpu2_controls() & CPU2_UNRESTRICTED_GUEST)
                unchecked |= CR0_PE | CR0_PG;
        APPLY(explain_bits(why, VMCS_GUEST_CR0, rdmsr(MSR_VMX_CR0_FIXED0) & ~unchecked,
                           rdmsr(MSR_VMX_CR0_FIXED1) | unchecked,
                           "IA32_VMX_CR0_FIXED0 or _FIXED1"));
        MUST(VMCS_GUEST_CR0,
             !(field(VMCS_GUEST_CR0) & CR0_PG) || field(VMCS_GUEST_CR0) & CR0_PE,
             "must not have PG (bit 31) without PE (bit 0)");
        return 0;
}

static int cr4(struct explanation *why)
{
        APPLY(explain_bits(why, VMCS_GUEST_CR4, rdmsr(MSR_VMX_CR4_FIXED0),
                           rdmsr(MSR_VMX_CR4_FIXED1), "IA32_VMX_CR4_FIXED0 or _FIXED1"));
        MUST(VMCS_GUEST_CR4,
             !(field(VMCS_GUEST_CR4) & CR4_CET) || field(VMCS_GUEST_CR0) & CR0_WP,
             "must not have CET (bit 23) without WP in guest CR0");
        return 0;
}

/* Those of CPUs that have a 64-bit mode. */
static int wide(struct explanation *why)
{
        uint64_t lam = rdmsr(MSR_VMX_CR4_FIXED1) & CR4_LAM_SUP ? CR3_LAM : 0;

        if (entry_controls() & ENTRY_IA32E_MODE_GUEST) {
                MUST(VMCS_GUEST_CR0, field(VMCS_GUEST_CR0) & CR0_PG,
                     "must have PG (bit 31) set for an IA-32e mode guest");
                MUST(VMCS_GUEST_CR4, field(VMCS_GUEST_CR4) & CR4_PAE,
                     "must have PAE (bit 5) set for an IA-32e mode guest");
        } else {
                MUST(VMCS_GUEST_CR4, !(field(VMCS_GUEST_CR4) & CR4_PCIDE),
                     "must have PCIDE (bit 17) clear unless the guest is in IA-32e mode");
        }
        MUST(VMCS_GUEST_CR3, !(field(VMCS_GUEST_CR3) & explain_beyond_width() & ~lam),
             "must not have bits beyond this CPU's physical-address width");
        if (entry_controls() & ENTRY_LOAD_DEBUG_CONTROLS)
                MUST(VMCS_GUEST_DR7, !(field(VMCS_GUEST_DR7) >> 32),
                     "must have bits 63:32 clear");
        APPLY(explain_canonical(why, VMCS_GUEST_IA32_SYSENTER_ESP));
        APPLY(explain_canonical(why, VMCS_GUEST_IA32_SYSENTER_EIP));
        if (entry_controls() & ENTRY_LOAD_CET_STATE) {
                APPLY(explain_canonical(why, VMCS_GUEST_IA32_S_CET));
                APPLY(explain_canonical(why, VMCS_GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR));
        }
        return 0;
}

static int efer(struct explanation *why)
{
        uint64_t value = field(VMCS_GUEST_IA32_EFER);
        int lma = (value & EFER_LMA) != 0, lme = (value & EFER_LME) != 0;

        APPLY(explain_efer(why, VMCS_GUEST_IA32_EFER));
        MUST(VMCS_GUEST_IA32_EFER, lma == ((entry_controls() & ENTRY_IA32E_MODE_GUEST) != 0),
             "must have LMA (bit 10) as 'IA-32e mode guest' (entry controls) is");
        MUST(VMCS_GUEST_IA32_EFER, lma == lme || !(field(VMCS_GUEST_CR0) & CR0_PG),
             "must have LME (bit 8) and LMA (bit 10) alike if the guest has paging");
        return 0;
}

static int bndcfgs(struct explanation *why)
{
        MUST(VMCS_GUEST_IA32_BNDCFGS, !(field(VMCS_GUEST_IA32_BNDCFGS) & BNDCFGS_RESERVED),
             RESERVED_BITS);
        return explain_canonical(why, VMCS_GUEST_IA32_BNDCFGS);
}

int explain_guest_registers(struct explanation *why)
{
        uint32_t entry = entry_controls();

        APPLY(cr0(why));
        APPLY(cr4(why));
        if (entry & ENTRY_LOAD_DEBUG_CONTROLS)
                MUST(VMCS_GUEST_IA32_DEBUGCTL,
                     !(field(VMCS_GUEST_IA32_DEBUGCTL) & DEBUGCTL_RESERVED), RESERVED_BITS);
        APPLY(wide(why));
        if (entry & ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL)
                APPLY(explain_perf_global_ctrl(why, VMCS_GUEST_IA32_PERF_GLOBAL_CTRL));
        if (entry & ENTRY_LOAD_IA32_PAT)
                APPLY(explain_pat(why, VMCS_GUEST_IA32_PAT));
        if (entry & ENTRY_LOAD_IA32_EFER)
                APPLY(efer(why));
        if (entry & ENTRY_LOAD_IA32_BNDCFGS)
                APPLY(bndcfgs(why));
        if (entry & ENTRY_LOAD_IA32_RTIT_CTL)
                MUST(VMCS_GUEST_IA32_RTIT_CTL,
                     !(field(VMCS_GUEST_IA32_RTIT_CTL) & RTIT_CTL_RESERVED), RESERVED_BITS);
        if (entry & ENTRY_LOAD_CET_STATE)
                APPLY(explain_s_cet(why, VMCS_GUEST_IA32_S_CET));
        if (entry & ENTRY_LOAD_GUEST_IA32_LBR_CTL)
                MUST(VMCS_GUEST_IA32_LBR_CTL,
                     !(field(VMCS_GUEST_IA32_LBR_CTL) & LBR_CTL_RESERVED), RESERVED_BITS);
        if (entry & ENTRY_LOAD_PKRS)
                APPLY(explain_pkrs(why, VMCS_GUEST_IA32_PKRS));
        if (entry & ENTRY_LOAD_UINV)
                MUST(VMCS_GUEST_UINV, field(VMCS_GUEST_UINV) <= 0xFF,
                     "must have bits 15:8 clear");
        return 0;
}

int explain_guest_tables(struct explanation *why)
{
        APPLY(explain_canonical(why, VMCS_GUEST_GDTR_BASE));
        APPLY(explain_canonical(why, VMCS_GUEST_IDTR_BASE));
        MUST(VMCS_GUEST_GDTR_LIMIT, field(VMCS_GUEST_GDTR_LIMIT) <= 0xFFFF,
             "must have bits 31:16 clear");
        MUST(VMCS_GUEST_IDTR_LIMIT, field(VMCS_GUEST_IDTR_LIMIT) <= 0xFFFF,
             "must have bits 31:16 clear");
        return 0;
}
