/* vm86trap.c -- a monitor for virtual-8086 tasks: starts them, and does for them
 * what they may not do themselves.
 *
 * main() calls run_task(); isrGPF.S, by way of the testbed, calls emulate().
 * 32-bit protected mode, ring 0, flat segments, paging on, interrupts off.
 */
#include "vm86trap.h"

#include "cpu.h"
#include "todo.h"
#include "x86/control.h"

#define MOV_CR_LENGTH   3               /* bytes of `mov %cr0, reg` */
#define OPCODE_HLT      0xF4

/* Enters virtual-8086 mode at the task's first instruction. Returns when the
 * task is over. */
void run_task(const struct task *task)
{
        struct v86_frame frame = { 0 };

#if SOLVED >= 1
        frame.ip = task->ip;
        frame.cs = task->cs;
        frame.eflags = EFLAGS_VM | EFLAGS_FIXED;        /* IOPL 0, interrupts off */
        frame.esp = task->sp;
        frame.ss = task->ss;
        frame.es = task->es;
        frame.ds = task->ds;
        frame.fs = task->fs;
        frame.gs = task->gs;
        enter_v86(&frame);
#else
        /* TODO(01-1) Build the frame that IRETL takes, and enter the task.
         * Given:   `task` says what each segment register, IP and SP shall hold.
         * Do:      fill in all of `frame`; its EFLAGS image tells the CPU to go to
         *          virtual-8086 mode, with IOPL 0 and interrupts off.
         * Use:     EFLAGS_VM, EFLAGS_FIXED, enter_v86().
         * Read:    README, "Into virtual-8086 mode"; SDM Vol. 3B, "Entering
         *          Virtual-8086 Mode".
         * Seen:    the task's greeting, then TODO(01-2). */
        (void)frame;
        lab_todo("01-1");
#endif
}

/* The physical address of the instruction at which the task trapped. */
uint32_t fault_address(const struct v86_trap *trap)
{
#if SOLVED >= 3
        return trap->frame.cs * 16 + trap->frame.ip;
#else
        /* TODO(01-3) Compute the address as the CPU does in virtual-8086 mode.
         * Given:   the images of CS and IP in trap->frame.
         * Do:      a segment starts at 16 times its number.
         * Read:    README, "Which instruction was it?"; SDM Vol. 3B, "Address
         *          Translation in Real-Address Mode".
         * Seen:    lines "@ dry.address...", then TODO(01-4). */
        lab_todo("01-3");
#endif
}

/* Makes register `number` of the task (0 = EAX ... 7 = EDI) hold `value` when
 * the task goes on. */
void set_register(struct v86_trap *trap, int number, uint32_t value)
{
#if SOLVED >= 5
        if (number == 4)
                trap->frame.esp = value;        /* POPAL throws its ESP image away */
        else
                trap->images[7 - number] = value;
#else
        /* TODO(01-5) Overwrite the image from which the register will be restored.
         * Given:   the stack as in README, "The picture on the stack".
         * Do:      find the image of register `number`, store `value` there. Look
         *          up what POPAL does with each of its eight dwords.
         * Read:    SDM Vol. 2, "POPA/POPAD--Pop All General-Purpose Registers".
         * Seen:    lines "@ dry.write...", then TODO(01-6). */
        lab_todo("01-5");
#endif
}

/* What the running task shall believe CR0 to be. */
static uint32_t cr0_to_tell(void)
{
        if (current_task->personality == HONEST)
                return read_cr0();
#if SOLVED >= 8
        return read_cr0() & ~(CR0_PE | CR0_PG);
#else
        /* TODO(01-8) A second personality: let the task believe in real mode.
         * Given:   current_task->personality is REAL_MODE.
         * Do:      return CR0 as it would be in real mode: no protection, no
         *          paging, every other bit as it is.
         * Use:     read_cr0(), CR0_PE, CR0_PG.
         * Seen:    the task prints a CR0 and an MSW that differ. */
        lab_todo("01-8");
#endif
}

/* The task trapped at something that is not emulated: ends it. */
static _Noreturn void depart(const struct v86_trap *trap, uint32_t code)
{
#if SOLVED >= 7
        if ((code & 0xFF) == OPCODE_HLT)
                task_halted();
        task_refused(trap->frame.cs, trap->frame.ip, code);
#else
        /* TODO(01-7) End the task; never return to the instruction that trapped.
         * Given:   `code`, the four bytes at CS:IP; the trap's images.
         * Do:      HLT is how a task says that it is done; anything else is an
         *          instruction that this monitor refuses.
         * Use:     OPCODE_HLT, task_halted(), task_refused().
         * Seen:    "@ task.halted", "@ task.refused...", then TODO(01-8). */
        lab_todo("01-7");
#endif
}

/* Does what the trapped instruction would have done in ring 0. Returns how many
 * bytes long it is; does not return if the task is over. */
unsigned emulate(struct v86_trap *trap)
{
        uint32_t code = *(const uint32_t *)fault_address(trap);
        int destination = decode_mov_from_cr0(code);

        if (destination == NOT_MOV_FROM_CR0)
                depart(trap, code);
        set_register(trap, destination, cr0_to_tell());
        return MOV_CR_LENGTH;
}
