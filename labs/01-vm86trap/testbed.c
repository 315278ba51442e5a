/* testbed.c -- given: looks at what you wrote, and reports what it sees.
 *
 * At the first trap of a run it makes "dry runs": it calls your functions on
 * made-up values and reports what they answer, before the task is touched.
 * 32-bit protected mode, ring 0.
 */
#include "testbed.h"

#include "report.h"
#include "trap.h"

const struct task *current_task;

static unsigned traps;          /* of the current task */
static int looked;              /* the dry runs are done */

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

static void dry_run_ring0(void)
{
        int mistaken = probe_ring0();

        report("ring0.mistaken", mistaken);
        if (!mistaken)
                report("ring0.error", trap_expected.error);
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

/* Which dword of the frame does set_register() change? All ones: not one alone. */
static void dry_run_registers(void)
{
        for (int number = 0; number < 8; number++) {
                struct v86_trap made_up = { 0 };
                const uint32_t *dword = (const uint32_t *)&made_up;
                uint32_t changed = 0xFFFFFFFF;
                unsigned changes = 0;

                set_register(&made_up, number, challenge.write_value);
                for (unsigned i = 0; i < sizeof(made_up) / 4; i++) {
                        if (dword[i]) {
                                changes++;
                                changed = dword[i] == challenge.write_value ? i : 0xFFFFFFFF;
                        }
                }
                report_nth("dry.write", number, changes == 1 ? changed : 0xFFFFFFFF);
        }
}

unsigned trap_from_v86(struct v86_trap *trap)
{
        if (probe_esp)
                probe_mistaken();
        traps++;
        if (!looked) {
                looked = 1;
                report_trap(trap);
                dry_run_ring0();
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
        run_task(current_task);
}
