/* vmx.S -- the instructions that work on a VMCS, one function each; 64-bit programs
 * only. VMXON and VMXOFF, VMLAUNCH and VMRESUME are the labs'.
 *
 * Called from C in 64-bit mode, CPL 0, in VMX root operation (else #UD). RDI, RSI:
 * the arguments. Returns enum vmx_result in EAX; changes RCX and flags.
 */
#include "vmx.h"

        .text
        .code64

/* enum vmx_result vmclear(const uint64_t *pa): the VMCS region there is nobody's, not
 * launched, and all of it is in memory. */
        .globl  vmclear
vmclear:
        vmclear (%rdi)
        jmp     result

/* enum vmx_result vmptrld(const uint64_t *pa): makes it the current VMCS. */
        .globl  vmptrld
vmptrld:
        vmptrld (%rdi)
        jmp     result

/* enum vmx_result vmptrst(uint64_t *pa): which VMCS is current? All ones: none is. */
        .globl  vmptrst
vmptrst:
        vmptrst (%rdi)
        jmp     result

/* enum vmx_result vmread(uint64_t field, uint64_t *value) */
        .globl  vmread
vmread: vmread  %rdi, %rcx
        jbe     failed                  /* CF or ZF */
        movq    %rcx, (%rsi)
        movl    $VMX_OK, %eax
        ret

/* enum vmx_result vmwrite(uint64_t field, uint64_t value) */
        .globl  vmwrite
vmwrite:
        vmwrite %rsi, %rdi

result: jbe     failed
        movl    $VMX_OK, %eax
        ret

failed: movl    $VMX_FAIL_INVALID, %eax
        jc      1f                      /* MOV has not changed it */
        movl    $VMX_FAIL_VALID, %eax
1:      ret

        .section .note.GNU-stack, "", @progbits
