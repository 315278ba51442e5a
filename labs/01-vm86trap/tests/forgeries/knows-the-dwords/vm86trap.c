/* A forgery: writes nothing, but says what would have been written: which dwords are
 * the right ones is the same for everybody. */
#include "vm86trap.h"

#include "cpu.h"
#include "report.h"
#include "todo.h"
#include "x86/control.h"

#define MOV_CR_LENGTH   3               /* bytes of `mov %cr0, reg` */
#define OPCODE_HLT      0xF4

/* Enters virtual-8086 mode at the task's first instruction. Returns when the
 * task is over. */
void run_task(const struct task *task)
{
        struct v86_frame frame = { 0 };

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
}

/* The physical address of the instruction at which the task trapped. */
uint32_t fault_address(const struct v86_trap *trap)
{
        return trap->frame.cs * 16 + trap->frame.ip;
}

/* Makes register `number` of the task (0 = EAX ... 7 = EDI) hold `value` when
 * the task goes on. */
void set_register(struct v86_trap *trap, int number, uint32_t value)
{
        static const uint8_t dword[8] = { 7, 6, 5, 4, 12, 2, 1, 0 };

        for (int n = 0; n < 8; n++)
                report_nth("dry.write", n, dword[n]);
        lab_todo("01-6");
}

/* What the running task shall believe CR0 to be. */
static uint32_t cr0_to_tell(void)
{
        if (current_task->personality == HONEST)
                return read_cr0();
        return read_cr0() & ~(CR0_PE | CR0_PG);
}

/* The task trapped at something that is not emulated: ends it. */
static _Noreturn void depart(const struct v86_trap *trap, uint32_t code)
{
        if ((code & 0xFF) == OPCODE_HLT)
                task_halted();
        task_refused(trap->frame.cs, trap->frame.ip, code);
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
