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
/* All that is worth telling of an exit that nobody handles. */
static const struct parameter results[] = {
        { VMCS_EXIT_REASON, &vm_exit.reason },
        { VMCS_EXIT_QUALIFICATION, &vm_exit.qualification },
        { VMCS_GUEST_RIP, &vm_exit.rip },
        { 0, 0 }
};

#endif
/* Past an instruction of `length` bytes: the one place that moves the guest's RIP. */
void advance(unsigned length)
{
#if SOLVED >= 5
        vmcs_write(VMCS_GUEST_RIP, vmcs_read(VMCS_GUEST_RIP) + length);
#else
        /* Still TODO(04-5): the field, moved on by `length`. */
        lab_todo("04-5");
#endif
}

#if SOLVED >= 5
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
        case EXIT_REASON_CONTROL_REGISTER_ACCESS:
                return emulate_cr_access();
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
        case HANDLED_ADVANCE:
                advance(vmcs_read(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
                return 1;
        case HANDLED_RESUME:
                return 1;
        case HANDLED_END:
                report_ended();
                return 0;
        default:
                read_results(results);
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
                vm_exit.reason = vmcs_read(VMCS_EXIT_REASON);
                if (vm_exit.reason & EXIT_REASON_ENTRY_FAILURE)
                        break;
                count_exit(vm_exit.reason);
                if (!handle_exit())
                        return;
                result = vmresume(guest);
        }
        refused(result);
#else
        /* TODO(04-5) The monitor's loop.
         * Given:   the handlers in emulate.c and io.c, one for each of four exit reasons,
         *          and emulate_cr_access() for a fifth; enum handled: what they answer.
         *          Your read_results() of lab 03.
         * Do:      launch; then, exit by exit: read the reason into vm_exit, count it
         *          with count_exit(), send the exit to its handler by bits 15:0, do what
         *          the handler says, resume. RIP moves in one place: advance(), above.
         *          HANDLED_END: report_ended(), and return. What nobody handles: a table
         *          results[] fills in vm_exit: reason, qualification, RIP;
         *          report_unhandled(), and return. An entry that did not take place (a
         *          result other than VMX_OK, or bit 31 of the reason): refused().
         * Use:     EXIT_REASON_..., vmcs_read(), vmcs_write(), vmlaunch(), vmresume().
         * Read:    README, "The loop"; SDM Vol. 3C, "VM-Exit Information Fields".
         * Seen:    "unhandled: RDTSC", then TODO(04-6). */
        lab_todo("04-5");
#endif
}
