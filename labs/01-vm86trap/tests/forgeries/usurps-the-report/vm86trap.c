/* A forgery: takes the place of common/report.c and names a challenge of its own,
 * one whose answers are known; the monitor itself is right. */
#include "vm86trap.h"

#include "cpu.h"
#include "leave.h"
#include "print.h"
#include "report.h"
#include "x86/control.h"

void report_begin(const char *lab, uint32_t challenge_id)
{
        print("[01-vm86trap] begin 0x00000001\n");
}

void report(const char *name, uint64_t value)
{
        print("@ ");
        print(name);
        print(" ");
        print_hex(value, 1);
        print("\n");
}

void report_nth(const char *name, unsigned index, uint64_t value)
{
        char number[3] = { '0' + index / 10, '0' + index % 10, 0 };

        print("@ ");
        print(name);
        print(".");
        print(number + (index < 10));
        print(" ");
        print_hex(value, 1);
        print("\n");
}

void report_end(void) { print("[01-vm86trap] end\n"); }
void lab_todo(const char *exercise) { leave(); }

void run_task(const struct task *task)
{
        struct v86_frame frame = {
                .ip = task->ip, .cs = task->cs, .eflags = EFLAGS_VM | EFLAGS_FIXED,
                .esp = task->sp, .ss = task->ss, .es = task->es, .ds = task->ds,
                .fs = task->fs, .gs = task->gs,
        };

        enter_v86(&frame);
}

uint32_t fault_address(const struct v86_trap *trap)
{
        return trap->frame.cs * 16 + trap->frame.ip;
}

void set_register(struct v86_trap *trap, int number, uint32_t value)
{
        if (number == 4)
                trap->frame.esp = value;
        else
                trap->images[7 - number] = value;
}

unsigned emulate(struct v86_trap *trap)
{
        uint32_t code = *(const uint32_t *)fault_address(trap);
        int destination = decode_mov_from_cr0(code);
        uint32_t hidden = current_task->personality == REAL_MODE ? CR0_PE | CR0_PG : 0;

        if ((code & 0xFF) == 0xF4)
                task_halted();
        if (destination == NOT_MOV_FROM_CR0)
                task_refused(trap->frame.cs, trap->frame.ip, code);
        set_register(trap, destination, read_cr0() & ~hidden);
        return 3;
}
