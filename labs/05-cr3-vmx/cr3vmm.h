/* cr3vmm.h -- CR3 under the monitor of lab 04: shadows, and what the guest's kernel knows of
 * them.
 */
#ifndef CR3VMM_H
#define CR3VMM_H

#define SHADOWS 4                       /* as many as most CPUs have CR3-target values */

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "paging.h"
#include "vmxstep3.h"

/* A directory and a table of ours: what the CPU works with when the guest believes that
 * guest_cr3 is in its CR3. */
struct shadow {
        uint32_t directory[ENTRIES];
        uint32_t table[ENTRIES];
};

extern struct shadow shadows[SHADOWS];
extern uint32_t shadow_of[SHADOWS];     /* the guest's value for each; NO_SHADOW: unused */
#define NO_SHADOW 0xFFFFFFFF

/* What the guest's kernel is told of the shadows, so that it can load one itself: for its
 * value of CR3, ours; 0: not known. In the guest's memory. */
struct cr3_pair {
        uint32_t guest, shadow;
};

extern struct cr3_pair cr3_pairs[SHADOWS];

/* Shall the guest's kernel load CR3 without exits, in this run? */
extern uint32_t use_targets;

/* ---- You write these: cr3vmm.c; and emulate_mov_cr3(), emulate_cr_access(), which lab 04
 * has declared. ---- */

uint32_t guest_cr3(void);
int load_cr3(uint32_t wanted);
void inject_gp(void);
void publish(unsigned n);

/* ---- These are given: testbed.c ---------------------------------------- */

/* General register `number` of the guest, as in machine code; 4 is RSP, in the VMCS. */
uint32_t get_guest(unsigned number);
void set_guest(unsigned number, uint32_t value);

/* Which shadow shall be for this value of the guest's: the one that is already; or else one
 * that the CPU is not working with. */
unsigned shadow_for(uint32_t cr3);
#endif

#endif
