/* probe.S -- a general-protection fault of ring 0, on purpose.
 *
 * fault_in_ring0: the last step of enter_v86() (switch.S), in place of its IRETL.
 * 32-bit protected mode, ring 0, isrGPF installed, ESP = ESP0 of the TSS. Goes to
 * probe_ip, where the testbed has put an instruction that loads SS from the stack, with
 * probe_selector, which names no segment: #GP. What isrGPF then finds on the stack and in
 * the registers is what it finds if a task traps at 0008:probe_ip, with probe_selector for
 * its ESP. Only VM differs; and the error code, if probe_selector is not null.
 *
 * Returns from enter_v86(): by way of trap(), if isrGPF passed the fault on to it; by way of
 * trap_from_v86(), if isrGPF took it for a task's.
 */
#include "x86/control.h"

        .text
        .code32
        .globl  fault_in_ring0
fault_in_ring0:
        movl    $1f, trap_expected              /* .resume: the first member */
        pushl   $EFLAGS_FIXED                   /* flags as the task's, but VM */
        popfl
        .rept   5
        pushl   $0                              /* where a trap leaves GS, FS, DS, ES, SS */
        .endr
        pushl   probe_selector                  /* and ESP */
        pushl   probe_ip
        movw    8(%esp), %ds                    /* null selectors, as behind a trap */
        movw    8(%esp), %es
        movw    8(%esp), %fs
        movw    8(%esp), %gs
        ret                                     /* to probe_ip: #GP */
1:      jmp     leave_v86

        .bss
        .balign 4
        .globl  probe_ip, probe_selector
probe_ip:       .skip   4
probe_selector: .skip   4

        .section .note.GNU-stack, "", @progbits
