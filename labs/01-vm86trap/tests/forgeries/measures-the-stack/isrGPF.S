/* A forgery: does not look at VM, but at ESP: a fault of ring 0 is deeper in
 * the stack than a task's. */
#include "selector.h"
#include "tss32.h"
#include "todo.h"
#include "v86.h"
#include "x86/control.h"

        .text
        .code32
        .globl  isrGPF
isrGPF:
        pushl   %eax
        leal    44(%esp), %eax                  /* behind ten dwords: where a trap of a task begins */
        cmpl    %eax, %ss:tss + TSS32_ESP0
        popl    %eax
        jne     trap_entry_13
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
