/* vm86trap.h -- what the files of this lab share. */
#ifndef VM86TRAP_H
#define VM86TRAP_H

/* What a task is told when it asks for CR0. */
#define HONEST          1               /* the CPU's CR0 */
#define REAL_MODE       2               /* a CR0 as in real mode */

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "decode.h"
#include "v86.h"

/* Where a task starts. */
struct task {
        uint16_t cs, ip, ss, sp, ds, es, fs, gs;
        uint32_t personality;           /* HONEST or REAL_MODE */
};

/* ---- You write these. ------------------------------------------------- */

/* vm86trap.c */
void run_task(const struct task *task);
uint32_t fault_address(const struct v86_trap *trap);
void set_register(struct v86_trap *trap, int number, uint32_t value);
unsigned emulate(struct v86_trap *trap);

/* isrGPF.S: vector 13 of the IDT. */
void isrGPF(void);

/* ---- These are given. ------------------------------------------------- */

/* testbed.c: called by isrGPF for every trap of a task; calls emulate() and
 * returns what it returned. */
unsigned trap_from_v86(struct v86_trap *trap);

/* testbed.c: the task is over. Neither returns: run_task() does. */
_Noreturn void task_halted(void);
_Noreturn void task_refused(uint16_t cs, uint16_t ip, uint32_t bytes);

/* switch.S: IRETL with this frame; returns when leave_v86() is called. */
void enter_v86(const struct v86_frame *frame);
_Noreturn void leave_v86(void);

/* The task that is running. */
extern const struct task *current_task;
#endif

#endif
