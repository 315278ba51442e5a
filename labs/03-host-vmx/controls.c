/* controls.c -- which VMX controls this CPU has, and which it insists on.
 *
 * A control is one bit. Its capability MSR has two bits for it: in the low half, 1: it
 * must be 1; in the high half, 1: it may be 1. Pure functions: testbed.c and the
 * monitor read the MSRs. SDM Vol. 3D, Appendix A, "VMX Capability Reporting Facility".
 */
#include "vmxstep2.h"

#include "todo.h"
#include "x86/vmx.h"

/* The number of the MSR that tells what the controls of that class can be. `vmx_basic`
 * is what IA32_VMX_BASIC holds. */
uint32_t capability_msr(enum vmx_controls which, uint64_t vmx_basic)
{
#if SOLVED >= 8
        int true_ones = (vmx_basic & VMX_BASIC_TRUE) != 0;

        switch (which) {
        case PIN_CONTROLS:
                return true_ones ? MSR_VMX_TRUE_PINBASED_CTLS : MSR_VMX_PINBASED_CTLS;
        case CPU_CONTROLS:
                return true_ones ? MSR_VMX_TRUE_PROCBASED_CTLS : MSR_VMX_PROCBASED_CTLS;
        case EXIT_CONTROLS:
                return true_ones ? MSR_VMX_TRUE_EXIT_CTLS : MSR_VMX_EXIT_CTLS;
        case ENTRY_CONTROLS:
                return true_ones ? MSR_VMX_TRUE_ENTRY_CTLS : MSR_VMX_ENTRY_CTLS;
        default:
                return MSR_VMX_PROCBASED_CTLS2;         /* has no TRUE one */
        }
#else
        /* TODO(03-8) Which MSR has the capabilities of that class?
         * Given:   IA32_VMX_BASIC. Its bit 55 says whether there are TRUE MSRs, which
         *          know more than the older ones.
         * Do:      return the TRUE one where there is one. Then write the other two.
         * Use:     VMX_BASIC_TRUE, MSR_VMX_..._CTLS, MSR_VMX_TRUE_..._CTLS.
         * Read:    SDM Vol. 3D, "VM-Execution Controls" and those after it.
         * Seen:    "@ dry.msr...", then the stop at the next of the three. */
        lab_todo("03-8");
#endif
}

/* `wanted`, plus what the CPU insists on, without what it does not have. */
uint32_t round_controls(uint32_t wanted, uint64_t capability)
{
#if SOLVED >= 8
        uint32_t must_be_1 = capability;
        uint32_t may_be_1 = capability >> 32;

        return (wanted | must_be_1) & may_be_1;
#else
        /* Still TODO(03-8).
         * Given:   the MSR's value: low half, bits that must be 1; high half, bits that
         *          may be 1.
         * Seen:    "@ dry.round...", then the next stop. */
        lab_todo("03-8");
#endif
}

/* The lowest bit of `wanted` that this CPU cannot set, or -1. */
int impossible_control(uint32_t wanted, uint64_t capability)
{
#if SOLVED >= 8
        uint32_t impossible = wanted & ~(capability >> 32);

        return impossible ? __builtin_ctz(impossible) : -1;
#else
        /* Still TODO(03-8): a monitor that needs a control asks before it relies on it.
         * Seen:    "@ dry.impossible...", "@ control...", then TODO(03-9). */
        lab_todo("03-8");
#endif
}
