/* start.S -- the first bytes of every program, and the way from real mode to main().
 *
 * The loader (boot.S) far-calls 1000:0002 in real mode. From there the CPU goes
 * to 32-bit protected mode, without paging, all segments flat, interrupts off;
 * a 64-bit program goes on to long mode (long.S). main() is called when .bss is
 * zero and ESP (RSP) points to the end of a 16-KB stack. When main() returns,
 * leave() is next (leave.S has the way back).
 *
 * Labels are physical addresses. Real-mode code runs with CS = DS = 1000h, so
 * its offsets count from _start. What real mode needs is in section .start, so
 * that it lies in the first 64 KB of however large a program.
 */
#include "selector.h"
#include "x86/control.h"
#include "x86/descriptor.h"

/* The header: signature, entry, and what a program of 2007 lacks: how long it is. */
        .section .start, "awx"
        .code16
        .globl  _start
_start: .word   0xABCD
        jmp     start16
        .org    8
        .ascii  "RING"
        .long   program_sectors         /* 512-byte units; from ldscript */

/* Real mode. Remember the loader's stack, on which the return address is. */
start16:
        cli
        movw    %cs, %ax
        movw    %ax, %ds
        movw    %sp, loader_stack - _start
        movw    %ss, loader_stack + 2 - _start
        movl    %cr0, %eax
        movl    %eax, loader_cr0 - _start
        lgdtl   gdt_pointer - _start
        orb     $CR0_PE, %al
        movl    %eax, %cr0
        ljmpl   $SEL_CODE32, $start32   /* loads CS: from here on 32-bit code */

/* 32-bit protected mode. */
        .code32
start32:
        movw    $SEL_DATA, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %fs
        movw    %ax, %gs
        movw    %ax, %ss
        movl    $stack_top, %esp
        cld
        movl    $bss_start, %edi        /* the loader reads files, not .bss */
        movl    $bss_end, %ecx
        subl    %edi, %ecx
        xorl    %eax, %eax
        rep stosb
#ifdef __x86_64__
        jmp     long_enter
#else
        call    main
        call    leave
#endif

        .balign 8
        .globl  gdt, gdt_pointer
gdt:    .quad   0
        DESCRIPTOR 0, 0xFFFFF, DESC_CODE32
        DESCRIPTOR 0, 0xFFFFF, DESC_DATA32
        DESCRIPTOR ARENA, 0xFFFF, DESC_CODE16
        DESCRIPTOR ARENA, 0xFFFF, DESC_DATA16
        DESCRIPTOR 0, 0, DESC_CODE64
        .quad   0, 0                    /* the TSS, filled in by tss_init() */
gdt_end:
        .if     gdt_end - gdt - 8 * GDT_SLOTS
        .error  "the GDT has another number of slots than selector.h says"
        .endif
gdt_pointer:
        .word   gdt_end - gdt - 1
        .long   gdt
        .long   0                       /* LGDT in 64-bit mode reads 8 bytes of base */

        .globl  loader_stack, loader_cr0
loader_stack:   .word   0, 0            /* SP, SS */
loader_cr0:     .long   0

        .bss
        .balign 16
        .skip   16 * 1024
        .globl  stack_top
stack_top:

        .section .note.GNU-stack, "", @progbits
