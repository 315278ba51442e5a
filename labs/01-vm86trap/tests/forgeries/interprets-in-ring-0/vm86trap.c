/*
 * Forgery: each task is interpreted in ring 0. The CPU is sent to virtual-8086 mode only at the
 * instructions that trap, with the registers that the interpreter has worked out; it never executes
 * another instruction of a task, and nothing ever returns from a trap.
 */
#include "vm86trap.h"

#include "cpu.h"
#include "print.h"
#include "report.h"
#include "testbed.h"
#include "x86/control.h"

uint32_t reg[8];
struct v86_frame shown;

void show(void);
_Noreturn void back(void);

_Noreturn void mine(const struct v86_trap *trap)
{
        back();
}

static uint32_t number(const uint8_t *at) { return *(const uint32_t *)at; }

void run_task(const struct task *task)
{
        uint16_t cs = task->cs, ip = task->ip;
        uint32_t flags = 2;
        unsigned traps = 0;

        for (int n = 0; n < 8; n++)
                reg[n] = 0;
        reg[4] = task->sp;
        for (;;) {
                const uint8_t *at = (const uint8_t *)(cs * 16 + ip);

                if (at[0] == 0xFC && at[1] == 0xBE) {           /* sends a text */
                        const char *text = (const char *)(cs * 16 + (at[2] | at[3] << 8));

                        print(text);
                        while (*text++)
                                ;
                        ip = (uint32_t)text - cs * 16;
                } else if (at[0] == 0x9E) {
                        flags = (flags & ~0xD5) | (reg[0] >> 8 & 0xD5);
                        ip++;
                } else if (at[0] == 0xFC || at[0] == 0xFD) {
                        flags = (flags & ~0x400) | (at[0] == 0xFD ? 0x400 : 0);
                        ip++;
                } else if (at[0] == 0xEA) {
                        ip = at[1] | at[2] << 8;
                        cs = at[3] | at[4] << 8;
                } else if (at[0] == 0x66 && (at[1] & 0xF8) == 0xB8) {
                        reg[at[1] & 7] = number(at + 2);
                        ip += 6;
                } else if (at[0] == 0x66 && at[1] == 0x83) {
                        reg[at[2] & 7]++;
                        flags = (flags & ~0x8D5) | 0x894;
                        ip += 4;
                } else if (at[0] == 0x66 && at[1] == 0x68) {    /* and the pop behind it */
                        uint16_t sp = reg[4] - 4;

                        *(uint32_t *)(task->ss * 16 + sp) = number(at + 2);
                        reg[at[7] & 7] = number(at + 2);
                        ip += 8;
                } else if (at[0] == 0x66 && at[1] == 0x87) {
                        uint32_t old = reg[at[2] & 7];

                        reg[at[2] & 7] = reg[at[2] >> 3 & 7];
                        reg[at[2] >> 3 & 7] = old;
                        ip += 3;
                } else if (at[0] == 0x66 && at[1] == 0x0F && at[2] == 1) {
                        reg[at[3] & 7] = read_cr0();
                        ip += 4;
                } else {                                        /* it traps: show that to the witness */
                        int destination = decode_mov_from_cr0(number(at));

                        shown = (struct v86_frame){
                                .ip = ip, .cs = cs, .eflags = flags | EFLAGS_VM, .esp = reg[4],
                                .ss = task->ss, .es = task->es, .ds = task->ds, .fs = task->fs,
                                .gs = task->gs };
                        traps++;
                        show();
                        if (destination != NOT_MOV_FROM_CR0) {
                                reg[destination] = read_cr0()
                                        & (task->personality == HONEST ? ~0U : ~(CR0_PE | CR0_PG));
                                ip += 3;
                        } else if (at[0] == 0xF4) {
                                report("task.halted", traps);
                                return;
                        } else {
                                report("task.refused.cs", cs);
                                report("task.refused.ip", ip);
                                report("task.refused.bytes", number(at));
                                return;
                        }
                }
        }
}

uint32_t fault_address(const struct v86_trap *trap) { return 0; }
void set_register(struct v86_trap *trap, int number, uint32_t value) { }
unsigned emulate(struct v86_trap *trap) { return 0; }
