/* A forgery: the assembler, not the preprocessor, takes the solution in. It reads
 * lines that start with # as comments. */
        .set    VMX_OK, 0
        .set    VMX_FAIL_INVALID, 1
        .set    VMX_FAIL_VALID, 2
        .set    VMX_FAULT, 3
        .macro  EXPECT_FAULT resume
        movq    $\resume, trap_expected
        .endm
        .macro  EXPECT_NONE
        movq    $0, trap_expected
        .endm
        .macro  TODO exercise
        .endm
        .include "vmxon.S"
