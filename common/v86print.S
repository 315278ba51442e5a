/* v86print.S -- text on the serial line, for programs in virtual-8086 mode.
 *
 * 16-bit code, ring 3, a stack; in section .v86, called from there. The UART is
 * set up, and its ports must be allowed: SDM Vol. 1, "I/O Permission Bit Map".
 */
#include "x86/uart.h"

        .section .v86, "awx"
        .code16

        .globl  put_string, put_hex, put_byte
#include "put16.S"

        .section .note.GNU-stack, "", @progbits
