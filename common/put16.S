/* put16.S -- text on the serial line, in 16-bit code: other .S files include this one, in the
 * section and the mode of theirs.
 *
 * Real mode, or virtual-8086 mode with the UART's ports allowed; a stack. The line is set up.
 */
/* put_string: sends the string at DS:SI, up to a zero byte. Changes AL, SI. */
put_string:
        lodsb
        testb   %al, %al
        jz      1f
        call    put_byte
        jmp     put_string
1:      ret

/* put_hex: sends EAX as eight hex digits. Changes EAX, CX. */
put_hex:
        movw    $8, %cx
1:      roll    $4, %eax
        pushl   %eax
        andb    $15, %al
        addb    $'0', %al
        cmpb    $'9', %al
        jbe     2f
        addb    $'a' - '9' - 1, %al
2:      call    put_byte
        popl    %eax
        loop    1b
        ret

/* put_byte: sends AL. Changes nothing. */
put_byte:
        pushw   %dx
        pushw   %ax
        movw    $UART_LSR, %dx
1:      inb     %dx, %al
        testb   $UART_LSR_THRE, %al
        jz      1b
        popw    %ax
        movw    $UART_DATA, %dx
        outb    %al, %dx
        popw    %dx
        ret
