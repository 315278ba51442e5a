/* testbed.h -- the part of the lab that watches, and the challenge it works on. */
#ifndef TESTBED_H
#define TESTBED_H

#define CHALLENGE_GPS           8
#define CHALLENGE_ADDRESSES     8
#define CHALLENGE_CODES         48
#define CHALLENGE_WRITES        12
#define CHALLENGE_TASKS         24
#define CHALLENGE_BYTES         8192

#ifndef __ASSEMBLER__
#include "vm86trap.h"

/* A #GP of ring 0, for isrGPF to tell from a task's: at 0008:ip, SS is loaded with
 * `selector`, which names no segment. */
struct gp {
        uint16_t ip;
        uint16_t selector;
};

/* What the monitor is confronted with. task.S holds one to read; the grader
 * overwrites it in the disk image with one that nobody has seen. */
struct challenge {
        uint32_t id;                    /* opens the log */
        uint32_t cr0_bits;              /* set in CR0 beside PE, ET and PG */
        uint32_t gp_count;
        struct gp gp[CHALLENGE_GPS];
        uint32_t address_count;
        struct { uint16_t cs, ip; } address[CHALLENGE_ADDRESSES];
        uint32_t code_count;
        uint32_t code[CHALLENGE_CODES];
        struct v86_trap picture;        /* for dry runs of set_register(): what it finds */
        uint32_t write_count;
        struct { uint32_t number, value; } write[CHALLENGE_WRITES];
        uint32_t task_count;
        struct task task[CHALLENGE_TASKS];
        /* the tasks' own code follows, to CHALLENGE_BYTES */
};

_Static_assert(sizeof(struct gp) == 4, "task.S and the grader lay it out");
_Static_assert(sizeof(struct task) == 20, "task.S and the grader lay it out");
_Static_assert(sizeof(struct challenge) == 932, "task.S and the grader lay it out");

extern const struct challenge challenge;

/* Runs one task of the challenge to its end and reports how it went. */
void testbed_run(unsigned number);

/* switch.S: where the monitor's stack waits for a task to end. */
extern uint32_t monitor_esp;

/* probe.S */
void fault_in_ring0(uint32_t ip, uint32_t selector);
#endif

#endif
