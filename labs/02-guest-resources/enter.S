/* enter.S -- given: how the testbed runs the guest natively, and gets the CPU back.
 *
 * A monitor does by VM entry and VM exit what is done here step by step.
 */
#include "selector.h"
#include "v86.h"
#include "vmxstep1.h"

        .text
        .code32

/* void install_guest(uint32_t cr0)
 * 32-bit protected mode, ring 0, interrupts off. Loads what stays loaded from now on:
 * LDTR and TR, from the guest's GDT; then CR4, CR3 and CR0, which turns paging on. The
 * program's own GDT is back when it returns. */
        .globl  install_guest
install_guest:
        lgdt    guest_gdt_pointer
        .globl  while_loading_ldtr
while_loading_ldtr:
        lldt    guest_cpu + GUEST_CPU_LDTR
        .globl  while_loading_tr
while_loading_tr:
        ltr     guest_cpu + GUEST_CPU_TR
        lgdt    gdt_pointer
        movl    guest_cpu + GUEST_CPU_CR4, %eax
        movl    %eax, %cr4
        movl    guest_cpu + GUEST_CPU_CR3, %eax
        movl    %eax, %cr3
        movl    4(%esp), %eax
        .globl  while_turning_paging_on
while_turning_paging_on:
        movl    %eax, %cr0
        .globl  while_fetching_the_first_instruction_with_paging_on
while_fetching_the_first_instruction_with_paging_on:
        jmp     1f
1:      ret

/* void enter_guest(const struct v86_frame *frame)
 * 32-bit protected mode, ring 0, interrupts off. With the guest's GDT and IDT, IRETL to
 * virtual-8086 mode. Returns through leave_guest(), with EBX, ESI, EDI, EBP kept. */
        .globl  enter_guest
enter_guest:
        movl    4(%esp), %eax
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushl   %ebp
        movl    %esp, testbed_esp
        lgdt    guest_gdt_pointer
        lidt    guest_idt_pointer
        movl    %eax, %esp
        .globl  while_entering_the_guest
while_entering_the_guest:
        iretl

/* void leave_guest(void), noreturn: returns from enter_guest(). */
        .globl  leave_guest
leave_guest:
        movl    testbed_esp, %esp
        popl    %ebp
        popl    %edi
        popl    %esi
        popl    %ebx
        ret

/* monitor_call: the seam between the guest and whoever runs it. Here, natively, it
 * goes to the testbed; a monitor will have VMCALL in its place.
 *
 * The guest's ring 0, 32-bit code, all its segments; on its stack the return address
 * and a struct v86_trap. The guest's GDT has no segment that would reach the program,
 * so the program's GDT is loaded first, from a copy of its pointer that CS can reach. */
        .section .v86, "awx"
        .code32
        .globl  monitor_call
monitor_call:
        pushl   %cs                     /* struct guest_report */
        pushl   %ss
        pushl   %ds
        pushl   %es
        pushl   %fs
        call    1f
1:      popl    %ecx
        lgdt    %cs:program_gdt_pointer - 1b(%ecx)
        ljmp    $SEL_CODE32, $from_guest

/* guest_todo: EAX = the name of an exercise (guest_todo.h). Any segments. */
        .globl  guest_todo
guest_todo:
        call    1f
1:      popl    %ecx
        lgdt    %cs:program_gdt_pointer - 1b(%ecx)
        ljmp    $SEL_CODE32, $todo_in_guest

program_gdt_pointer:
        .word   8 * GDT_SLOTS - 1
        .long   gdt

        .text
/* Program's CS, guest's other segments and stack. */
from_guest:
        movl    %esp, %ebx              /* the guest's; C code keeps EBX */
        call    program_world
        leal    v86_base(%ebx), %eax
        pushl   %eax                    /* struct guest_report * */
        call    guest_trapped

        /* It has returned: the guest goes on. */
        lgdt    guest_gdt_pointer
        lidt    guest_idt_pointer
        movw    $LDT_DATA, %ax
        movw    %ax, %ss
        movl    %ebx, %esp
        popl    %fs
        popl    %es
        popl    %ds
        addl    $8, %esp
        popl    %eax                    /* an offset in LDT_CODE */
        pushl   $LDT_CODE
        pushl   %eax
        lret

todo_in_guest:
        call    program_world
        pushl   %eax
        call    lab_todo

/* The program's data segments and stack, in place of the guest's. Called in the
 * program's CS. Changes ECX, EDX. */
program_world:
        popl    %edx                    /* the return address, before the stack is gone */
        movl    $SEL_DATA, %ecx
        movw    %cx, %ds
        movw    %cx, %es
        movw    %cx, %fs
        movw    %cx, %gs
        movw    %cx, %ss
        movl    testbed_esp, %esp
        cld
        jmp     *%edx

        .bss
        .balign 4
testbed_esp:    .skip   4

        .section .note.GNU-stack, "", @progbits
