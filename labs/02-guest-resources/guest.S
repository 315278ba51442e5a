/* guest.S -- what the guest executes, and its stacks: all that is in its memory.
 *
 * Its memory starts with this file. Offsets in its segments count from there, so
 * that a label here is written as label - base. Three of its selectors start there
 * too: real-mode CS, and LDT_CODE and LDT_DATA of ring 0.
 */
#include "guest_todo.h"
#include "v86.h"
#include "vmxstep1.h"

        .section .v86, "awx"
base:

/* guest_task: virtual-8086 mode, ring 3, CS = DS = ES = SS = GUEST_SEGMENT, 16-bit
 * code. Says hello, tells which CR0 it sees, and stops.
 *
 * Given, callable from here (common/v86print.S):
 *      put_string      sends the string at DS:SI, up to a zero byte; changes AL, SI
 *      put_hex         sends EAX as eight hex digits; changes EAX, CX
 */
        .code16
        .globl  guest_task
guest_task:
#if SOLVED >= 7
        movw    $text_hello - base, %si
        call    put_string
        smsw    %eax                    /* does not trap; CPUs give all 32 bits */
        call    put_hex
        movw    $text_end - base, %si
        call    put_string
#else
        /* TODO(02-7) Send text_hello, then CR0 as SMSW shows it, then text_end.
         * Given:   DS is the guest's memory: the offset of a text is label - base.
         * Use:     put_string, put_hex; smsw %eax, the form with 32 bits.
         * Read:    README, 02-7. It begins in guest_entry_init(), vmxstep1.c.
         * Seen:    " Hello from Guest VM " and a CR0, then TODO(02-8). */
#endif
        hlt                             /* not allowed in ring 3: #GP */

text_hello:     .asciz  " Hello from Guest VM \n CR0="
text_end:       .asciz  " \n"

/* guest_isrGPF: where the guest's CPU arrives on a #GP. 32-bit protected mode, ring
 * 0, CS = LDT_CODE, SS:ESP as the TSS says, interrupts off. The trap came from
 * virtual-8086 mode: the error code and nine dwords are on the stack (struct v86_trap
 * in common/v86.h), and DS, ES, FS, GS hold null selectors.
 *
 * Given, callable from here:
 *      show_trap       writes a line of text through ES; EBX: the address, EAX: the
 *                      code there. Changes EAX, EDX, EDI
 *      monitor_call    hands the trap to whoever runs this guest. ESP must point to a
 *                      whole struct v86_trap when it is called. If it returns, the
 *                      guest goes on with what is in that struct then
 */
        .code32
        .globl  guest_isrGPF
guest_isrGPF:
#if SOLVED >= 8
        pushal
        movw    $LDT_DATA, %ax
        movw    %ax, %ds
        movw    $LDT_VRAM, %ax
        movw    %ax, %es
        movw    $LDT_FLAT, %ax
        movw    %ax, %fs

        movzwl  TRAP_CS(%esp), %ebx     /* the address: CS * 16 + IP */
        shll    $4, %ebx
        addl    TRAP_IP(%esp), %ebx
        movl    %fs:(%ebx), %eax
        movl    %eax, guest_code - base
        call    show_trap
        call    monitor_call

        popal
        addl    $4, %esp                /* the error code */
        iretl
#else
        /* TODO(02-8) See what trapped, show it, and hand it over.
         * Do:      save all registers as struct v86_trap wants them. Load DS with
         *          LDT_DATA, ES with LDT_VRAM, FS with LDT_FLAT. Compute the address
         *          of the instruction from the images of CS and IP; read the four
         *          bytes there through FS, and store them in guest_code through DS.
         *          Call show_trap, then monitor_call. Behind that: the way back to
         *          the task, which you know from lab 01; but IP stays as it is, for
         *          whoever carries the instruction out moves it.
         * Use:     PUSHAL, TRAP_CS, TRAP_IP, guest_code - base, POPAL, IRETL. A segment
         *          register is loaded through AX: it takes no immediate.
         * Read:    README, 02-8.
         * Seen:    a line on the screen; "@ trap.cs ..." in the log; the end. */
        GUEST_TODO "02-8"
#endif

        .balign 4
        .globl  guest_code
guest_code:     .long   0

        .balign 16
        .skip   512
        .globl  guest_stack3
guest_stack3:
        .skip   512
        .globl  guest_stack0
guest_stack0:
        .skip   16                      /* so that the next label is another address */

        .section .note.GNU-stack, "", @progbits
