/* canary.S -- given: does vmlaunch() or vmresume() keep what a C function must keep?
 *
 * enum vmx_result call_with_canaries(launch, uint64_t *registers, uint64_t *canaries)
 * 64-bit mode, ring 0. RDI: the function; RSI: its argument; RDX: CANARIES values. During
 * the call these are in the registers, and nowhere else; then what is left of them is here.
 */
        .text
        .code64

/* What is in memory goes to the registers, and what is in them to memory. */
        .macro  EXCHANGE
        xchgq   %rbx, 0 * 8(%rdx)
        xchgq   %rbp, 1 * 8(%rdx)
        xchgq   %r12, 2 * 8(%rdx)
        xchgq   %r13, 3 * 8(%rdx)
        xchgq   %r14, 4 * 8(%rdx)
        xchgq   %r15, 5 * 8(%rdx)
        .endm

        .globl  call_with_canaries
call_with_canaries:
        pushq   %rdx
        EXCHANGE                        /* the caller's registers wait in memory */
        movq    %rdi, %rax
        movq    %rsi, %rdi
        call    *%rax
        popq    %rdx
        EXCHANGE
        ret

        .section .note.GNU-stack, "", @progbits
