/* challenge.S -- given: the challenge you see when you boot the lab yourself. The grader
 * overwrites it in the disk image with one of its own, of the same layout (struct
 * challenge in testbed.h), whose programs nobody has seen.
 *
 * The programs run in the guest's virtual-8086 mode: 16-bit code, ring 3.
 */
#include "testbed.h"
#include "x86/control.h"
#include "x86/uart.h"
#include "x86/vmcs.h"
#include "x86/vmx.h"

#define GP_EXITS        0x2000          /* exception bitmap: vector 13 */
#define LEAF_HYPERVISOR 0x40000000

/* entry: 0 is guest_task. The guest is told that it is in real mode. */
        .macro  RUN entry=challenge, bitmap=GP_EXITS, changes=0
        .ifc    \entry, challenge
        .word   0, 0
        .else
        .word   challenge_segment, \entry - challenge
        .endif
        .long   \changes
        .quad   CR0_PG + CR0_PE, 0      /* cr0_mask, cr0_shadow */
        .long   \bitmap, CPU_RDTSC_EXITING
        .endm

        .section .challenge, "aw"
        .globl  challenge
challenge:
        .long   0, 10                           /* id, run_count */
        .word   challenge_segment, turns - challenge
        .long   0                               /* refusals: the grader's have some */
        .irp    digit, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, A, B, C, D, E, F
        .quad   0x1111111111111111 * 0x\digit
        .endr
        .irp    number, 0, 1, 12, 13, 14, 15
        .quad   0x5AFE0000 + \number            /* canaries: safe */
        .endr
runs:
        RUN     only_rdtsc                      /* run 0: an exit that nobody handles */
        RUN     asks_for_cr0                    /* 1: #GP exits */
        RUN     asks_in_both_ways, 0            /* 2: #GP goes to the guest's handler */
        RUN     sends                           /* 3: IN and OUT */
        RUN                                     /* 4: guest_task, to its hlt */
        RUN     bitmap=0                        /* 5: the same, through its handler */
        RUN     changes=2                       /* 6 to 9: refused */
        RUN     changes=2
        RUN     changes=2
        RUN     changes=1
        .org    runs + 32 * CHALLENGE_RUNS
changes:
        .quad   VMCS_CR3_TARGET_COUNT, 4, VMCS_PIN_BASED_CONTROLS, 0
        .quad   VMCS_HOST_CS_SELECTOR, 0x0B, VMCS_HOST_FS_SELECTOR, 0x18
        .quad   VMCS_GUEST_SS_ACCESS_RIGHTS, 0x93, VMCS_GUEST_CR3, 0x5000
        .quad   VMCS_GUEST_RFLAGS, 0
        .org    changes + 16 * CHALLENGE_CHANGES

        .code16
/* Some exits, and other registers at each. */
turns:  cpuid
        incl    %eax
        cpuid
        xchgl   %ebx, %esi
        cpuid
        movl    %esp, %ebp
        cpuid
        notl    %ecx
        cpuid

only_rdtsc:
        rdtsc

asks_for_cr0:
        movl    %cr0, %ebx
        movl    %cr0, %esp
        movl    %cr3, %eax                      /* not emulated */

asks_in_both_ways:
        movl    $LEAF_HYPERVISOR, %eax
        cpuid
        movl    %cr0, %edi
        smsw    %esi                            /* makes no exit: the CPU answers */
        rdtsc

sends:  movw    $UART_LSR, %dx
        inb     %dx, %al
        movw    $UART_DATA, %dx
        .irp    letter, 's', 'e', 'n', 't', '\n'
        movb    $\letter, %al
        outb    %al, %dx
        .endr
        rdtsc
        .org    challenge + CHALLENGE_BYTES

        .section .note.GNU-stack, "", @progbits
