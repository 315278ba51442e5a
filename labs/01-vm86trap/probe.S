/* probe.S -- a general-protection fault of ring 0, on purpose.
 *
 * int probe_ring0(void)
 * 32-bit protected mode, ring 0, isrGPF installed. Loads FS with a selector that
 * is outside the GDT. Returns 0 if isrGPF passed the fault on to trap() and 1 if
 * it took it for the task's (then trap_from_v86() calls probe_mistaken()).
 */
#define SEL_OUTSIDE     0xFFF8

        .text
        .code32
        .globl  probe_ring0
probe_ring0:
        pushal
        movl    %esp, probe_esp
        movl    $1f, trap_expected              /* .resume: the first member */
        movl    $SEL_OUTSIDE, %eax
        movw    %ax, %fs
1:      popal
        movl    $0, probe_esp
        xorl    %eax, %eax
        ret

/* void probe_mistaken(void), noreturn: returns from probe_ring0() with 1. */
        .globl  probe_mistaken
probe_mistaken:
        movl    probe_esp, %esp
        movl    $0, trap_expected
        popal
        movl    $0, probe_esp
        movl    $1, %eax
        ret

        .bss
        .balign 4
        .globl  probe_esp
probe_esp:      .skip   4                       /* 0: no probe is under way */

        .section .note.GNU-stack, "", @progbits
