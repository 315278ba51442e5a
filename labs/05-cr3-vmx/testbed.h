/* testbed.h -- the challenge. */
#ifndef TESTBED_H
#define TESTBED_H

#include "paging.h"

#define CHALLENGE_RUNS          24
#define CHALLENGE_HEADER        PAGE_SIZE       /* then guest_memory */

#ifndef __ASSEMBLER__
#include "cr3vmm.h"

/* One life of the guest. */
struct run {
        uint16_t ip, sp;                /* all segments are 0 */
        uint32_t exception_bitmap;      /* bit 13: straight to the monitor */
        uint32_t use_targets;
};

/* What the monitor is confronted with. challenge.S holds one to read; the grader
 * overwrites it in the disk image, with the guest's memory behind it. */
struct challenge {
        uint32_t id;                    /* opens the log */
        uint32_t run_count;
        uint64_t registers[GUEST_REGISTERS];    /* with which every program starts */
        struct run run[CHALLENGE_RUNS];
        /* guest_memory follows, at CHALLENGE_HEADER */
};

_Static_assert(sizeof(struct run) == 12, "challenge.S and the grader lay it out");
_Static_assert(sizeof(struct challenge) == 424, "challenge.S and the grader lay it out");

extern const struct challenge challenge;

void testbed_run(unsigned number);

/* kernel.S: the guest's #GP arrives here; then in guest_isrGPF, if it is the task's. */
extern char kernel_gp[];
#endif

#endif
