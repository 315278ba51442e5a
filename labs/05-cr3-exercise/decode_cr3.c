/* decode_cr3.c -- recognises the two instructions that this lab is about.
 *
 * Called for every instruction at which the guest trapped. The CPU's mode does not matter.
 */
#include "paging.h"

#include "todo.h"

/* Returns the number of the destination register (0 = EAX ... 7 = EDI) if the three bytes
 * at the bottom of `code` are `mov %cr3, reg`, and NOT_MOV_CR3 if they are anything else. */
int decode_mov_from_cr3(uint32_t code)
{
#if SOLVED >= 2
        /* 0F 20, then the byte 11 011 rrr: register form, CR3, destination. */
        return (code & 0x00F8FFFF) == 0x00D8200F ? (int)(code >> 16 & 7) : NOT_MOV_CR3;
#else
        /* TODO(05-2) Work out the machine code.
         * Given:   what you know of `mov %cr0, reg`.
         * Do:      find out where the number of the control register is in the three bytes;
         *          then mask, compare, and return the register.
         * Read:    README, "The machine code"; SDM Vol. 2, "MOV--Move to/from Control
         *          Registers".
         * Seen:    "@ dry.from...", then the next stop. */
        lab_todo("05-2");
#endif
}

/* The same for `mov reg, %cr3`: the number of the register it is taken from. */
int decode_mov_to_cr3(uint32_t code)
{
#if SOLVED >= 2
        return (code & 0x00F8FFFF) == 0x00D8220F ? (int)(code >> 16 & 7) : NOT_MOV_CR3;
#else
        /* Still TODO(05-2): the other direction, one bit away.
         * Seen:    "@ dry.to...", then the stop in emulate_cr3(). */
        lab_todo("05-2");
#endif
}
