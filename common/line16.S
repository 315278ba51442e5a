/* line16.S -- sets the serial line up, for boot sectors: their .S files include this one.
 *
 * 16-bit code, real mode, CPL 0, a stack. In C, and in other modes: serial.c.
 */
/* serial_init -- 115200 baud, 8 data bits, no parity, 1 stop bit. Changes AX, DX. */
serial_init:
        movw    $UART_LCR, %dx
        movb    $UART_LCR_DLAB, %al
        outb    %al, %dx
        movw    $UART_DATA, %dx
        movb    $1, %al                 /* divisor 1 */
        outb    %al, %dx
        incw    %dx
        decw    %ax
        outb    %al, %dx
        movw    $UART_LCR, %dx
        movb    $UART_LCR_8N1, %al
        outb    %al, %dx
        ret
