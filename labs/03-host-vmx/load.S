/* load.S -- given: makes the host's structures real, and takes them back.
 *
 * Called from C in 64-bit mode, ring 0, interrupts off. Each may change RAX, RCX, RDX,
 * RSI, RDI, R8 to R11 and flags.
 *
 * A label while_... stands at each instruction at which a wrong structure shows. If the
 * CPU gives up there (a triple fault), the grader says what it was doing.
 */
#include "selector.h"
#include "vmx.h"
#include "vmxstep2.h"
#include "x86/exception.h"

        .macro  WHILE doing_what
        .globl  while_\doing_what
while_\doing_what:
        .endm

        .text
        .code64

/* void load_host_paging(uint64_t cr3) */
        .globl  load_host_paging
load_host_paging:
WHILE   loading_cr3
        movq    %rdi, %cr3              /* empties the TLB: the next fetch walks the tables */
WHILE   fetching_code_through_the_new_page_tables
        nop
WHILE   using_the_stack_through_the_new_page_tables
        ret

/* uint64_t read_through_window(uint64_t va) */
        .globl  read_through_window
read_through_window:
WHILE   reading_through_the_window
        movq    (%rdi), %rax
        ret

/* void load_host_structures(void) */
        .globl  load_host_structures
load_host_structures:
        lgdt    host_gdt_pointer        /* changes no segment yet: */
        pushq   $HOST_CODE
        pushq   $1f
WHILE   loading_cs
        lretq                           /* a segment is loaded with its selector */
1:      movl    $HOST_DATA, %eax
WHILE   loading_ss
        movl    %eax, %ss
WHILE   loading_ds
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %fs
        movl    %eax, %gs
        movl    $HOST_TSS, %eax
WHILE   loading_tr
        ltr     %ax                     /* the CPU marks it busy */
        lidt    host_idt_pointer
        ret

/* void unload_host(uint64_t cr3) */
        .globl  unload_host
unload_host:
        movq    %rdi, %cr3
        lgdt    gdt_pointer
        pushq   $SEL_CODE64
        pushq   $1f
        lretq
1:      movl    $SEL_DATA, %eax
        movl    %eax, %ss
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %fs
        movl    %eax, %gs
        jmp     idt_init                /* TR stays: nothing here leaves ring 0 */

/* void provoke_gp(uint16_t selector): #GP, if that selector is outside the GDT. */
        .globl  provoke_gp
provoke_gp:
        EXPECT_FAULT 1f
WHILE   raising_a_general_protection_fault
        movl    %edi, %fs
        EXPECT_NONE
1:      ret

/* void provoke_ud(void): #UD. */
        .globl  provoke_ud
provoke_ud:
        EXPECT_FAULT 1f
WHILE   raising_an_invalid_opcode_exception
        ud2
1:      ret

        .section .rodata
host_gdt_pointer:
        .word   8 * HOST_GDT_SLOTS - 1
        .quad   host_gdt
host_idt_pointer:
        .word   16 * VECTORS - 1
        .quad   host_idt

        .section .note.GNU-stack, "", @progbits
