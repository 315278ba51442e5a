/* x86/exception.h -- exception vectors: literals only, safe in .S files.
 *
 * SDM Vol. 3A, "Exception and Interrupt Vectors".
 */
#ifndef X86_EXCEPTION_H
#define X86_EXCEPTION_H

#define VECTOR_DE       0       /* divide error */
#define VECTOR_DB       1       /* debug */
#define VECTOR_NMI      2
#define VECTOR_BP       3       /* breakpoint */
#define VECTOR_OF       4       /* overflow */
#define VECTOR_BR       5       /* BOUND range exceeded */
#define VECTOR_UD       6       /* invalid opcode */
#define VECTOR_NM       7       /* device not available */
#define VECTOR_DF       8       /* double fault */
#define VECTOR_TS       10      /* invalid TSS */
#define VECTOR_NP       11      /* segment not present */
#define VECTOR_SS       12      /* stack-segment fault */
#define VECTOR_GP       13      /* general protection */
#define VECTOR_PF       14      /* page fault */
#define VECTOR_MF       16      /* x87 floating-point error */
#define VECTOR_AC       17      /* alignment check */
#define VECTOR_MC       18      /* machine check */
#define VECTOR_XM       19      /* SIMD floating-point error */

#define VECTORS         32      /* the vectors that the CPU itself raises */

/* Vectors for which the CPU pushes an error code, one bit each:
 * #DF, #TS, #NP, #SS, #GP, #PF, #AC. */
#define VECTORS_WITH_ERROR_CODE 0x00027D00

#endif
