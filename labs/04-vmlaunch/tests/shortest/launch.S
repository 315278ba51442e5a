/* launch.S -- the shortest way from an exit to the next entry that still emulates
 * `mov %cr0, reg`: nothing is checked, nothing is reported, every exit is taken for one.
 * What the lab's own way costs is measured against this one.
 *
 * 64-bit mode, ring 0, VMX root operation, a current VMCS.
 */
#include "vmx.h"
#include "vmxstep3.h"
#include "x86/vmcs.h"

#define MOV_CR_LENGTH   3
#define CR0_SHADOW      8               /* offset in struct monitor */

        .macro  LOAD_GUEST
        .irp    number, 8, 9, 10, 11, 12, 13, 14, 15
        movq    guest + \number * 8, %r\number
        .endr
        movq    guest + RAX * 8, %rax
        movq    guest + RCX * 8, %rcx
        movq    guest + RDX * 8, %rdx
        movq    guest + RBX * 8, %rbx
        movq    guest + RBP * 8, %rbp
        movq    guest + RSI * 8, %rsi
        movq    guest + RDI * 8, %rdi
        .endm

        .text
        .code64
        .globl  theVMM, host_entry
theVMM: LOAD_GUEST
        vmlaunch
        ud2

host_entry:
        .irp    number, 8, 9, 10, 11, 12, 13, 14, 15
        movq    %r\number, guest + \number * 8
        .endr
        movq    %rax, guest + RAX * 8
        movq    %rcx, guest + RCX * 8
        movq    %rdx, guest + RDX * 8
        movq    %rbx, guest + RBX * 8
        movq    %rbp, guest + RBP * 8
        movq    %rsi, guest + RSI * 8
        movq    %rdi, guest + RDI * 8

        movl    $VMCS_GUEST_RIP, %eax
        vmread  %rax, %rcx
        movl    $VMCS_GUEST_CS_BASE, %edx
        vmread  %rdx, %rdx
        movzbl  2(%rdx,%rcx), %edx              /* the byte that names the register */
        andl    $7, %edx
        movq    monitor + CR0_SHADOW, %rbx
        movq    %rbx, guest(,%rdx,8)
        addq    $MOV_CR_LENGTH, %rcx
        vmwrite %rcx, %rax

        LOAD_GUEST
        vmresume
        ud2

/* The testbed wants them; they enter nothing. */
        .globl  vmlaunch, vmresume
vmlaunch:
vmresume:
        movl    $VMX_FAIL_INVALID, %eax
        ret

        .section .note.GNU-stack, "", @progbits
