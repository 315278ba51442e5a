/* show.S -- given: a line of text on the guest's screen.
 *
 * show_trap: 32-bit protected mode, ring 0, ES = a segment of text cells (a character
 * and its colours, 16 bits). In: EBX the address at which the guest trapped, EAX the
 * code there. Writes "GP xxxxxxxx:xxxxxxxx" at the start of the segment.
 * Changes EAX, EDX, EDI.
 */
#define COLOURS 0x1F00                  /* white on blue */
#define CELLS(one, other) ((COLOURS + other) << 16 | (COLOURS + one))

        .section .v86, "awx"
        .code32
        .globl  show_trap
show_trap:
        pushl   %eax
        movl    $CELLS('G', 'P'), %es:0
        movw    $COLOURS + ' ', %es:4
        movl    $6, %edi
        cld
        movl    %ebx, %edx
        call    show_hex
        movw    $COLOURS + ':', %es:(%edi)
        addl    $2, %edi
        popl    %edx
        call    show_hex
        ret

/* show_hex: EDX as eight digits at ES:EDI. Changes EAX, EDX, EDI. */
show_hex:
        pushl   %ecx
        movl    $8, %ecx
1:      roll    $4, %edx
        movl    %edx, %eax
        andl    $15, %eax
        addb    $'0', %al
        cmpb    $'9', %al
        jbe     2f
        addb    $'a' - '9' - 1, %al
2:      orl     $COLOURS, %eax
        stosw
        loop    1b
        popl    %ecx
        ret

        .section .note.GNU-stack, "", @progbits
