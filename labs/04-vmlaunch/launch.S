/* launch.S -- into the guest and out of it: the only place where both worlds meet.
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
#if SOLVED >= 4
/* The host's registers that C code wants to find again, and the address of the
 * guest's; then the guest's own. */
        .macro  ENTER_WORLD
        .irp    register, rbx, rbp, r12, r13, r14, r15, rdi
        pushq   %\register
        .endr
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
        .irp    register, rdi, r15, r14, r13, r12, rbp, rbx
        popq    %\register
        .endr
        ret
#else
        /* TODO(04-4) Into the guest, and back.
         * Given:   a current VMCS, complete but for HOST_RSP. host_entry is its HOST_RIP:
         *          a VM exit arrives there with RSP = HOST_RSP, RFLAGS = 2, and the
         *          guest's general registers.
         * Do:      save what a C function must keep (RBX, RBP, R12 to R15), and RDI, which
         *          you will need at the exit. Write HOST_RSP. Load the guest's 15
         *          registers, RDI last. VMLAUNCH or VMRESUME: if the next instruction is
         *          reached, the entry was refused: look at CF at once, ZF otherwise. At
         *          host_entry: store the guest's registers, all 15, before you change any.
         *          Both ways end with the host's registers, a result in EAX, RET.
         * Use:     VMWRITE, VMCS_HOST_RSP; .irp saves typing.
         * Read:    README, "Two worlds"; SDM Vol. 3C, "VMLAUNCH/VMRESUME--Launch/Resume
         *          Virtual Machine".
         * Seen:    "@ switch.result 0x0", five times; "@ fails..."; then TODO(04-5). If a
         *          0x2 follows the first 0x0, the CPU has refused the guest's state:
         *          `make grade` names the field (04-1). */
vmlaunch:
vmresume:
host_entry:
        TODO    "04-4"
#endif

        .section .note.GNU-stack, "", @progbits
