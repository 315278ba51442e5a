/* Part of a forgery (thevmm.c): in at a hlt, out again; registers are left alone. */
#include "vmx.h"
#include "x86/vmcs.h"

        .text
        .code64
        .globl  vmlaunch, vmresume, host_entry, back, nothing
vmresume:
vmlaunch:
        .irp    register, rbx, rbp, r12, r13, r14, r15
        pushq   %\register
        .endr
        movl    $VMCS_HOST_RSP, %eax
        vmwrite %rsp, %rax
        vmlaunch
        vmresume
host_entry:
back:   .irp    register, r15, r14, r13, r12, rbp, rbx
        popq    %\register
        .endr
        movl    $VMX_OK, %eax
        ret

nothing:
        .fill   16, 1, 0xF4             /* hlt: the testbed goes on behind each */

        .section .note.GNU-stack, "", @progbits
