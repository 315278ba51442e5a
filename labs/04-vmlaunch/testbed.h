/* testbed.h -- the part of the lab that watches, and the challenge it works on. */
#ifndef TESTBED_H
#define TESTBED_H

#define CHALLENGE_RUNS          10
#define CHALLENGE_CHANGES       32
#define CHALLENGE_TURNS         4       /* VMRESUMEs of watch_switch() */
#define CHALLENGE_BYTES         20480
#define CANARIES                6       /* RBX, RBP, R12 to R15 */

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "vmxstep3.h"

/* One life of the guest: a fresh VMCS, written, changed, launched, run until it is done. */
struct run {
        uint16_t cs, ip;                /* a program of the challenge; 0, 0: guest_task */
        uint32_t changes;               /* how many of challenge.changes[] are its own */
        struct monitor monitor;
};

/* A field of the VMCS that gets another value before the launch. Where there are several,
 * the CPU refuses the entry for one of them; the others do no harm. */
struct change {
        uint64_t field, value;
};

/* What the monitor is confronted with. challenge.S holds one to read; the grader
 * overwrites it in the disk image with one that nobody has seen. */
struct challenge {
        uint32_t id;                    /* opens the log */
        uint32_t run_count;
        uint16_t switch_cs, switch_ip;  /* the program of watch_switch() */
        uint32_t refusals;              /* of watch_switch(), at its end */
        uint64_t registers[GUEST_REGISTERS];    /* with which every program starts */
        uint64_t canaries[CANARIES];    /* of watch_switch(): see world.c */
        struct run run[CHALLENGE_RUNS];
        struct change changes[CHALLENGE_CHANGES];       /* run 0's, run 1's, ... */
        /* the programs' own code follows, to CHALLENGE_BYTES */
};

_Static_assert(sizeof(struct run) == 32, "challenge.S and the grader lay it out");
_Static_assert(sizeof(struct challenge) == 1024, "challenge.S and the grader lay it out");

extern const struct challenge challenge;

/* world.c: the guest's first steps, one by one, without theVMM(). */
void watch_switch(void);

/* testbed.c: a run with theVMM(). */
void testbed_run(unsigned number);

/* testbed.c: a fresh VMCS, for a guest that starts at CS:IP (0, 0: at guest_task). */
void start_guest(uint16_t cs, uint16_t ip);

/* canary.S: calls `launch`, vmlaunch() or vmresume(), with these values in the registers
 * that a C function must keep; then they are what `launch` has left there. */
enum vmx_result call_with_canaries(enum vmx_result (*launch)(uint64_t *), uint64_t *registers,
                                   uint64_t canaries[CANARIES]);
#endif

#endif
