/* leave.S -- the way back from main() to the loader, mode by mode.
 *
 * void back_to_loader(void), noreturn. In: 32-bit protected or 64-bit mode,
 * CPL 0, paging on or off, the first megabyte mapped one to one. Interrupts
 * off. Out: real mode, on the loader's stack, by LRET; CR0 and the interrupt
 * table as the program found them, CR4 and EFER.LME clear.
 * SDM Vol. 3A, "Switching Back to Real-Address Mode".
 */
#include "selector.h"
#include "x86/control.h"

        .section .start, "awx"          /* real mode reaches the first 64 KB only */
        .globl  back_to_loader
#ifdef __x86_64__
        .code64
back_to_loader:
        cli
        lgdt    gdt_pointer             /* a program may have worked with its own GDT */
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
        lretw

real_idt_pointer:
        .word   0x3FF                   /* 256 vectors of 4 bytes, at address 0 */
        .long   0
        .long   0

        .section .note.GNU-stack, "", @progbits
