/* isrGPF.S -- vector 13: where the CPU arrives on a general-protection fault.
 *
 * In: 32-bit protected mode, ring 0, interrupts off, on the stack that the TSS
 * names, an error code on top. If the fault came from virtual-8086 mode the
 * whole frame of ten dwords is there, and DS, ES, FS, GS hold null selectors.
 * Out: IRETL to the task, behind the instruction that trapped.
 */
#include "selector.h"
#include "todo.h"
#include "vm86trap.h"
#include "x86/control.h"

        .text
        .code32
        .globl  isrGPF
isrGPF:
        btl     $EFLAGS_VM_BIT, 12(%esp)        /* VM in the EFLAGS image? */
        jnc     trap_entry_13                   /* no: not the task's fault */
        pushal
        /* C code wants flat data segments, and a pointer to the frame. */
        movw    $SEL_DATA, %ax
        movw    %ax, %ds
        movw    %ax, %es
        cld
        pushl   %esp                            /* struct v86_trap * */
        call    trap_from_v86
        addl    $4, %esp

        /* EAX = the length of the instruction that was emulated. */
        addw    %ax, TRAP_IP(%esp)
        popal
        addl    $4, %esp                        /* the error code: IRETL wants IP on top */
        iretl

        .section .note.GNU-stack, "", @progbits
