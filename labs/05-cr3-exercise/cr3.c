/* cr3.c -- CR3 for a virtual-8086 task, which may not touch it: read, written, refused.
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

/* Turns paging on with these structures; or, if it is on, goes over to them. */
void start_paging(uint32_t *directory, uint32_t *table)
{
#if SOLVED >= 1
        build_paging(directory, table);
        write_cr3(physical(directory));
        write_cr0(read_cr0() | CR0_PG);
#else
        /* TODO(05-1) Build first: from the next instruction on all addresses go through it.
         * Do:      build_paging(); CR3; CR0 with paging, all else as it is.
         * Use:     write_cr3(), read_cr0(), write_cr0(), CR0_PG.
         * Read:    README, "Two levels".
         * Seen:    the task's greeting; "@ paging.cr3 ..."; then TODO(05-2). */
        lab_todo("05-1");
#endif
}

/* What register `number` of the task (0 = EAX ... 7 = EDI) held when it trapped. */
uint32_t get_register(const struct v86_trap *trap, int number)
{
#if SOLVED >= 3
        return number == 4 ? trap->frame.esp : trap->images[7 - number];
#else
        /* Still TODO(05-3): set_register() of lab 01 the other way round. */
        lab_todo("05-3");
#endif
}

#if SOLVED >= 3
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

#endif
/* Lets the task find itself in its own handler of #GP, as a CPU in real mode would: vector
 * 13 of the table at linear address 0. */
void reflect_gp(struct v86_trap *trap)
{
#if SOLVED >= 3
        const uint16_t *vector = (const uint16_t *)(VECTOR_GP * 4);

        if (!is_mapped(VECTOR_GP * 4))
                task_refused(trap->frame.cs, trap->frame.ip, 0);
        push(trap, trap->frame.eflags);
        push(trap, trap->frame.cs);
        push(trap, trap->frame.ip);
        trap->frame.eflags &= ~(EFLAGS_IF | EFLAGS_TF);
        trap->frame.ip = vector[0];
        trap->frame.cs = vector[1];
#else
        /* Still TODO(05-3): what the CPU does with a #GP in real mode, done by you.
         * Given:   the images in trap->frame; 4 bytes for each vector, IP then CS. The
         *          page with the vectors may be missing.
         * Do:      push the 16 bits of FLAGS, CS, IP on the task's stack, at SS * 16 + SP;
         *          SP wraps at 64 KB, the upper half of ESP stays. Clear IF and TF. Take IP
         *          and CS from the vector. You write with the monitor's rights, at an
         *          address that the guest chose: if it is not below GUEST_BYTES, or
         *          current_table has no page there, task_refused(CS, IP, 0). The same if
         *          there is no page with the vector.
         * Use:     VECTOR_GP, EFLAGS_IF, EFLAGS_TF.
         * Read:    README, "The guest's own #GP"; SDM Vol. 3B, "Interrupt and Exception
         *          Handling". */
        lab_todo("05-3");
#endif
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
#if SOLVED >= 2
                set_register(trap, destination, guest_cr3);
                return MOV_CR_LENGTH;
#else
                /* TODO(05-2) Tell the task.
                 * Do:      set_register(), with guest_cr3; then the instruction is done.
                 * Seen:    the task prints its CR3, then TODO(05-3). */
                lab_todo("05-2");
#endif
        }
        if (source != NOT_MOV_CR3) {
#if SOLVED >= 3
                uint32_t wanted = get_register(trap, source);

                if (!cr3_allowed(wanted)) {
                        reflect_gp(trap);
                        return 0;
                }
                guest_cr3 = wanted;
                shadow(current_table, wanted);
                write_cr3(physical(current_directory)); /* the CPU forgets old mappings */
                return MOV_CR_LENGTH;
#else
                /* TODO(05-3) Let the guest have a CR3 of its own.
                 * Do:      five functions, best in this order: get_register(), this one,
                 *          cr3_allowed(), shadow(), reflect_gp(). Here: if cr3_allowed()
                 *          says no: reflect_gp(); the task's IP is then where it must be.
                 *          If yes: the guest shall find this value in CR3 from now on,
                 *          and the mapping must be the guest's: shadow(). The CPU keeps
                 *          what it has looked up of the old one, until CR3 is written.
                 * Use:     guest_cr3, current_table, current_directory, write_cr3().
                 * Read:    README, "The shadow"; SDM Vol. 3A, "Invalidation of TLBs and
                 *          Paging-Structure Caches".
                 * Seen:    the task sees one text, then another at the same address; its
                 *          own #GP; the end line. */
                lab_todo("05-3");
#endif
        }
        return NOT_CR3;
}
