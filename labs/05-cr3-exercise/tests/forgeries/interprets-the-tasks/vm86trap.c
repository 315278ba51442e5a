/* A forgery: interprets the tasks in ring 0, with real paging, and hands what would have
 * trapped to a monitor that is right. The log is perfect; only the CPU never was in
 * virtual-8086 mode. */
#include "vm86trap.h"

#include "cpu.h"
#include "selector.h"
#include "x86/control.h"

static struct v86_trap trap;
static struct {
        uint32_t stack[2048];
        struct v86_frame frame;
} ring0;

static uint32_t *reg(int number)
{
        return number == 4 ? &trap.frame.esp : &trap.images[7 - number];
}

static uint16_t *segment(int number)
{
        uint16_t *const all[] = { &trap.frame.es, &trap.frame.cs, &trap.frame.ss,
                                  &trap.frame.ds, &trap.frame.fs, &trap.frame.gs };

        return all[number];
}

static uint8_t *stack(void)
{
        return (uint8_t *)(trap.frame.ss * 16 + (uint16_t)trap.frame.esp);
}

static void move_sp(int bytes)
{
        uint16_t sp = trap.frame.esp + bytes;

        trap.frame.esp = (trap.frame.esp & 0xFFFF0000) | sp;
}

static void set(int number, uint32_t value, int size)
{
        *reg(number) = size == 4 ? value : (*reg(number) & 0xFFFF0000) | (uint16_t)value;
}

/* Does one instruction; returns its length, 0 if it must trap. */
static unsigned step(const uint8_t *start)
{
        const uint8_t *at = start;
        uint16_t base = trap.frame.ds;
        int size = 2;

        for (;; at++) {
                if (*at == 0x66)
                        size = 4;
                else if (*at == 0x26)
                        base = trap.frame.es;
                else if (*at == 0x64 || *at == 0x65)
                        base = *segment(*at - 0x60);
                else
                        break;
        }
        uint8_t opcode = at[0];
        uint32_t *memory = (uint32_t *)(base * 16 + *(const uint16_t *)(at + 2));
        const uint32_t *operand = (const uint32_t *)(at + 1);

        if ((opcode & 0xF8) == 0xB8) {
                set(opcode & 7, *operand, size);
                return at + 1 + size - start;
        }
        if ((opcode & 0xF8) == 0x58) {
                uint32_t value = *(const uint32_t *)stack();

                move_sp(size);
                set(opcode & 7, value, size);
                return at + 1 - start;
        }
        switch (opcode) {
        case 0x9E:                                              /* sahf */
                trap.frame.eflags = (trap.frame.eflags & ~0xD5) | (*reg(0) >> 8 & 0xD5);
                return 1;
        case 0xFC:
        case 0xFD:                                              /* cld, std */
                trap.frame.eflags = (trap.frame.eflags & ~0x400) | (opcode & 1) << 10;
                return 1;
        case 0x83:                                              /* add $1, 0x7FFFFFFF */
                *reg(at[1] & 7) += 1;
                trap.frame.eflags = (trap.frame.eflags & ~0x8D5) | 0x894;
                return at + 3 - start;
        case 0x68:                                              /* push */
                move_sp(-4);
                *(uint32_t *)stack() = *operand;
                return at + 5 - start;
        case 0x87: {                                            /* xchg */
                uint32_t value = *reg(at[1] & 7);

                *reg(at[1] & 7) = *reg(at[1] >> 3 & 7);
                *reg(at[1] >> 3 & 7) = value;
                return at + 2 - start;
        }
        case 0xEA:                                              /* ljmp */
                trap.frame.ip = *(const uint16_t *)(at + 1);
                trap.frame.cs = *(const uint16_t *)(at + 3);
                return 0x10000;
        case 0xEB:                                              /* jmp */
                return 2 + at[1];
        case 0x8E:                                              /* mov %ax, %segment */
                *segment(at[1] >> 3 & 7) = *reg(0);
                return 2;
        case 0x8B:                                              /* mov disp16, %reg */
                *reg(at[1] >> 3 & 7) = *memory;
                return at + 4 - start;
        case 0xC7:                                              /* movl $value, disp16 */
                *memory = *(const uint32_t *)(at + 4);
                return at + 8 - start;
        }
        return 0;
}

static void interpret(void)
{
        for (;;) {
                unsigned length = step((const uint8_t *)fault_address(&trap));

                if (!length)
                        length = trap_from_v86(&trap);
                trap.frame.ip = (uint16_t)(trap.frame.ip + length);
        }
}

/* IRETL, but to ring 0: so that leave_v86() finds its way. */
void run_task(const struct task *task)
{
        trap = (struct v86_trap){ .frame = {
                .ip = task->ip, .cs = task->cs, .eflags = EFLAGS_VM | EFLAGS_FIXED,
                .esp = task->sp, .ss = task->ss, .es = task->es, .ds = task->ds,
                .fs = task->fs, .gs = task->gs,
        } };
        ring0.frame = (struct v86_frame){
                .ip = (uint32_t)interpret, .cs = SEL_CODE32, .eflags = EFLAGS_FIXED,
        };
        enter_v86(&ring0.frame);
}

uint32_t fault_address(const struct v86_trap *at)
{
        return at->frame.cs * 16 + at->frame.ip;
}

void set_register(struct v86_trap *into, int number, uint32_t value)
{
        if (number == 4)
                into->frame.esp = value;
        else
                into->images[7 - number] = value;
}

unsigned emulate(struct v86_trap *at)
{
        uint32_t code = *(const uint32_t *)fault_address(at);
        int destination = decode_mov_from_cr0(code);

        if ((code & 0xFF) == 0xF4)
                task_halted();
        if (destination == NOT_MOV_FROM_CR0)
                task_refused(at->frame.cs, at->frame.ip, code);
        set_register(at, destination, read_cr0());
        return 3;
}
