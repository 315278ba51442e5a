/* leave.S -- the way back from main() to the loader, mode by mode.
 *
 * void back_to_loader(void), noreturn. In: 32-bit protected or 64-bit mode,
 * CPL 0, paging on or off, in VMX root operation or not, the first megabyte mapped one to
 * one. Interrupts off. Out: real mode, on the loader's stack, by LRET; CR0 and the interrupt
 * table as the program found them, CR4 and EFER.LME clear. Before that, what the program
 * has sent over the serial line is shown on the screen, if there is one: an emulator has
 * been powered off by now, this is a PC.
 * SDM Vol. 3A, "Switching Back to Real-Address Mode"; Vol. 3C, "Restrictions on VMX
 * Operation".
 */
#include "selector.h"
#include "serial.h"
#include "vmx.h"
#include "x86/bios.h"
#include "x86/control.h"

#define ROWS            24              /* shown at once; one is for the question */

        .section .start, "awx"          /* real mode reaches the first 64 KB only */
        .globl  back_to_loader
#ifdef __x86_64__
        .code64
back_to_loader:
        cli
        movq    %cr4, %rax
        testl   $CR4_VMXE, %eax
        jz      1f
        EXPECT_FAULT 1f                 /* #UD, if there was no VMXON */
        vmxoff                          /* in VMX operation CR0.PG and CR4.VMXE cannot be cleared */
        EXPECT_NONE
1:      lgdt    gdt_pointer             /* a program may have worked with its own GDT */
        pushq   $SEL_CODE32
        pushq   $compatibility
        lretq                           /* compatibility mode: 32-bit code, LMA still 1 */
        .code32
compatibility:
        movw    $SEL_DATA, %ax
        movw    %ax, %ss
        movl    %cr0, %eax
        andl    $~CR0_PG, %eax          /* leaves IA-32e mode */
        movl    %eax, %cr0
        movl    $MSR_EFER, %ecx
        rdmsr
        andl    $~EFER_LME, %eax
        wrmsr
#else
        .code32
back_to_loader:
        cli
        movl    %cr0, %eax
        andl    $~CR0_PG, %eax
        movl    %eax, %cr0
#endif
        xorl    %eax, %eax
        movl    %eax, %cr3
        movl    %eax, %cr4
        lgdt    gdt_pointer
        lidt    real_idt_pointer
        movw    $SEL_DATA, %ax          /* FS and GS keep their 4-GB limits */
        movw    %ax, %fs
        movw    %ax, %gs
        movl    loader_cr0, %eax
        movl    $loader_stack - ARENA, %ebx
        ljmp    $SEL_CODE16, $1f - ARENA

        .code16
1:      movw    $SEL_DATA16, %cx        /* real mode keeps these 64-KB limits */
        movw    %cx, %ds
        movw    %cx, %es
        movw    %cx, %ss
        movl    %eax, %cr0
        ljmpl   $ARENA >> 4, $2f - ARENA

2:      movw    %cs, %ax                /* real mode: segment = selector * 16 */
        movw    %ax, %ds
        lss     (%bx), %sp
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %fs
        movw    %ax, %gs
        movb    BDA_VIDEO_MODE, %al
        cmpb    $3, %al
        je      show
        cmpb    $7, %al
        je      show
        lretw

/* show -- page by page, a key for each. DS = FS = 0; addresses of 32 bits reach all of the
 * program, by FS and its 4-GB limit. */
show:   sti                             /* for the keyboard */
        movl    $serial_said, %esi
        movl    $serial_said_bytes, %ecx
        movl    %fs:(%ecx), %ecx
        movw    $ROWS, %bp              /* rows left on this page */
        xorw    %di, %di                /* the column */
1:      jecxz   5f
        movb    %fs:(%esi), %al
        incl    %esi
        decl    %ecx
        incw    %di
        cmpb    $'\n', %al
        je      2f
        call    put
        cmpw    $80, %di                /* the BIOS goes on in the next row */
        je      3f
        jmp     1b
2:      movb    $'\r', %al
        call    put
        movb    $'\n', %al
        call    put
3:      xorw    %di, %di
        decw    %bp
        jnz     1b
        movw    $ROWS, %bp
        jecxz   5f
        movl    $more, %edx
        call    text
        xorb    %ah, %ah                /* INT 16h, AH=0: wait for a key */
        int     $0x16
        movl    $no_more, %edx
        call    text
        jmp     1b
5:      cli
        lretw

/* put -- AL, on the screen. Changes AH, BX. */
put:    movw    $7, %bx
        movb    $0x0E, %ah              /* INT 10h, AH=0Eh: teletype */
        pushal
        int     $0x10
        popal
        ret

/* text -- the string at EDX, on the screen. Changes AX, BX, EDX. */
text:   movb    %fs:(%edx), %al
        incl    %edx
        testb   %al, %al
        jz      1f
        call    put
        jmp     text
1:      ret

more:           .asciz  "-- a key shows more --"
no_more:        .asciz  "\r                      \r"

real_idt_pointer:
        .word   0x3FF                   /* 256 vectors of 4 bytes, at address 0 */
        .long   0
        .long   0

        .section .note.GNU-stack, "", @progbits
