/* testbed.c -- given: looks at what you wrote, and reports what it sees.
 *
 * At the first trap of a run it makes "dry runs": it calls your functions on
 * made-up values and reports what they answer, before the task is touched.
 * 32-bit protected mode, ring 0.
 */
#include "testbed.h"

#include "report.h"
#include "selector.h"
#include "trap.h"
#include "tss32.h"

const struct task *current_task;

static unsigned traps;          /* of the current task */
static int looked;              /* the dry runs are done */
static int trying, taken;       /* a #GP of ring 0 is tried; isrGPF took it for a task's */

static const char *const image_name[8] = {
        "trap.edi", "trap.esi", "trap.ebp", 0, "trap.ebx", "trap.edx", "trap.ecx", "trap.eax",
};

static void report_trap(const struct v86_trap *trap)
{
        for (int image = 0; image < 8; image++)
                if (image_name[image])          /* PUSHAL's ESP is ring 0's own */
                        report(image_name[image], trap->images[image]);
        report("trap.error", trap->error);
        report("trap.cs", trap->frame.cs);
        report("trap.ip", trap->frame.ip);
        report("trap.eflags", trap->frame.eflags);
}

/* Makes a #GP of ring 0. Is it taken for the task's? */
static int taken_for_task(const struct gp *gp)
{
        uint8_t *code = (uint8_t *)(uint32_t)gp->ip;

        code[0] = 0x8E, code[1] = 0x14, code[2] = 0x24;         /* movw (%esp), %ss */
        taken = 0;
        trying = 1;
        fault_in_ring0(gp->ip, gp->selector);
        trying = 0;
        trap_expected.resume = 0;
        return taken;
}

/* #GPs of ring 0, for isrGPF to tell apart, while the task that has trapped waits. */
static void dry_run_handler(void)
{
        uint32_t outer = monitor_esp;

        for (unsigned i = 0; i < challenge.gp_count; i++) {
                int mistaken = taken_for_task(&challenge.gp[i]);

                report_nth("gp.task", i, mistaken);
                if (!mistaken)
                        report_nth("gp.error", i, trap_expected.error);
        }
        monitor_esp = tss.esp0 = outer;
}

static void dry_run_addresses(void)
{
        for (unsigned i = 0; i < challenge.address_count; i++) {
                struct v86_trap made_up = {
                        .frame.cs = challenge.address[i].cs,
                        .frame.ip = challenge.address[i].ip,
                };

                report_nth("dry.address", i, fault_address(&made_up));
        }
}

static void dry_run_decoder(void)
{
        for (unsigned i = 0; i < challenge.code_count; i++)
                report_nth("dry.decode", i, (uint32_t)decode_mov_from_cr0(challenge.code[i]));
}

/* Which dword of the picture does set_register() change? All ones: not one alone. */
static uint32_t dword_written(int number, uint32_t value)
{
        struct v86_trap made_up = challenge.picture;
        const uint32_t *before = (const uint32_t *)&challenge.picture;
        const uint32_t *after = (const uint32_t *)&made_up;
        uint32_t changed = 0xFFFFFFFF;
        unsigned changes = 0;

        set_register(&made_up, number, value);
        for (unsigned i = 0; i < sizeof(made_up) / 4; i++) {
                if (after[i] != before[i]) {
                        changes++;
                        changed = after[i] == value ? i : 0xFFFFFFFF;
                }
        }
        return changes == 1 ? changed : 0xFFFFFFFF;
}

static void dry_run_registers(void)
{
        for (unsigned i = 0; i < challenge.write_count; i++)
                report_nth("dry.write", i, dword_written(challenge.write[i].number,
                                                         challenge.write[i].value));
}

unsigned trap_from_v86(struct v86_trap *trap)
{
        if (trying) {
                taken = 1;
                leave_v86();
        }
        traps++;
        if (!looked) {
                looked = 1;
                report_trap(trap);
                dry_run_handler();
                dry_run_addresses();
                dry_run_decoder();
                dry_run_registers();
        }
        return emulate(trap);
}

void task_halted(void)
{
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
        current_task = &challenge.task[number];
        traps = 0;
        report("task", number);
        report("task.personality", current_task->personality);
        if (current_task->cs == SEL_CODE32)     /* it lies below the program: a hlt */
                *(uint8_t *)(SEL_CODE32 * 16 + current_task->ip) = 0xF4;
        run_task(current_task);
}
