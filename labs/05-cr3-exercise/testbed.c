/* testbed.c -- given: starts the tasks, and asks what you wrote what it makes of machine
 * code. 32-bit protected mode, ring 0; paging as you turn it on.
 */
#include "testbed.h"

#include "cpu.h"
#include "report.h"
#include "x86/control.h"

uint32_t pool[POOL_PAGES][ENTRIES] __attribute__((aligned(PAGE_SIZE)));
uint32_t *current_directory, *current_table;
const struct task *current_task;

static unsigned traps;                  /* of the current task */
static int looked;                      /* the dry runs are done */
static const struct v86_trap *current_trap;

void testbed_init(void)
{
        for (unsigned page = 0; page < POOL_PAGES; page++)
                for (unsigned entry = 0; entry < ENTRIES; entry++)
                        pool[page][entry] = 0xA5A5A5A5;
}

static void dry_run_decoders(void)
{
        for (unsigned i = 0; i < challenge.code_count; i++)
                report_nth("dry.from", i, (uint32_t)decode_mov_from_cr3(challenge.code[i]));
        for (unsigned i = 0; i < challenge.code_count; i++)
                report_nth("dry.to", i, (uint32_t)decode_mov_to_cr3(challenge.code[i]));
}

/* The monitor reads four bytes at a trap. Has the guest pages for all of them? If not, a page
 * fault of the monitor's own would be the guest's doing. */
static int can_be_read(uint32_t linear)
{
        uint32_t last = linear + sizeof(uint32_t) - 1;

        return last >= GUEST_BYTES
            || (current_table[linear / PAGE_SIZE] & current_table[last / PAGE_SIZE] & PAGE_P);
}

/* Called by isrGPF for every trap of a task. */
unsigned trap_from_v86(struct v86_trap *trap)
{
        int length;

        traps++;
        current_trap = trap;
        if (!looked) {
                looked = 1;
                report("paging.cr3", read_cr3());
                dry_run_decoders();
        }
        if (!can_be_read(fault_address(trap)))
                task_refused(trap->frame.cs, trap->frame.ip, 0);
        length = emulate_cr3(trap);
        return length == NOT_CR3 ? emulate(trap) : (unsigned)length;
}

/* A #GP for a task with IF and TF, which no task here can have: what of them is left? */
static void dry_run_gp(void)
{
        struct v86_trap made_up = *current_trap;

        made_up.frame.eflags |= EFLAGS_IF | EFLAGS_TF;
        reflect_gp(&made_up);
        report("dry.gp.eflags", made_up.frame.eflags);
}

void task_halted(void)
{
        report("task.cr3", guest_cr3);
        if (guest_cr3 != physical(current_directory))   /* it has written CR3 */
                dry_run_gp();
        report("task.halted", traps);
        leave_v86();
}

void task_refused(uint16_t cs, uint16_t ip, uint32_t bytes)
{
        report("task.refused.cs", cs);
        report("task.refused.ip", ip);
        report("task.refused.bytes", bytes);
        leave_v86();
}

void testbed_run(unsigned number)
{
        const struct paged_task *paged = &challenge.task[number];

        current_task = &paged->task;
        current_directory = pool[paged->directory];
        current_table = pool[paged->table];
        traps = 0;
        report("task", number);
        start_paging(current_directory, current_table);
        guest_cr3 = physical(current_directory);
        run_task(current_task);
}
