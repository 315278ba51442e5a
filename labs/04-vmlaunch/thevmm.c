/* thevmm.c -- the monitor's loop: into the guest, out at an exit, see what it was, again.
 *
 * 64-bit mode, ring 0, VMX root operation; the guest's VMCS is current and written.
 */
#include "vmxstep3.h"

#include "explain.h"
#include "todo.h"
#include "x86/exit.h"
#include "x86/vmcs.h"

struct vm_exit vm_exit;
uint64_t guest[GUEST_REGISTERS];

#if SOLVED >= 5
static const struct parameter results[] = {
        { VMCS_EXIT_REASON, &vm_exit.reason },
        { VMCS_EXIT_QUALIFICATION, &vm_exit.qualification },
        { VMCS_VM_EXIT_INSTRUCTION_LENGTH, &vm_exit.length },
        { VMCS_VM_EXIT_INTERRUPTION_INFORMATION, &vm_exit.interruption },
        { VMCS_VM_EXIT_INTERRUPTION_ERROR_CODE, &vm_exit.error },
        { VMCS_GUEST_RIP, &vm_exit.rip },
        { VMCS_GUEST_RSP, &vm_exit.rsp },
        { VMCS_GUEST_RFLAGS, &vm_exit.rflags },
        { VMCS_GUEST_CS_BASE, &vm_exit.cs_base },
        { VMCS_GUEST_SS_BASE, &vm_exit.ss_base },
        { 0, 0 }
};

/* Sends the exit to its handler. */
static enum handled dispatch(void)
{
        switch (vm_exit.reason & EXIT_REASON_BASIC) {
        case EXIT_REASON_EXCEPTION_OR_NMI:
                return emulate_exception();
        case EXIT_REASON_CPUID:
                return emulate_cpuid();
        case EXIT_REASON_VMCALL:
                return emulate_vmcall();
        case EXIT_REASON_IO_INSTRUCTION:
                return emulate_io();
        default:
                return UNHANDLED;
        }
}

/* Deals with one exit. Returns 0 if the guest shall not go on. */
static int handle_exit(void)
{
        switch (dispatch()) {
        case HANDLED_ADVANCE:           /* the one place that moves RIP */
                return vmwrite(VMCS_GUEST_RIP, vm_exit.rip + vm_exit.length) == VMX_OK;
        case HANDLED_RETRY:
                return 1;
        case HANDLED_END:
                report_ended();
                return 0;
        default:
                report_unhandled();
                return 0;
        }
}

#endif
/* The guest was not entered. */
void refused(enum vmx_result result)
{
#if SOLVED >= 10
        explain_refusal(result, vm_exit.reason);
#else
        /* TODO(04-10) Say why.
         * Given:   `result` of the instruction; if that was VMX_OK, vm_exit.reason with
         *          its bit 31 set: the CPU got as far as the guest's state.
         * Use:     explain_refusal(), in common/explain.h: it reads the VMCS back.
         * Read:    README, 04-10; SDM Vol. 3C, "VM-Entry Failures During or After Loading
         *          Guest State".
         * Seen:    "entry refused: ..." for each VMCS that was spoiled; the end. */
        lab_todo("04-10");
#endif
}

/* Runs the guest until it is done, or cannot go on. */
void theVMM(void)
{
#if SOLVED >= 5
        enum vmx_result result = vmlaunch(guest);

        while (result == VMX_OK) {
                read_results(results);
                if (vm_exit.reason & EXIT_REASON_ENTRY_FAILURE)
                        break;
                if (!handle_exit())
                        return;
                result = vmresume(guest);
        }
        refused(result);
#else
        /* TODO(04-5) The monitor's loop.
         * Given:   read_results() of lab 03; struct vm_exit; enum handled; the handlers
         *          in emulate.c and io.c, one for each of four exit reasons.
         * Do:      a table results[] that fills in vm_exit. Launch; then, exit by exit:
         *          read results[], send it to its handler by the basic reason (bits
         *          15:0), do what the handler says, resume. RIP moves in one place. An
         *          exit that nobody handles: report_unhandled(), and return. HANDLED_END:
         *          report_ended(), and return. An entry that did not take place (a result
         *          other than VMX_OK, or bit 31 in the reason): refused().
         * Use:     EXIT_REASON_..., VMCS_..., vmlaunch(), vmresume(), vmwrite().
         * Read:    README, "The loop"; SDM Vol. 3C, "VM-Exit Information Fields".
         * Seen:    "unhandled: RDTSC", then TODO(04-6). */
        lab_todo("04-5");
#endif
}
