/* explain_host.c -- the host-state area: what the CPU would be loaded with at the next
 * exit. SDM Vol. 3C, "Checks on Host Control Registers, MSRs, and SSP" and the two
 * sections after it.
 */
#include "explain_rules.h"

#include "cpu.h"
#include "x86/control.h"

#define SELECTOR_RPL_AND_TI     7
#define CR3_LAM                 0x6000000000000000      /* linear-address masking */

static int control_registers(struct explanation *why)
{
        uint64_t lam = rdmsr(MSR_VMX_CR4_FIXED1) & CR4_LAM_SUP ? CR3_LAM : 0;

        APPLY(explain_bits(why, VMCS_HOST_CR0, rdmsr(MSR_VMX_CR0_FIXED0),
                           rdmsr(MSR_VMX_CR0_FIXED1), "IA32_VMX_CR0_FIXED0 or _FIXED1"));
        APPLY(explain_bits(why, VMCS_HOST_CR4, rdmsr(MSR_VMX_CR4_FIXED0),
                           rdmsr(MSR_VMX_CR4_FIXED1), "IA32_VMX_CR4_FIXED0 or _FIXED1"));
        MUST(VMCS_HOST_CR4, !(field(VMCS_HOST_CR4) & CR4_CET) || field(VMCS_HOST_CR0) & CR0_WP,
             "must not have CET (bit 23) without WP in host CR0");
        MUST(VMCS_HOST_CR3, !(field(VMCS_HOST_CR3) & explain_beyond_width() & ~lam),
             "must not have bits beyond this CPU's physical-address width");
        return 0;
}

int explain_host_registers(struct explanation *why)
{
        uint32_t exits = exit_controls();
        uint64_t modes = exits & EXIT_HOST_ADDRESS_SPACE_SIZE ? EFER_LME | EFER_LMA : 0;

        APPLY(control_registers(why));
        APPLY(explain_canonical(why, VMCS_HOST_IA32_SYSENTER_ESP));
        APPLY(explain_canonical(why, VMCS_HOST_IA32_SYSENTER_EIP));
        if (exits & EXIT_LOAD_CET_STATE) {
                APPLY(explain_canonical(why, VMCS_HOST_IA32_S_CET));
                APPLY(explain_canonical(why, VMCS_HOST_IA32_INTERRUPT_SSP_TABLE_ADDR));
        }
        if (exits & EXIT_LOAD_IA32_PERF_GLOBAL_CTRL)
                APPLY(explain_perf_global_ctrl(why, VMCS_HOST_IA32_PERF_GLOBAL_CTRL));
        if (exits & EXIT_LOAD_IA32_PAT)
                APPLY(explain_pat(why, VMCS_HOST_IA32_PAT));
        if (exits & EXIT_LOAD_IA32_EFER) {
                APPLY(explain_efer(why, VMCS_HOST_IA32_EFER));
                MUST(VMCS_HOST_IA32_EFER,
                     (field(VMCS_HOST_IA32_EFER) & (EFER_LME | EFER_LMA)) == modes,
                     "must have LMA and LME as 'host address-space size' (exit controls) is");
        }
        if (exits & EXIT_LOAD_CET_STATE)
                APPLY(explain_s_cet(why, VMCS_HOST_IA32_S_CET));
        if (exits & EXIT_LOAD_PKRS)
                APPLY(explain_pkrs(why, VMCS_HOST_IA32_PKRS));
        return 0;
}

int explain_host_segments(struct explanation *why)
{
        static const uint16_t selectors[] = {
                VMCS_HOST_CS_SELECTOR, VMCS_HOST_SS_SELECTOR, VMCS_HOST_DS_SELECTOR,
                VMCS_HOST_ES_SELECTOR, VMCS_HOST_FS_SELECTOR, VMCS_HOST_GS_SELECTOR,
                VMCS_HOST_TR_SELECTOR,
        };
        static const uint16_t bases[] = {
                VMCS_HOST_FS_BASE, VMCS_HOST_GS_BASE, VMCS_HOST_GDTR_BASE,
                VMCS_HOST_IDTR_BASE, VMCS_HOST_TR_BASE,
        };

        for (unsigned i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++)
                MUST(selectors[i], !(field(selectors[i]) & SELECTOR_RPL_AND_TI),
                     "must have bits 2:0 clear: RPL 0, and in the GDT");
        MUST(VMCS_HOST_CS_SELECTOR, field(VMCS_HOST_CS_SELECTOR), "must not be 0");
        MUST(VMCS_HOST_TR_SELECTOR, field(VMCS_HOST_TR_SELECTOR), "must not be 0");
        MUST(VMCS_HOST_SS_SELECTOR,
             field(VMCS_HOST_SS_SELECTOR) || exit_controls() & EXIT_HOST_ADDRESS_SPACE_SIZE,
             "must not be 0 unless the host is in 64-bit mode");
        for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
                APPLY(explain_canonical(why, bases[i]));
        return 0;
}

/* The rules for a host that is not in IA-32e mode are left out: this one is. */
int explain_address_space(struct explanation *why)
{
        uint64_t cr4 = field(VMCS_HOST_CR4);

        MUST(VMCS_PRIMARY_VM_EXIT_CONTROLS, exit_controls() & EXIT_HOST_ADDRESS_SPACE_SIZE,
             "must have 'host address-space size' (bit 9): the host is in IA-32e mode now");
        MUST(VMCS_HOST_CR4, cr4 & CR4_PAE, "must have PAE (bit 5) set for a 64-bit host");
        MUST(VMCS_HOST_RIP,
             explain_is_canonical(field(VMCS_HOST_RIP), cr4 & CR4_LA57 ? 57 : 48),
             "must be a canonical address");
        if (exit_controls() & EXIT_LOAD_CET_STATE) {
                APPLY(explain_canonical(why, VMCS_HOST_SSP));
                MUST(VMCS_HOST_SSP, !(field(VMCS_HOST_SSP) & 3), "must be a multiple of 4");
        }
        return 0;
}
