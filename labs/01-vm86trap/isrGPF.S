/* isrGPF.S -- vector 13: where the CPU arrives on a general-protection fault.
 *
 * In: 32-bit protected mode, ring 0, interrupts off, on the stack that the TSS
 * names, an error code on top. If the fault came from virtual-8086 mode the
 * whole frame of ten dwords is there, and DS, ES, FS, GS hold null selectors.
 * Out: IRETL to the task, behind the instruction that trapped.
 */
#include "selector.h"
#include "todo.h"
#include "v86.h"
#include "x86/control.h"

        .text
        .code32
        .globl  isrGPF
isrGPF:
#if SOLVED >= 2
        btl     $EFLAGS_VM_BIT, 12(%esp)        /* VM in the EFLAGS image? */
        jnc     trap_entry_13                   /* no: not the task's fault */
        pushal
#else
        /* TODO(01-2) Is it the task's fault? Then save what the task must find again.
         * Given:   at ESP: error code, IP, CS, EFLAGS, ... a dword each.
         * Do:      test VM in the EFLAGS image; if it is clear, jump to
         *          trap_entry_13 (the stack as you found it). If it is set, save
         *          all general registers as struct v86_trap wants them.
         * Use:     BTL sets CF; EFLAGS_VM_BIT; PUSHAL.
         * Read:    README, "The picture on the stack".
         * Seen:    "@ trap.eax ..." and the others, then TODO(01-3). */
        TODO    "01-2"
#endif
        /* C code wants flat data segments, and a pointer to the frame. */
        movw    $SEL_DATA, %ax
        movw    %ax, %ds
        movw    %ax, %es
        cld
        pushl   %esp                            /* struct v86_trap * */
        call    trap_from_v86
        addl    $4, %esp

        /* EAX = the length of the instruction that was emulated. */
#if SOLVED >= 6
        addw    %ax, TRAP_IP(%esp)
        popal
        addl    $4, %esp                        /* the error code: IRETL wants IP on top */
        iretl
#else
        /* TODO(01-6) Go back to the task, behind the instruction that trapped.
         * Given:   ESP points to a struct v86_trap; EAX, see above.
         * Do:      advance the image of IP; restore the registers; drop the error
         *          code; return.
         * Use:     TRAP_IP, POPAL, IRETL.
         * Seen:    the task goes on: it prints its CR0 and MSW; then TODO(01-7). */
        TODO    "01-6"
#endif

        .section .note.GNU-stack, "", @progbits
