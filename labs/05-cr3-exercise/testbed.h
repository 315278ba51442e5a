/* testbed.h -- the part of the lab that watches, and the challenge it works on. */
#ifndef TESTBED_H
#define TESTBED_H

#include "paging.h"

#define CHALLENGE_CODES         64
#define CHALLENGE_TASKS         40
#define CHALLENGE_HEADER        PAGE_SIZE       /* then guest_memory */
#define POOL_PAGES              8

#ifndef __ASSEMBLER__
#include "cr3.h"

/* A task, and in which pages of the pool its paging structures shall be. */
struct paged_task {
        struct task task;
        uint16_t directory, table;
};

/* What the monitor is confronted with. challenge.S holds one to read; the grader
 * overwrites it in the disk image with one that nobody has seen. */
struct challenge {
        uint32_t id;                    /* opens the log */
        uint32_t code_count;
        uint32_t code[CHALLENGE_CODES];
        uint32_t task_count;
        struct paged_task task[CHALLENGE_TASKS];
        /* guest_memory follows, at CHALLENGE_HEADER; then a page that is not the guest's */
};

_Static_assert(sizeof(struct paged_task) == 24, "challenge.S and the grader lay it out");
_Static_assert(sizeof(struct challenge) == 1228, "challenge.S and the grader lay it out");

extern const struct challenge challenge;

/* Where the grader may want the paging structures: not empty, as memory is. */
extern uint32_t pool[POOL_PAGES][ENTRIES];

/* Fills the pool. */
void testbed_init(void);

/* Runs one task of the challenge to its end and reports how it went. */
void testbed_run(unsigned number);
#endif

#endif
