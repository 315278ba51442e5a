/* trap32.S -- where the CPU arrives for every vector that the program does not
 * handle itself; 32-bit programs only.
 *
 * trap_entry_N: 32-bit protected mode, CPL 0, interrupts off, the CPU's frame on
 * the stack, with its error code if vector N has one. Data segments may hold
 * anything: after virtual-8086 mode the CPU loads them with null selectors.
 * Each completes a struct trap and calls trap(); if that returns, so do they.
 */
#include "selector.h"
#include "x86/exception.h"

        .text
        .code32
        .altmacro
        .macro  ENTRY vector
        .globl  trap_entry_\vector
trap_entry_\vector:
        .if     !((VECTORS_WITH_ERROR_CODE >> \vector) & 1)
        pushl   $0
        .endif
        pushl   $\vector
        jmp     trap_common
        .section .rodata
        .long   trap_entry_\vector
        .text
        .endm

        .section .rodata
        .balign 4
        .globl  trap_entry
trap_entry:
        .text
        .set    n, 0
        .rept   VECTORS
        ENTRY   %n
        .set    n, n + 1
        .endr

trap_common:
        pushal
        movw    $SEL_DATA, %ax
        movw    %ax, %ds
        movw    %ax, %es
        cld
        pushl   %esp                    /* struct trap * */
        call    trap
        addl    $4, %esp
        popal
        addl    $8, %esp                /* vector and error code */
        iretl

        .section .note.GNU-stack, "", @progbits
