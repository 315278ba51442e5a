/* seam.S -- given: the seam between the guest and whoever runs it, under VMX.
 *
 * The guest's ring 0, 32-bit code. What lab 02's testbed did natively, step by step,
 * one instruction does here.
 */
        .section .v86, "awx"
        .code32
        .globl  monitor_call
monitor_call:
        vmcall
        ret

        .globl  guest_todo
guest_todo:
        vmcall
        jmp     guest_todo

        .section .note.GNU-stack, "", @progbits
