/* testbed.h -- the part of the lab that watches, and the challenge it works on. */
#ifndef TESTBED_H
#define TESTBED_H

#define CHALLENGE_ADDRESSES     8
#define CHALLENGE_CODES         48
#define CHALLENGE_TASKS         24
#define CHALLENGE_BYTES         8192

#ifndef __ASSEMBLER__
#include "vm86trap.h"

/* What the monitor is confronted with. task.S holds one to read; the grader
 * overwrites it in the disk image with one that nobody has seen. */
struct challenge {
        uint32_t id;                    /* opens the log */
        uint32_t cr0_bits;              /* set in CR0 beside PE, ET and PG */
        uint32_t write_value;           /* for dry runs of set_register() */
        uint32_t address_count;
        struct { uint16_t cs, ip; } address[CHALLENGE_ADDRESSES];
        uint32_t code_count;
        uint32_t code[CHALLENGE_CODES];
        uint32_t task_count;
        struct task task[CHALLENGE_TASKS];
        /* the tasks' own code follows, to CHALLENGE_BYTES */
};

_Static_assert(sizeof(struct task) == 20, "task.S and the grader lay it out");
_Static_assert(sizeof(struct challenge) == 728, "task.S and the grader lay it out");

extern const struct challenge challenge;

/* Runs one task of the challenge to its end and reports how it went. */
void testbed_run(unsigned number);

/* probe.S */
int probe_ring0(void);
_Noreturn void probe_mistaken(void);
extern uint32_t probe_esp;
#endif

#endif
