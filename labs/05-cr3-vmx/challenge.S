/* challenge.S -- given: the challenge you see when you boot the lab yourself; the guest's
 * programs are those of 05-cr3-exercise, in memory.S there. The grader overwrites both in
 * the disk image.
 */
#include "testbed.h"

#define GP_EXITS        0x2000          /* exception bitmap: vector 13 */

        .macro  RUN entry, bitmap=0, targets=0
        .word   \entry, GUEST_STACK
        .long   \bitmap, \targets
        .endm

        .section .challenge, "aw"
        .balign PAGE_SIZE
        .globl  challenge
challenge:
        .long   0, 7                            /* id, run_count */
        .irp    digit, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, A, B, C, D, E, F
        .quad   0x1111111111111111 * 0x\digit
        .endr
        RUN     GUEST_WRITES, GP_EXITS          /* straight to the monitor */
        RUN     GUEST_OVERREACHES, GP_EXITS
        RUN     GUEST_WRITES                    /* through the guest's kernel */
        RUN     GUEST_OVERREACHES
        RUN     GUEST_SWITCHES, GP_EXITS        /* the same work, in three ways */
        RUN     GUEST_SWITCHES
        RUN     GUEST_SWITCHES, 0, 1
        .org    challenge + CHALLENGE_HEADER

        .section .note.GNU-stack, "", @progbits
