/* program.S -- a program as they were in 2007: labels count from 0, no header but
 * the signature, entered at 1000:0002 in real mode, and back by LRET.
 */
#include "x86/uart.h"

        .code16
        .globl  _start
_start: .word   0xABCD
        pushw   %cs
        popw    %ds
        movw    $text, %si
        call    put_string
        movb    $'0', %al               /* what the loader left: EBX, 0000:04F0, FS, GS */
        xorw    %dx, %dx
        movw    %dx, %es
        testl   %ebx, %ebx
        jnz     1f
        cmpl    %es:0x04F0, %ebx
        jne     1f
        movl    $-1, %es:0x04F0         /* the next boot has to write it again */
        incb    %al                     /* 1: the program starts at sector EBX + 1 */
        movl    $0x80000, %esi
        movb    $'!', %fs:(%esi)        /* far above 64 KB: needs the 4-GB limits */
        cmpb    $'!', %gs:(%esi)
        jne     1f
        incb    %al                     /* 2: and FS and GS reach everything */
1:      call    put_byte
        movw    $newline, %si
        call    put_string
        movw    $last, %si              /* the last of its 127 sectors was read too */
        call    put_string
        lretw

#include "put16.S"

text:   .asciz  "old program: "
newline: .asciz "\n"
        .org    127 * 512 - 16
last:   .asciz  "the last one\n"
        .org    127 * 512

        .section .note.GNU-stack, "", @progbits
