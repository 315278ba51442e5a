/* vmxon.S -- into VMX operation and out of it.
 *
 * Called from C in 64-bit mode, ring 0, interrupts off. RDI: the argument. Returns enum
 * vmx_result in EAX. May change RAX, RCX, RDX, RSI, RDI, R8 to R11 and flags.
 */
#include "todo.h"
#include "vmx.h"

        .text
        .code64

/* enum vmx_result vmxon(const uint64_t *pa)
 * *pa is the physical address of a VMXON region. After VMX_OK the CPU is in VMX root
 * operation; after anything else nothing has changed. */
        .globl  vmxon
vmxon:
#if SOLVED >= 5
        EXPECT_FAULT faulted
        vmxon   (%rdi)
        jmp     executed                /* JMP changes no flag */
#else
        /* TODO(03-5) Execute VMXON, and say how it went.
         * Given:   RDI points to the region's physical address: that is what VMXON's
         *          memory operand is. prepare_region(), in machine.c, comes first.
         * Do:      look at CF and ZF before any instruction can change them. CF alone:
         *          VMX_FAIL_INVALID; ZF alone: VMX_FAIL_VALID; neither: VMX_OK. If
         *          the CPU raises an exception instead: VMX_FAULT.
         * Use:     EXPECT_FAULT label in front of it; EXPECT_NONE behind it.
         * Read:    README, "How a VMX instruction ends"; SDM Vol. 3C, "VMXON--Enter
         *          VMX Operation".
         * Seen:    "@ attempt..." and "@ result...", up to the stop in vmxoff. */
        TODO    "03-5"
#endif

/* enum vmx_result vmxoff(void)
 * After VMX_OK the CPU is as it was before VMXON. */
        .globl  vmxoff
vmxoff:
#if SOLVED >= 5
        EXPECT_FAULT faulted
        vmxoff

executed:
        movl    $VMX_FAIL_INVALID, %eax
        jc      1f
        movl    $VMX_FAIL_VALID, %eax
        jz      1f
        movl    $VMX_OK, %eax
1:      EXPECT_NONE
        ret

faulted:                                /* trap() has taken the expectation back */
        movl    $VMX_FAULT, %eax
        ret
#else
        /* Still TODO(03-5): the same for VMXOFF, which has no operand.
         * Seen:    all attempts, then TODO(03-6). */
        TODO    "03-5"
#endif

        .section .note.GNU-stack, "", @progbits
