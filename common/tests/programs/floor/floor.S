/* floor.S -- a boot sector that powers off at once: how fast an emulator can be.
 *
 * Sector 0 itself, no loader. Real mode, CS:IP 0000:7C00.
 */
#include "x86/power.h"

        .code16
        .globl  _start
_start: cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    $POWER_QEMU_PORT, %dx
        outb    %al, %dx
        movw    $POWER_BOCHS_PORT, %dx
        movw    $text - _start + 0x7C00, %si
        movw    $8, %cx
        cld
1:      lodsb
        outb    %al, %dx
        loop    1b
2:      hlt
        jmp     2b
text:   .ascii  "Shutdown"
        .org    510
        .word   0xAA55

        .section .note.GNU-stack, "", @progbits
