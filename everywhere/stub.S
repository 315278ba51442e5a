/* stub.S -- a Multiboot kernel that holds a program of ours, for GRUB.
 *
 * GRUB loads it to 1 MB, with the program in it (PROGRAM, a flat binary of the boot
 * contract), leaves the firmware, be it BIOS or UEFI, and enters stub_start in 32-bit
 * protected mode without paging (Multiboot Specification 0.6.96, "Machine state"). The
 * stub makes of that what boot.S leaves: real mode, the program at ARENA, FS and GS with
 * 4-GB limits, a stack below 0000:7C00. But interrupts stay off, and no BIOS is called:
 * behind UEFI there is none. (leave.S calls it where the screen is a BIOS's.)
 */
#include "selector.h"
#include "x86/bios.h"
#include "x86/control.h"
#include "x86/uart.h"

#define MULTIBOOT_MAGIC         0x1BADB002
#define LOADER_PA               0x7C00          /* where boot.S would be */
#define LBA_CELL                0x04F0

/* The multiboot information, at EBX. */
#define INFO_FLAGS              0
#define INFO_FLAGS_FRAMEBUFFER  (1 << 12)
#define INFO_FRAMEBUFFER_TYPE   109
#define TYPE_EGA_TEXT           2

        .section .text
        .code32
        .globl  stub_start
        .balign 4
header: .long   MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC

stub_start:
        cli
        cld
        testl   $INFO_FLAGS_FRAMEBUFFER, INFO_FLAGS(%ebx)
        jz      1f
        cmpb    $TYPE_EGA_TEXT, INFO_FRAMEBUFFER_TYPE(%ebx)
        je      2f
1:      movb    $0, BDA_VIDEO_MODE      /* no text screen, and no BIOS behind it */
2:      movl    $program, %esi
        movl    $ARENA, %edi
        movl    $program_end - program + 3, %ecx
        shrl    $2, %ecx
        rep movsl
        movl    $low, %esi
        movl    $LOADER_PA, %edi
        movl    $low_end - low + 3, %ecx
        shrl    $2, %ecx
        rep movsl

        /* What firmware may have switched on, and a PC's BIOS leaves off. */
        xorl    %eax, %eax
        movl    %eax, %cr3
        movl    %eax, %cr4
        xorl    %edx, %edx
        movl    $MSR_EFER, %ecx
        wrmsr
        lgdt    LOADER_PA + gdt_pointer - low
        lidt    LOADER_PA + idt_pointer - low
        movw    $STUB_DATA32, %ax
        movw    %ax, %fs
        movw    %ax, %gs
        movw    $STUB_DATA16, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        ljmp    $STUB_CODE16, $LOADER_PA + leave_protected_mode - low

/* From here on copied to LOADER_PA, where real mode reaches it. */
low:
        .code16
leave_protected_mode:
        movl    $CR0_ET, %eax           /* no PE, no PG; caches on */
        movl    %eax, %cr0
        ljmp    $0, $LOADER_PA + real_mode - low
real_mode:
        xorl    %ebx, %ebx
        movw    %bx, %ds
        movw    %bx, %es
        movw    %bx, %fs                /* FS and GS keep their limits */
        movw    %bx, %gs
        movw    %bx, %ss
        movw    $LOADER_PA, %sp
        call    serial_init
        movw    $LOADER_PA + text_line - low, %si  /* UEFI writes there, too, and ends no line */
        call    print
        movl    %ebx, LBA_CELL
        movb    $0x80, %dl
        lcall   $ARENA >> 4, $2

        cli                             /* it has returned, and this is a PC */
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $LOADER_PA, %sp
        cld
        movw    $LOADER_PA + text_over - low, %si
        call    print
1:      hlt
        jmp     1b

/* print -- the string at DS:SI, on the serial line. */
print:  lodsb
        testb   %al, %al
        jz      2f
        movb    %al, %ah
        movw    $UART_LSR, %dx
        movw    $0xFFFF, %cx
1:      inb     %dx, %al
        testb   $UART_LSR_THRE, %al
        loopz   1b
        movb    %ah, %al
        movw    $UART_DATA, %dx
        outb    %al, %dx
        jmp     print
2:      ret

#include "line16.S"

text_line:      .asciz  "\r\n"
text_over:      .asciz  "Over: switch the computer off\r\n"

        .balign 8
gdt:    .quad   0
        .set    STUB_CODE16, . - gdt
        .quad   0x00009A000000FFFF
        .set    STUB_DATA16, . - gdt
        .quad   0x000092000000FFFF
        .set    STUB_DATA32, . - gdt
        .quad   0x00CF92000000FFFF
gdt_pointer:
        .word   . - gdt - 1
        .long   LOADER_PA + gdt - low
idt_pointer:
        .word   0x3FF                   /* the BIOS's vectors, if there is one */
        .long   0
        .org    low + 512               /* no larger than boot.S */
low_end:

        .balign 4
program:
        .incbin PROGRAM
program_end:
        .long   0

        .section .note.GNU-stack, "", @progbits
