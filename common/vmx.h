/* vmx.h -- how a VMX instruction ends, and the instructions as functions.
 *
 * Every VMX instruction says in CF and ZF how it went: SDM Vol. 3C, "VMX Instruction
 * Reference", "Conventions".
 */
#ifndef VMX_H
#define VMX_H

#ifdef __ASSEMBLER__
#define VMX_OK                  0
#define VMX_FAIL_INVALID        1
#define VMX_FAIL_VALID          2
#define VMX_FAULT               3

/* An exception of the next instruction is expected: the CPU then goes on at
 * `resume`, on the stack it has now. EXPECT_NONE takes that back. Both leave the
 * flags and all registers alone. See trap.h. */
        .macro  EXPECT_FAULT resume
        movq    $\resume, trap_expected         /* .resume: the first member */
        .endm
        .macro  EXPECT_NONE
        movq    $0, trap_expected
        .endm
#else
#include <stdint.h>

enum vmx_result {
        VMX_OK,                 /* VMsucceed: CF and ZF are clear */
        VMX_FAIL_INVALID,       /* VMfailInvalid: CF. No VMCS can say why */
        VMX_FAIL_VALID,         /* VMfailValid: ZF. The current VMCS says why */
        VMX_FAULT,              /* not executed: an exception */
};

_Static_assert(VMX_FAIL_INVALID == 1 && VMX_FAIL_VALID == 2 && VMX_FAULT == 3, "as in .S");

/* vmx.S. `pa` points to the physical address of a VMCS region. */
#define CHECKED __attribute__((warn_unused_result))
enum vmx_result vmclear(const uint64_t *pa) CHECKED;
enum vmx_result vmptrld(const uint64_t *pa) CHECKED;
enum vmx_result vmptrst(uint64_t *pa) CHECKED;

/* `field` is an encoding of x86/vmcs.h. *value changes only if the result is VMX_OK. */
enum vmx_result vmread(uint64_t field, uint64_t *value) CHECKED;
enum vmx_result vmwrite(uint64_t field, uint64_t value) CHECKED;

/* The same where nothing can go wrong, one instruction each: there is a current VMCS, and
 * every CPU has the field. */
static inline uint64_t vmcs_read(uint64_t field)
{
        uint64_t value;

        asm volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
        return value;
}

static inline void vmcs_write(uint64_t field, uint64_t value)
{
        asm volatile("vmwrite %1, %0" : : "r"(field), "r"(value) : "cc");
}
#endif

#endif
