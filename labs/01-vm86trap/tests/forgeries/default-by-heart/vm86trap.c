/* A forgery: the log of the default challenge, learnt by heart. */
#include "vm86trap.h"

#include "leave.h"
#include "print.h"

void run_task(const struct task *task)
{
        print("Hello from Virtual-8086 mode\n"
              "@ trap.edi 0x17fa0\n@ trap.esi 0x86\n@ trap.ebp 0x17fe8\n@ trap.ebx 0x0\n"
              "@ trap.edx 0x113d8\n@ trap.ecx 0x0\n@ trap.eax 0x17f00\n@ trap.error 0x0\n"
              "@ trap.cs 0x132e\n@ trap.ip 0x6\n@ trap.eflags 0x20046\n"
              "@ gp.task.0 0x0\n@ gp.error.0 0xfff8\n"
              "@ dry.address.0 0x10002\n@ dry.address.1 0xc0001\n"
              "@ dry.decode.0 0x0\n@ dry.decode.1 0x3\n"
              "@ dry.decode.2 0xffffffff\n@ dry.decode.3 0xffffffff\n"
              "@ dry.write.0 0x7\n@ dry.write.1 0x6\n@ dry.write.2 0x5\n@ dry.write.3 0x4\n"
              "@ dry.write.4 0xc\n@ dry.write.5 0x2\n@ dry.write.6 0x1\n@ dry.write.7 0x0\n"
              "CR0=80000031  MSW=80000031\n@ task.halted 0x2\n"
              "@ task 0x1\n@ task.personality 0x1\n@ task.refused.cs 0x132e\n"
              "@ task.refused.ip 0x2d\n@ task.refused.bytes 0xf4d8200f\n"
              "@ task 0x2\n@ task.personality 0x2\nHello from Virtual-8086 mode\n"
              "CR0=00000030  MSW=80000031\n@ task.halted 0x2\n[01-vm86trap] end\n");
        leave();
}

uint32_t fault_address(const struct v86_trap *trap) { return 0; }
void set_register(struct v86_trap *trap, int number, uint32_t value) { }
unsigned emulate(struct v86_trap *trap) { return 3; }
