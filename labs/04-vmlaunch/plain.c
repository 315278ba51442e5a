/* plain.c -- given: a guest whose memory is mapped one to one, and whose CR3 is nobody's
 * business. Lab 05 has other functions of these names. 64-bit mode, ring 0.
 */
#include "vmxstep3.h"

const void *guest_at(uint64_t linear)
{
        return (const void *)linear;
}

enum handled emulate_mov_cr3(uint32_t code)
{
        return UNHANDLED;
}

enum handled emulate_cr_access(void)
{
        return UNHANDLED;
}
