/* serial.c -- the serial line, by polling; called by print.c in any mode. */
#include "serial.h"

#include <stdint.h>

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

/* What was sent, for the screen of a PC: leave.S shows it when the run is over. Memory of a
 * screen would be nearer, but whether it is mapped is up to the tables that a program makes. */
char serial_said[SERIAL_SAID_BYTES];
uint32_t serial_said_bytes;

void serial_put(char byte)
{
        if (serial_said_bytes < SERIAL_SAID_BYTES)
                serial_said[serial_said_bytes++] = byte;
        while (!(inb(UART_LSR) & UART_LSR_THRE))
                ;
        outb(UART_DATA, byte);
}

void serial_drain(void)
{
        while (!(inb(UART_LSR) & UART_LSR_TEMT))
                ;
}
