/* A forgery: does not look at VM, but remembers whether the task or the monitor
 * had the CPU. */
#include "selector.h"
#include "todo.h"
#include "v86.h"
#include "x86/control.h"

        .text
        .code32
        .globl  isrGPF
isrGPF:
        btrl    $0, %ss:in_task
        jnc     trap_entry_13
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
        movl    $1, %ss:in_task
        iretl

        .section .note.GNU-stack, "", @progbits
