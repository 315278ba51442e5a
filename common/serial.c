/* serial.c -- the serial line, by polling; called by print.c in any mode. */
#include "serial.h"

#include "cpu.h"
#include "x86/uart.h"

void serial_init(void)
{
        outb(UART_LCR, UART_LCR_DLAB);
        outb(UART_DATA, 1);                     /* 115200 / 1 baud */
        outb(UART_IER, 0);
        outb(UART_LCR, UART_LCR_8N1);
        outb(UART_IER, 0);                      /* no interrupts: we poll */
}

void serial_put(char byte)
{
        while (!(inb(UART_LSR) & UART_LSR_THRE))
                ;
        outb(UART_DATA, byte);
}

void serial_drain(void)
{
        while (!(inb(UART_LSR) & UART_LSR_TEMT))
                ;
}
