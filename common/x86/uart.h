/* x86/uart.h -- COM1, a 16550 UART: literals only, safe in .S files.
 *
 * National Semiconductor PC16550D data sheet, "Registers".
 */
#ifndef X86_UART_H
#define X86_UART_H

#define UART_DATA       0x3F8   /* read: receive; write: send; with DLAB: divisor, low */
#define UART_IER        0x3F9   /* interrupt enable; with DLAB: divisor, high */
#define UART_LCR        0x3FB   /* line control */
#define UART_LSR        0x3FD   /* line status */

#define UART_LCR_8N1    0x03    /* 8 data bits, no parity, 1 stop bit */
#define UART_LCR_DLAB   0x80    /* the first two ports reach the divisor */

#define UART_LSR_THRE   0x20    /* the next byte may be written */
#define UART_LSR_TEMT   0x40    /* the last byte has left the shift register */

#endif
