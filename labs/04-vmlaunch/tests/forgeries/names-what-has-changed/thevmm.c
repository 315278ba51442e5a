/* A forgery: explains no refusal, but looks for a field that does not hold what was written.
 *
 * 64-bit mode, ring 0, VMX root operation; the guest's VMCS is current and written.
 */
#include "vmxstep3.h"

#include "print.h"
#include "todo.h"
#include "x86/exit.h"
#include "x86/vmcs.h"

struct vm_exit vm_exit;
uint64_t guest[GUEST_REGISTERS];

/* All that is worth telling of an exit that nobody handles. */
static const struct parameter results[] = {
        { VMCS_EXIT_REASON, &vm_exit.reason },
        { VMCS_EXIT_QUALIFICATION, &vm_exit.qualification },
        { VMCS_GUEST_RIP, &vm_exit.rip },
        { 0, 0 }
};

/* Past an instruction of `length` bytes: the one place that moves the guest's RIP. */
void advance(unsigned length)
{
        vmcs_write(VMCS_GUEST_RIP, vmcs_read(VMCS_GUEST_RIP) + length);
}

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

/* Names the first field of a table that is not as the table says. */
static int has_changed(const struct parameter *table)
{
        for (; table->where; table++) {
                uint64_t value = vmcs_read(table->what), written = *(uint64_t *)table->where;

                if ((table->what & VMCS_WIDTH) == VMCS_WIDTH_16)
                        written = (uint16_t)written;
                if ((table->what & VMCS_WIDTH) == VMCS_WIDTH_32)
                        written = (uint32_t)written;
                if (value != written) {
                        print("@ explained.field ");
                        print_hex(table->what, 1);
                        print("\n");
                        return 1;
                }
        }
        return 0;
}

/* The guest was not entered. */
void refused(enum vmx_result result)
{
        if (!has_changed(machine_controls) && !has_changed(machine_guest))
                has_changed(machine_host);
        (void)result;
}

/* Runs the guest until it is done, or cannot go on. */
void theVMM(void)
{
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
}
