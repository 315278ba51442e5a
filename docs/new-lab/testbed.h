/* testbed.h -- what the tests own: the challenge, and what main.c has heard of your code.
 *
 * Files that students write include no such header. Who uses a name of it all the same is
 * named to whoever grades.
 */
#ifndef TESTBED_H
#define TESTBED_H

#include <stdint.h>

#define CHALLENGE_COUNT 16

/* What the student's code is confronted with. challenge.c holds one to read; the grader
 * overwrites it in the disk image with one that nobody has seen. */
struct challenge {
        uint32_t id;                    /* opens the log */
        uint32_t reserved;
        uint64_t descriptor[CHALLENGE_COUNT];
};

_Static_assert(sizeof(struct challenge) == 8 + 8 * CHALLENGE_COUNT, "the grader lays it out");

extern const struct challenge challenge;

/* main.c: what your code has answered. The grader reads it out of the machine's memory. */
extern uint32_t answers[CHALLENGE_COUNT];

#endif
