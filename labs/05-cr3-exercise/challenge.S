/* challenge.S -- given: the challenge you see when you boot the lab yourself; its tasks are
 * in memory.S. The grader overwrites both in the disk image with others, of the same layout
 * (struct challenge in testbed.h), that nobody has seen.
 */
#include "testbed.h"
#include "vm86trap.h"

        .macro  TASK entry, directory, table
        .word   0, \entry                       /* CS:IP */
        .word   0, GUEST_STACK                  /* SS:SP */
        .word   0, 0, 0, 0                      /* DS, ES, FS, GS */
        .long   HONEST
        .word   \directory, \table              /* pages of the pool */
        .endm

        .section .challenge, "aw"
        .balign PAGE_SIZE
        .globl  challenge
challenge:
        .long   0                               /* id */
        .long   4                               /* code_count */
codes:
        .long   0x00D8200F, 0x90DB200F          /* mov %cr3, %eax and %ebx */
        .long   0x00D8220F, 0x00C0200F          /* mov %eax, %cr3; mov %cr0, %eax */
        .org    codes + 4 * CHALLENGE_CODES
        .long   3                               /* task_count */
        TASK    GUEST_ASKS, 0, 1
        TASK    GUEST_WRITES, 5, 2
        TASK    GUEST_OVERREACHES, 3, 4
        .org    challenge + CHALLENGE_HEADER

        .section .note.GNU-stack, "", @progbits
