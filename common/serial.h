/* serial.h -- COM1, 115200 baud, 8 data bits, no parity. Any mode, CPL 0. Its literals are
 * safe in .S files.
 */
#ifndef SERIAL_H
#define SERIAL_H

#define SERIAL_SAID_BYTES       8192    /* the longest log of a lab's own challenge: 5,315 */

#ifndef __ASSEMBLER__

/* Sets the line up. A program that skips this prints garbage on Bochs, whose
 * UART starts with 5 data bits. */
void serial_init(void);

/* Sends one byte, waiting for room. */
void serial_put(char byte);

/* Waits until the last byte is on the wire; an emulator that is powered off
 * earlier loses it. */
void serial_drain(void);

#endif
#endif
