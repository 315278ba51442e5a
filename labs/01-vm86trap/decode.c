/* decode.c -- recognises `mov %cr0, reg` by its machine code.
 *
 * Called by emulate(), ring 0, for every instruction at which a task trapped; and, in
 * the lab with VMX, by a 64-bit monitor.
 */
#include "decode.h"

#include "todo.h"

/* Returns the number of the destination register (0 = EAX, 1 = ECX, 2 = EDX,
 * 3 = EBX, 4 = ESP, 5 = EBP, 6 = ESI, 7 = EDI) if the three bytes at the bottom
 * of `code` are `mov %cr0, reg`, and NOT_MOV_FROM_CR0 if they are anything else. */
int decode_mov_from_cr0(uint32_t code)
{
#if SOLVED >= 4
        /* 0F 20, then the byte 11 000 rrr: register form, CR0, destination. */
        if ((code & 0x00F8FFFF) != 0x00C0200F)
                return NOT_MOV_FROM_CR0;
        return code >> 16 & 7;
#else
        /* TODO(01-4) Recognise `mov %cr0, reg`, all eight of them, and nothing else.
         * Given:   the four bytes at CS:IP, the first one lowest in `code`.
         * Do:      keep the bits that are the same in all eight (a mask), compare
         *          them with what they must be (a value); return the register.
         * Read:    README, "The machine code"; SDM Vol. 2, "MOV--Move to/from
         *          Control Registers".
         * Seen:    lines "@ dry.decode..." in the log, then TODO(01-5). */
        lab_todo("01-4");
#endif
}
