/* switch.S -- into virtual-8086 mode and back, as one C function call. */
#include "tss32.h"

        .text
        .code32

/* void enter_v86(const struct v86_frame *frame)
 * 32-bit protected mode, ring 0. The frame's nine dwords are IRETL's operands;
 * its VM flag makes the CPU load all segment registers from there. The next trap
 * starts on this stack, just below what is saved here. Returns through
 * leave_v86(), with EBX, ESI, EDI, EBP as they were. */
        .globl  enter_v86
enter_v86:
        movl    4(%esp), %eax
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushl   %ebp
        movl    %esp, monitor_esp
        movl    %esp, tss + TSS32_ESP0
        movl    %eax, %esp
        iretl

/* void leave_v86(void), noreturn
 * Ring 0, in a handler of one of the task's traps. Gives up that handler's stack
 * and returns from enter_v86(). */
        .globl  leave_v86
leave_v86:
        movl    monitor_esp, %esp
        popl    %ebp
        popl    %edi
        popl    %esi
        popl    %ebx
        ret

        .bss
        .balign 4
        .globl  monitor_esp                     /* probe.S has such a way in, too */
monitor_esp:    .skip   4

        .section .note.GNU-stack, "", @progbits
