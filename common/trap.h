/* trap.h -- exceptions that the program does not handle itself: each becomes a
 * report that can be read, and the end of the run, unless it was expected.
 */
#ifndef TRAP_H
#define TRAP_H

#include <stdint.h>

#include "x86/exception.h"

/* What the entries in trap32.S and trap64.S leave on the stack, lowest address
 * first: the general registers in PUSHAL's order, the vector, the error code (0
 * where the CPU pushes none), and what the CPU pushed. The last two are there
 * in a 32-bit program only if the privilege level changed. */
struct trap {
#ifdef __x86_64__
        uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
#endif
        unsigned long di, si, bp, unused_sp, bx, dx, cx, ax;
        unsigned long vector, error;
        unsigned long ip, cs, flags, sp, ss;
};

_Static_assert(sizeof(struct trap) == (sizeof(long) == 8 ? 23 : 15) * sizeof(long),
               "trap frame");

extern void (*const trap_entry[VECTORS])(void);

/* Called by the entries. Returns only if the exception was expected. */
void trap(struct trap *frame);

/* An exception that is about to be provoked. Set `resume` to an address, execute
 * the instruction; if it faults, the vector and error code are stored here and
 * the CPU goes on at `resume`, on the stack it had. */
struct trap_expected {
        unsigned long resume;           /* 0: none is expected */
        unsigned long vector;
        unsigned long error;
};

extern struct trap_expected trap_expected;

#endif
