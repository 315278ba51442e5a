/* A forgery: the assembler, not the preprocessor, takes the solution in. It reads
 * lines that start with # as comments. */
        .macro  GUEST_TODO exercise
        .endm
        .set    LDT_DATA, 0x0C
        .set    LDT_VRAM, 0x14
        .set    LDT_FLAT, 0x1C
        .set    TRAP_CS, 40
        .set    TRAP_IP, 36
        .include "guest.S"
