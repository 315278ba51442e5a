/* kernel.S -- given: the guest's own ring 0, beside guest_isrGPF of lab 02. It does for the
 * task what the task may not do: it believes that CR3 is its own. When it touches CR3, that
 * may be an exit; what it finds there is the monitor's affair.
 *
 * 32-bit protected mode, ring 0, CS = LDT_CODE, SS = LDT_DATA.
 */
#include "cr3vmm.h"
#include "v86.h"
#include "vmxstep1.h"
#include "x86/control.h"

#define MOV_FROM_CR3    0x00D8200F      /* and the register in bits 18:16 */
#define MOV_TO_CR3      0x00D8220F
#define MOV_MASK        0x00F8FFFF
#define MOV_CR_LENGTH   3

#define TRAP            4               /* struct v86_trap, behind the return address */
#define IMAGES          TRAP(%esp,%ebx,4)
#define ESP_IMAGE       12              /* counted in dwords, as in IMAGES */

        .section .v86, "awx"
        .code32
/* Vector 13. Of the task, or of the kernel itself: its own mov to CR3, refused. */
        .globl  kernel_gp
kernel_gp:
        btl     $EFLAGS_VM_BIT, 12(%esp)
        jc      guest_isrGPF
        addl    $refused - kernel_mov, 4(%esp)  /* EIP: go on there */
        addl    $4, %esp                        /* the error code */
        iretl

/* guest_isrGPF calls this for whatever its task trapped at; it returns behind it. CF in the
 * task's flags says if a write of CR3 was refused. */
        .globl  monitor_call
monitor_call:
        movw    $LDT_FLAT, %ax
        movw    %ax, %gs
        movzwl  TRAP + TRAP_CS(%esp), %ebx
        shll    $4, %ebx
        addl    TRAP + TRAP_IP(%esp), %ebx
        movl    %gs:(%ebx), %eax                /* the code */
        movl    %eax, %ecx
        andl    $MOV_MASK, %ecx

        shrl    $16, %eax                       /* the register: 7 is the first image */
        andl    $7, %eax
        movl    $7, %ebx
        subl    %eax, %ebx
        cmpl    $4, %eax
        jne     1f
        movl    $ESP_IMAGE, %ebx
1:      cmpl    $MOV_FROM_CR3, %ecx
        je      read_cr3
        cmpl    $MOV_TO_CR3, %ecx
        je      load_cr3
        vmcall                                  /* anything else is for the monitor */
        ret

read_cr3:
        movl    %cr3, %edx
        movl    %edx, IMAGES
        jmp     done

load_cr3:
        movl    IMAGES, %eax
        xorl    %ecx, %ecx
1:      movl    %gs:cr3_pairs + 4(,%ecx,8), %edx
        testl   %edx, %edx
        jz      2f
        cmpl    %eax, %gs:cr3_pairs(,%ecx,8)
        jne     2f
        movl    %edx, %cr3                      /* the monitor's value: no exit */
        jmp     accepted
2:      incl    %ecx
        cmpl    $SHADOWS, %ecx
        jb      1b
kernel_mov:
        movl    %eax, %cr3
accepted:
        andl    $~EFLAGS_CF, TRAP + TRAP_EFLAGS(%esp)
        jmp     done
refused:
        orl     $EFLAGS_CF, TRAP + TRAP_EFLAGS(%esp)
done:   addl    $MOV_CR_LENGTH, TRAP + TRAP_IP(%esp)
        ret

/* A step that is not written yet, in the guest. */
        .globl  guest_todo
guest_todo:
        vmcall
        jmp     guest_todo

        .balign 8
        .globl  cr3_pairs
cr3_pairs:
        .skip   8 * SHADOWS

        .section .note.GNU-stack, "", @progbits
