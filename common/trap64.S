/* trap64.S -- where the CPU arrives for every vector that the program does not
 * handle itself; 64-bit programs only.
 *
 * trap_entry_N: 64-bit mode, CPL 0, interrupts off, the CPU's frame of five
 * quadwords on the stack, with its error code if vector N has one. Each completes a
 * struct trap and calls trap(); if that returns, so do they.
 */
#include "x86/exception.h"

        .text
        .code64
        .altmacro
        .macro  ENTRY vector
        .globl  trap_entry_\vector
trap_entry_\vector:
        .if     !((VECTORS_WITH_ERROR_CODE >> \vector) & 1)
        pushq   $0
        .endif
        pushq   $\vector
        jmp     trap_common
        .section .rodata
        .quad   trap_entry_\vector
        .text
        .endm

        .section .rodata
        .balign 8
        .globl  trap_entry
trap_entry:
        .text
        .set    n, 0
        .rept   VECTORS
        ENTRY   %n
        .set    n, n + 1
        .endr

trap_common:
        .irp    register, ax, cx, dx, bx, sp, bp, si, di
        pushq   %r\register
        .endr
        .irp    register, 8, 9, 10, 11, 12, 13, 14, 15
        pushq   %r\register
        .endr
        cld
        movq    %rsp, %rdi              /* struct trap * */
        movq    %rsp, %rbp
        andq    $-16, %rsp              /* the ABI wants an aligned stack */
        call    trap
        movq    %rbp, %rsp
        .irp    register, 15, 14, 13, 12, 11, 10, 9, 8
        popq    %r\register
        .endr
        .irp    register, di, si, bp
        popq    %r\register
        .endr
        addq    $8, %rsp                /* RSP itself is in the CPU's frame */
        .irp    register, bx, dx, cx, ax
        popq    %r\register
        .endr
        addq    $16, %rsp               /* vector and error code */
        iretq

        .section .note.GNU-stack, "", @progbits
