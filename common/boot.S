/* boot.S -- sector 0 of every disk image: the loader.
 *
 * The BIOS reads this sector to 0000:7C00 and jumps to it in real mode, DL the
 * drive it came from. The loader reads the program that starts at sector 1 to
 * ARENA (1000:0000), checks its signature, and far-calls 1000:0002. A program
 * that returns, by LRET, finds its way to "Hit any key to reboot system".
 *
 * A program gets:
 *      DL       the boot drive
 *      EBX      the sector before the program's first one; also at 0000:04F0
 *      FS, GS   base 0, limit 4 GB ("unreal mode"), as programs since 2007 expect
 *      SS:SP    a stack below 0000:7C00; the return address is on it
 *      DS, ES   0; interrupts on
 *
 * How many sectors to read: a program of ours says so in its header (see
 * start.S); a program without that header is read whole, 127 sectors, which is
 * what one EDD call can carry.
 */
#include "x86/control.h"
#include "x86/uart.h"

#define ARENA_SEGMENT   0x1000
#define SIGNATURE       0xABCD          /* the program's first word */
#define HEADER_MAGIC    0x474E4952      /* "RING", at offset 8 */
#define CHUNK           127             /* sectors that one EDD read may carry */
#define LBA_CELL        0x04F0          /* where programs look for EBX's value */

        .code16
        .globl  _start
_start: ljmp    $0, $1f                 /* some BIOSes start us at 07C0:0000 */
1:      cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7C00, %sp
        cld
        movb    %dl, drive
        call    serial_init
        call    unreal
        sti

        /* The first sector alone: it says how many there are. */
        movw    $1, packet_count
        call    read
        movw    $ARENA_SEGMENT, %ax
        movw    %ax, %es
        movw    $CHUNK, %bp             /* BP = sectors left to read */
        cmpw    $SIGNATURE, %es:0
        movw    $text_invalid, %si
        jne     stop
        cmpl    $HEADER_MAGIC, %es:8
        jne     1f
        movw    %es:12, %bp

        /* All of it, CHUNK sectors at a time. */
1:      movw    %bp, %ax
        cmpw    $CHUNK, %ax
        jbe     2f
        movw    $CHUNK, %ax
2:      movw    %ax, packet_count
        call    read
        subw    %ax, %bp
        addw    %ax, packet_lba
        shlw    $5, %ax                 /* a sector is 32 paragraphs */
        addw    %ax, packet_segment
        testw   %bp, %bp
        jnz     1b

        pushw   %ds
        popw    %es
        movb    drive, %dl
        xorl    %ebx, %ebx
        movl    %ebx, LBA_CELL
        lcall   $ARENA_SEGMENT, $2

        /* The program has returned; it may have left anything behind. */
        movw    $text_reboot, %si
stop:   xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7C00, %sp
        cld
        sti
        call    print
        cmpw    $text_reboot, %si
        movw    $text_reboot, %si
        jne     stop                    /* an error is followed by the prompt */
        xorb    %ah, %ah                /* INT 16h, AH=0: wait for a key */
        int     $0x16
        int     $0x19                   /* boot again */

/* read -- one EDD call, as the packet says. Keeps AX; does not return on error. */
read:   pushw   %ax
        movb    $0x42, %ah
        movb    drive, %dl
        movw    $packet, %si
        int     $0x13
        popw    %ax
        movw    $text_unread, %si
        jc      stop
        ret

/* print -- the string at DS:SI, on the screen and on the serial line. Keeps SI. */
print:  pushw   %si
1:      lodsb
        testb   %al, %al
        jz      3f
        pushw   %ax
        movw    $7, %bx
        movb    $0x0E, %ah
        int     $0x10
        movw    $UART_LSR, %dx
        movw    $0xFFFF, %cx            /* a PC may have no serial port */
2:      inb     %dx, %al
        testb   $UART_LSR_THRE, %al
        loopz   2b
        popw    %ax
        movw    $UART_DATA, %dx
        outb    %al, %dx
        jmp     1b
3:      popw    %si
        ret

#include "line16.S"

/* unreal -- load FS and GS with a 4-GB limit in protected mode; real mode keeps it. */
unreal: lgdtl   gdt_pointer
        movl    %cr0, %eax
        orb     $CR0_PE, %al
        movl    %eax, %cr0
        movw    $8, %bx
        movw    %bx, %fs
        movw    %bx, %gs
        andb    $~CR0_PE, %al
        movl    %eax, %cr0
        xorw    %bx, %bx
        movw    %bx, %fs
        movw    %bx, %gs
        ret

text_unread:    .asciz  "Unable to read from disk\r\n"
text_invalid:   .asciz  "Disk program is invalid\r\n"
text_reboot:    .asciz  "Hit any key to reboot system\r\n"

/* The disk address packet (Enhanced Disk Drive specification, "Extended Read"). */
packet:         .byte   16, 0
packet_count:   .word   0
packet_offset:  .word   0
packet_segment: .word   ARENA_SEGMENT
packet_lba:     .quad   1
drive:          .byte   0

/* Null, and a flat 4-GB data segment. */
gdt:            .quad   0, 0x008F92000000FFFF
gdt_pointer:    .word   . - gdt - 1
                .long   gdt
code_end:

/* A PC's BIOS starts a stick more willingly when it sees a partition: one,
 * active, of type 7Fh (for experiments), from sector 1 to the end of the image. */
        .org    446
        .byte   0x80, 0x00, 0x02, 0x00, 0x7F, 0x0F, 0x3F, 0x00
        .long   1, IMAGE_SECTORS - 1
        .org    510
        .word   0xAA55
