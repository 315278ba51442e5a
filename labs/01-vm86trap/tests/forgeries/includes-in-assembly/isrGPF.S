/* A forgery: the assembler, not the preprocessor, takes the solution in. It reads
 * lines that start with # as comments. */
        .macro  TODO exercise
        .endm
        .set    SEL_DATA, 0x10
        .set    TRAP_IP, 36
        .set    EFLAGS_VM_BIT, 17
        .include "isrGPF.S"
