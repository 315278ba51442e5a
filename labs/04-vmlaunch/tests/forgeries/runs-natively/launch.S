/* Part of a forgery (thevmm.c): from 64-bit mode to virtual-8086 mode and back, all by
 * hand. The guest's paging is lab 02's; the TSS allows no port. */
#include "v86.h"
#include "vmxstep2.h"
#include "x86/control.h"

#define CODE32          0x18            /* in native_gdt; 0x08 and 0x10 as in the host's */
#define TSS             0x20
#define CR4_TSD         0x00000004      /* RDTSC is for ring 0 */
#define V86_TRAP_BYTES  72

        .text
        .code64
        .globl  native_run, native_gp, native_ud
/* void native_run(struct v86_trap *task): until it traps. */
native_run:
        .irp    register, rbx, rbp, r12, r13, r14, r15
        pushq   %\register
        .endr
        movq    %rsp, host_rsp
        movq    %cr3, %rax
        movq    %rax, host_cr3
        sgdt    host_gdtr
        sidt    host_idtr
        leal    V86_TRAP_BYTES(%rdi), %eax
        movl    %eax, native_tss + 4    /* ESP0: the CPU pushes right into *task */
        andb    $~2, native_gdt + TSS + 5
        lgdt    native_gdtr
        pushq   $CODE32
        pushq   $1f
        lretq
        .code32
1:      movl    $HOST_DATA, %eax
        movl    %eax, %ss
        movl    %eax, %ds
        movl    %cr0, %eax
        andl    $~CR0_PG, %eax
        movl    %eax, %cr0
        movl    $MSR_EFER, %ecx
        rdmsr
        andl    $~EFER_LME, %eax
        wrmsr
        movl    %cr4, %eax
        andl    $~CR4_PAE, %eax
        orl     $CR4_PSE + CR4_TSD, %eax
        movl    %eax, %cr4
        movl    $guest_page_directory, %eax
        movl    %eax, %cr3
        movl    %cr0, %eax
        orl     $CR0_PG, %eax
        movl    %eax, %cr0
        lidt    native_idtr
        movl    $TSS, %eax
        ltr     %ax
        movl    %edi, %esp
        popal
        addl    $4, %esp
        iretl

native_ud:
        pushl   $0
native_gp:
        pushal
        movl    $HOST_DATA, %eax
        movl    %eax, %ds
        movl    %cr0, %eax
        andl    $~CR0_PG, %eax
        movl    %eax, %cr0
        movl    %cr4, %eax
        andl    $~(CR4_PSE + CR4_TSD), %eax
        orl     $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    host_cr3, %eax
        movl    %eax, %cr3
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $EFER_LME, %eax
        wrmsr
        movl    %cr0, %eax
        orl     $CR0_PG, %eax
        movl    %eax, %cr0
        ljmp    $HOST_CODE, $1f
        .code64
1:      lgdt    host_gdtr
        lidt    host_idtr
        movl    $HOST_DATA, %eax
        .irp    register, ss, ds, es, fs, gs
        movl    %eax, %\register
        .endr
        movq    host_rsp, %rsp
        .irp    register, r15, r14, r13, r12, rbp, rbx
        popq    %\register
        .endr
        ret

        .globl  host_entry
host_entry:
        ud2                             /* nothing ever comes here */

        .bss
        .balign 8
host_rsp:       .skip   8
host_cr3:       .skip   8
host_gdtr:      .skip   16
host_idtr:      .skip   16

        .section .rodata
native_gdtr:    .word   8 * 5 - 1
                .quad   native_gdt
native_idtr:    .word   8 * 14 - 1
                .quad   native_idt

        .section .note.GNU-stack, "", @progbits
