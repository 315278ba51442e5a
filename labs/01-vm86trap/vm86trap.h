/* vm86trap.h -- what the files of this lab share. */
#ifndef VM86TRAP_H
#define VM86TRAP_H

/* Offsets in struct v86_trap, in bytes, for .S files. */
#define TRAP_ERROR      32
#define TRAP_IP         36
#define TRAP_CS         40
#define TRAP_EFLAGS     44

/* What a task is told when it asks for CR0. */
#define HONEST          1               /* the CPU's CR0 */
#define REAL_MODE       2               /* a CR0 as in real mode */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* What IRETL takes from the ring-0 stack when it goes to virtual-8086 mode, and
 * what the CPU pushes there when the task traps: lowest address first, a dword
 * each. SDM Vol. 3B, "Entering Virtual-8086 Mode". */
struct v86_frame {
        uint32_t ip;                    /* the upper half is zero */
        uint16_t cs, cs_reserved;
        uint32_t eflags;
        uint32_t esp;
        uint16_t ss, ss_reserved;
        uint16_t es, es_reserved;
        uint16_t ds, ds_reserved;
        uint16_t fs, fs_reserved;
        uint16_t gs, gs_reserved;
};

/* The whole picture that isrGPF leaves on the stack. PUSHAL pushes EAX first, and
 * the stack grows down. */
struct v86_trap {
        uint32_t images[8];             /* EDI ESI EBP ESP EBX EDX ECX EAX */
        uint32_t error;
        struct v86_frame frame;
};

_Static_assert(sizeof(struct v86_frame) == 36, "IRETL to virtual-8086 mode");
_Static_assert(offsetof(struct v86_trap, error) == TRAP_ERROR, "TRAP_ERROR");
_Static_assert(offsetof(struct v86_trap, frame.ip) == TRAP_IP, "TRAP_IP");
_Static_assert(offsetof(struct v86_trap, frame.cs) == TRAP_CS, "TRAP_CS");
_Static_assert(offsetof(struct v86_trap, frame.eflags) == TRAP_EFLAGS, "TRAP_EFLAGS");

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

/* decode.c */
#define NOT_MOV_FROM_CR0 (-1)
int decode_mov_from_cr0(uint32_t code);

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
