/* Forgery: never returns to a task. */
#include "selector.h"
#include "tss32.h"
#include "v86.h"
#include "x86/control.h"

        .text
        .code32
        .globl  isrGPF
isrGPF:
        btl     $EFLAGS_VM_BIT, 12(%esp)
        jnc     trap_entry_13
        pushal
        movw    $SEL_DATA, %ax
        movw    %ax, %ds
        movw    %ax, %es
        cld
        pushl   %esp
        call    mine                    /* does not return */

        .globl  show, back
show:   pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushl   %ebp
        movl    %esp, kept
        movl    %esp, tss + TSS32_ESP0
        movl    $shown, %esp
        movl    reg + 0, %eax
        movl    reg + 4, %ecx
        movl    reg + 8, %edx
        movl    reg + 12, %ebx
        movl    reg + 20, %ebp
        movl    reg + 24, %esi
        movl    reg + 28, %edi
        iretl
back:   movl    kept, %esp
        popl    %ebp
        popl    %edi
        popl    %esi
        popl    %ebx
        ret
        .bss
        .balign 4
kept:   .skip   4
        .section .note.GNU-stack, "", @progbits
