/* A forgery: says what a working monitor would say, and never leaves ring 0. */
#include "vm86trap.h"

#include "cpu.h"
#include "print.h"
#include "report.h"
#include "testbed.h"

/* The greeting stands somewhere in the challenge. */
static const char *find_greeting(void)
{
        const char *at = (const char *)&challenge;

        for (; at < (const char *)&challenge + CHALLENGE_BYTES; at++)
                if (at[0] == 'H' && at[1] == 'e' && at[2] == 'l' && at[3] == 'l')
                        return at;
        return "Hello from Virtual-8086 mode\n";
}

void run_task(const struct task *task)
{
        print(find_greeting());
        report("trap.error", 0);
        report("trap.cs", task->cs);
        report("trap.ip", task->ip);
        report("trap.eflags", 0x20002);
        report("gp.task.0", 0);
        report("gp.error.0", 0xFFF8);
        print("CR0=");
        print_hex(read_cr0(), 8);
        print("  MSW=");
        print_hex(read_cr0(), 8);
        print("\n");
        report("task.halted", 2);
}

uint32_t fault_address(const struct v86_trap *trap) { return 0; }
void set_register(struct v86_trap *trap, int number, uint32_t value) { }
unsigned emulate(struct v86_trap *trap) { return 3; }
