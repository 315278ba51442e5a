/* decode.c -- recognises `mov %cr0, reg` by its machine code.
 *
 * Called by emulate(), ring 0, for every instruction at which a task trapped.
 */
#include "todo.h"
#include "vm86trap.h"

/* Returns the number of the destination register (0 = EAX, 1 = ECX, 2 = EDX,
 * 3 = EBX, 4 = ESP, 5 = EBP, 6 = ESI, 7 = EDI) if the three bytes at the bottom
 * of `code` are `mov %cr0, reg`, and NOT_MOV_FROM_CR0 if they are anything else. */
int decode_mov_from_cr0(uint32_t code)
{
        /* 0F 20, then the byte 11 000 rrr: register form, CR0, destination. */
        if ((code & 0x00F8FFFF) != 0x00C0200F)
                return NOT_MOV_FROM_CR0;
        return code >> 16 & 7;
}
