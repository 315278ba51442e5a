/* probe.S -- a general-protection fault of ring 0, on purpose.
 *
 * void fault_in_ring0(uint32_t ip, uint32_t selector)
 * 32-bit protected mode, ring 0, isrGPF installed. At `ip` is an instruction that loads SS
 * from the stack, where it finds `selector`, which names no segment: #GP. What isrGPF then
 * finds on the stack and in the segment registers is what it finds if a task traps at 0008:ip
 * with `selector` for its ESP. Only VM differs; and the error code, if `selector` is not null.
 *
 * Returns by way of trap(), if isrGPF passed the fault on to it; and through leave_v86(), as
 * enter_v86() does, if isrGPF took it for a task's.
 */
#include "tss32.h"
#include "x86/control.h"

        .text
        .code32
        .globl  fault_in_ring0
fault_in_ring0:
        movl    4(%esp), %eax
        movl    8(%esp), %ecx
        pushl   %ebx                            /* as in enter_v86() */
        pushl   %esi
        pushl   %edi
        pushl   %ebp
        movl    %esp, monitor_esp
        movl    %esp, tss + TSS32_ESP0
        movl    $1f, trap_expected              /* .resume: the first member */
        pushl   $EFLAGS_FIXED                   /* flags as a task's, but VM */
        popfl
        .rept   5
        pushl   $0                              /* where a trap leaves GS, FS, DS, ES, SS */
        .endr
        pushl   %ecx                            /* and ESP */
        pushl   %eax
        xorl    %eax, %eax
        xorl    %ecx, %ecx
        movw    %ax, %ds                        /* null selectors, as behind a trap */
        movw    %ax, %es
        movw    %ax, %fs
        movw    %ax, %gs
        ret                                     /* to `ip`: #GP */
1:      jmp     leave_v86

        .section .note.GNU-stack, "", @progbits
