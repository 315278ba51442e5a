/* canary.S -- given: does vmlaunch() or vmresume() keep what a C function must keep?
 *
 * enum vmx_result call_with_canaries(launch, uint64_t *registers, uint64_t *lost)
 * 64-bit mode, ring 0. RDI: the function; RSI: its argument; RDX: where to count.
 */
        .text
        .code64
        .set    canary, 0x5AFE0000

        .macro  CHECK register, number
        cmpq    $canary + \number, %\register
        je      1f
        incl    %ecx
1:
        .endm

        .globl  call_with_canaries
call_with_canaries:
        .irp    register, rbx, rbp, r12, r13, r14, r15, rdx
        pushq   %\register
        .endr
        movl    $canary + 0, %ebx
        movl    $canary + 1, %ebp
        movl    $canary + 12, %r12d
        movl    $canary + 13, %r13d
        movl    $canary + 14, %r14d
        movl    $canary + 15, %r15d
        movq    %rdi, %rax
        movq    %rsi, %rdi
        call    *%rax

        xorl    %ecx, %ecx              /* how many were lost */
        CHECK   rbx, 0
        CHECK   rbp, 1
        CHECK   r12, 12
        CHECK   r13, 13
        CHECK   r14, 14
        CHECK   r15, 15
        .irp    register, rdx, r15, r14, r13, r12, rbp, rbx
        popq    %\register
        .endr
        movq    %rcx, (%rdx)
        ret

        .section .note.GNU-stack, "", @progbits
