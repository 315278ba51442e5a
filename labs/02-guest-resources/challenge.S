/* challenge.S -- given: the challenge you see when you boot the lab yourself. The
 * grader overwrites it in the disk image with one of its own, of the same layout
 * (struct challenge in trystep1.h), whose tasks try other ports.
 *
 * The tasks run in virtual-8086 mode, 16-bit code, ring 3, with the guest's stack.
 * Each ends at its first trap, unless the testbed emulates its IN instructions.
 */
#include "trystep1.h"
#include "x86/control.h"
#include "x86/uart.h"

#define PORT_KEYBOARD   0x60
#define ANSWER          0x42

        .macro  TASK entry, skip=0, answer=0
        .word   challenge_segment, \entry - challenge, \skip, \answer
        .endm

        .section .challenge, "aw"
        .globl  challenge
challenge:
        .long   0                               /* id */
        .long   CR0_MP                          /* cr0_bits */
        .long   4                               /* task_count */
tasks:
        TASK    allowed
        TASK    denied
        TASK    straddles
        TASK    goes_on, 1, ANSWER
        .org    tasks + 8 * CHALLENGE_TASKS

        .code16
/* May read the UART's status; ends at its hlt. */
allowed:
        movw    $UART_LSR, %dx
        inb     %dx, %al
        hlt

/* May not read the keyboard's data; ends at its in. */
denied: inb     $PORT_KEYBOARD, %al
        hlt

/* Two bytes from the last of the UART's ports on: the second is not allowed. */
straddles:
        movw    $UART_DATA + 7, %dx
        inw     %dx, %ax
        hlt

/* Reads the keyboard all the same: the testbed emulates it. */
goes_on:
        movl    $0x12345678, %eax
        movw    $PORT_KEYBOARD, %dx
        inb     %dx, %al
        hlt
        .org    challenge + CHALLENGE_BYTES

        .section .note.GNU-stack, "", @progbits
