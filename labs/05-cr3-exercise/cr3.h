/* cr3.h -- the monitor of lab 01, and what this lab adds to it. */
#ifndef CR3_H
#define CR3_H

#include "paging.h"
#include "vm86trap.h"

#ifndef __ASSEMBLER__
/* What emulate_cr3() answers if the instruction is none of its own. */
#define NOT_CR3 (-1)

/* ---- You write these: cr3.c ------------------------------------------- */

void start_paging(uint32_t *directory, uint32_t *table);
uint32_t get_register(const struct v86_trap *trap, int number);
void reflect_gp(struct v86_trap *trap);
int emulate_cr3(struct v86_trap *trap);

/* What the guest shall find in CR3. The testbed sets it when a task starts: the truth. */
extern uint32_t guest_cr3;

/* ---- These are given. ------------------------------------------------- */

/* testbed.c: the paging structures of the task that is running. */
extern uint32_t *current_directory, *current_table;
#endif

#endif
