/* Part of a forgery (thevmm.c): in and out; the guest gets its eight registers. */
#include "vmx.h"
#include "x86/vmcs.h"

        .text
        .code64
        .globl  vmlaunch, vmresume, host_entry, back
vmlaunch:
        .irp    register, rbx, rbp, r12, r13, r14, r15
        pushq   %\register
        .endr
        movl    $VMCS_HOST_RSP, %eax
        vmwrite %rsp, %rax
        movq    0 * 8(%rdi), %rax
        movq    1 * 8(%rdi), %rcx
        movq    2 * 8(%rdi), %rdx
        movq    3 * 8(%rdi), %rbx
        movq    5 * 8(%rdi), %rbp
        movq    6 * 8(%rdi), %rsi
        movq    7 * 8(%rdi), %rdi
        vmlaunch
        movl    $VMX_FAIL_VALID, %eax
        jmp     1f
host_entry:
back:   movl    $VMX_OK, %eax
1:      .irp    register, r15, r14, r13, r12, rbp, rbx
        popq    %\register
        .endr
        ret

vmresume:                               /* the guest is to run once */
        movl    $VMX_OK, %eax
        ret

        .section .note.GNU-stack, "", @progbits
