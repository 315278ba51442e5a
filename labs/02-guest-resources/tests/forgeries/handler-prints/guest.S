/* The rest of it: a guest that does nothing but trap, and a handler that goes to C code
 * of the forgery's. */
#include "selector.h"
#include "vmxstep1.h"

        .section .v86, "awx"
base:
        .code16
        .globl  guest_task, bare_hlt
guest_task:
        nop
bare_hlt:
        hlt

        .code32
        .globl  guest_isrGPF
guest_isrGPF:
        pushal
        movw    $LDT_DATA, %ax
        movw    %ax, %ds
        lgdt    program_gdt - base
        ljmp    $SEL_CODE32, $own_from_guest
program_gdt:
        .word   8 * GDT_SLOTS - 1
        .long   gdt

        .balign 4
        .globl  guest_code
guest_code:     .long   0
        .skip   512
        .globl  guest_stack3
guest_stack3:
        .skip   512
        .globl  guest_stack0
guest_stack0:

        .text
own_from_guest:
        movl    $SEL_DATA, %eax
        movw    %ax, %ds
        movw    %ax, %es
        leal    v86_base(%esp), %ebx
        movw    %ax, %ss
        movl    $own_stack, %esp
        pushl   %ebx
        call    own_trapped

        .bss
        .skip   4096
own_stack:

        .section .note.GNU-stack, "", @progbits
