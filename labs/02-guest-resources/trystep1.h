/* trystep1.h -- the testbed of the guest, and the challenge it works on. */
#ifndef TRYSTEP1_H
#define TRYSTEP1_H

#define CHALLENGE_TASKS         64
#define CHALLENGE_BYTES         6144

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "cpu.h"
#include "v86.h"

/* A program for the guest's virtual-8086 mode, beside its own guest_task. */
struct task {
        uint16_t cs, ip;
        uint16_t skip;                  /* bytes of each IN that the testbed emulates; 0: none */
        uint16_t answer;                /* what it puts into AL */
};

/* What the guest's resources are tried with. challenge.S holds one to read; the
 * grader overwrites it in the disk image with one that nobody has seen. */
struct challenge {
        uint32_t id;                    /* opens the log */
        uint32_t cr0_bits;              /* set in CR0 beside what the guest wants */
        uint32_t task_count;
        struct task task[CHALLENGE_TASKS];
        /* the tasks' own code follows, to CHALLENGE_BYTES */
};

_Static_assert(sizeof(struct challenge) == 524, "challenge.S and the grader lay it out");

extern const struct challenge challenge;

/* What monitor_call leaves on the guest's stack: lowest address first. */
struct guest_report {
        uint32_t fs, es, ds, ss, cs;
        uint32_t return_to;
        struct v86_trap trap;
};

/* trystep1.c. Operands of LGDT and LIDT. */
extern struct table_pointer guest_gdt_pointer, guest_idt_pointer;
void guest_install(void);
void guest_run(unsigned number);

/* Called by monitor_call for every trap of the guest; returns if the guest goes on. */
void guest_trapped(struct guest_report *guest);

/* enter.S */
void install_guest(uint32_t cr0);
void enter_guest(const struct v86_frame *frame);
_Noreturn void leave_guest(void);
#endif

#endif
