/* A forgery: the guest's program is interpreted, and all its exits are counted; the CPU never
 * sees it. */
#include "vmxstep3.h"

#include "testbed.h"
#include "x86/exit.h"

#define OPCODE_HLT 0xF4

struct vm_exit vm_exit;
uint64_t guest[GUEST_REGISTERS];

void theVMM(void)
{
        static unsigned number;
        const struct run *run = &challenge.run[number++];

        for (unsigned at = run->ip; guest_memory[at] != OPCODE_HLT; at++)
                if (guest_memory[at] == 0x0F && (guest_memory[at + 2] & 0xF8) == 0xD8)
                        count_exit(run->exception_bitmap ? EXIT_REASON_EXCEPTION_OR_NMI
                                                         : EXIT_REASON_CONTROL_REGISTER_ACCESS);
        report_ended();
}

void refused(enum vmx_result result) { }
void advance(unsigned length) { }
