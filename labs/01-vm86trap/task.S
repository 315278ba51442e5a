/* task.S -- given: the challenge you see when you boot the lab yourself. The
 * grader overwrites it in the disk image with one of its own, of the same layout
 * (struct challenge in testbed.h), whose tasks ask for other things.
 *
 * The tasks run in virtual-8086 mode: 16-bit code, ring 3. All that they use is
 * in one section; CS, DS, ES and SS hold its first address divided by 16
 * (v86_segment, from ldscript), and offsets count from there.
 */
#include "selector.h"
#include "testbed.h"
#include "vm86trap.h"
#include "x86/control.h"

        .macro  TASK entry, personality
        .word   v86_segment, \entry - base      /* CS:IP */
        .word   v86_segment, task_stack - base  /* SS:SP */
        .word   v86_segment, v86_segment, 0, 0  /* DS, ES, FS, GS */
        .long   \personality
        .endm

        .section .challenge, "aw"
        .globl  challenge
challenge:
        .long   0                               /* id */
        .long   CR0_NE                          /* cr0_bits */

        .long   1                               /* gp_count */
gps:    .word   0x2000, 0xFFF8                  /* ip, selector */
        .org    gps + 4 * CHALLENGE_GPS

        .long   2                               /* address_count */
addresses:
        .word   0x1000, 0x0002,  0xB800, 0x8001
        .org    addresses + 4 * CHALLENGE_ADDRESSES

        .long   4                               /* code_count */
codes:
        .long   0x00C0200F, 0x90C3200F          /* mov %cr0, %eax and %ebx */
        .long   0x00D8200F, 0x00C0220F          /* mov %cr3, %eax; mov %eax, %cr0 */
        .org    codes + 4 * CHALLENGE_CODES

        .fill   18, 4, 0xA5A5A5A5               /* picture */
        .long   8                               /* write_count */
writes: .long   0, 0x12345678, 1, 0x12345678    /* EAX, ECX, ... */
        .long   2, 0x12345678, 3, 0x12345678
        .long   4, 0x12345678, 5, 0x12345678
        .long   6, 0x12345678, 7, 0x12345678
        .org    writes + 8 * CHALLENGE_WRITES

        .long   3                               /* task_count */
tasks:
        TASK    greet, HONEST
        TASK    ask_for_cr3, HONEST
        TASK    greet, REAL_MODE
        .org    tasks + 20 * CHALLENGE_TASKS
        .org    challenge + CHALLENGE_BYTES

        .section .v86, "awx"
        .code16
base:
/* Says hello, and compares what it is told of CR0 with what SMSW lets it see. */
greet:  movw    $text_hello - base, %si
        call    put_string
        movl    %cr0, %edx                      /* traps: the monitor answers */
        smsw    %eax                            /* does not trap: the CPU answers */
        pushl   %eax
        movw    $text_cr0 - base, %si
        call    put_string
        movl    %edx, %eax
        call    put_hex
        movw    $text_msw - base, %si
        call    put_string
        popl    %eax
        call    put_hex
        movw    $text_newline - base, %si
        call    put_string
        hlt                                     /* traps: the task is done */

/* Wants what this monitor does not give. */
ask_for_cr3:
        movl    %cr3, %eax
        hlt

text_hello:     .asciz  "Hello from Virtual-8086 mode\n"
text_cr0:       .asciz  "CR0="
text_msw:       .asciz  "  MSW="
text_newline:   .asciz  "\n"

        .balign 4
        .skip   256
task_stack:

        .section .note.GNU-stack, "", @progbits
