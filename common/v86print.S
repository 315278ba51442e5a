/* v86print.S -- text on the serial line, for programs in virtual-8086 mode.
 *
 * 16-bit code, ring 3, a stack; in section .v86, called from there. The UART is
 * set up, and its ports must be allowed: SDM Vol. 1, "I/O Permission Bit Map".
 */
#include "x86/uart.h"

        .section .v86, "awx"
        .code16

/* put_string: sends the string at DS:SI, up to a zero byte. Changes AL, SI. */
        .globl  put_string
put_string:
        lodsb
        testb   %al, %al
        jz      1f
        call    put_byte
        jmp     put_string
1:      ret

/* put_hex: sends EAX as eight hex digits. Changes EAX, CX. */
        .globl  put_hex
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
        .globl  put_byte
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

        .section .note.GNU-stack, "", @progbits
