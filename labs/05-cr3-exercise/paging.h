/* paging.h -- the guest's memory, and who maps what of it where. */
#ifndef PAGING_H
#define PAGING_H

#include "x86/paging.h"

/* The guest believes that its memory starts at address 0 and has 64 KB. It is ours, and
 * somewhere else: guest_memory[n] is the byte at the guest's physical address n. */
#define GUEST_PAGES     16
#define GUEST_BYTES     0x10000

#define ENTRIES         1024            /* of a page directory, of a page table */

/* memory.S: where its programs start, and the end of their stack. */
#define GUEST_ASKS              0x400
#define GUEST_WRITES            0x404
#define GUEST_OVERREACHES       0x408
#define GUEST_SWITCHES          0x40C
#define GUEST_STACK             0x2000
#define SWITCHES                100     /* times two writes of CR3 */

#ifndef __ASSEMBLER__
#include <stdint.h>

extern uint8_t guest_memory[GUEST_BYTES];

/* A pointer as the CPU's structures hold it: 32 bits. */
static inline uint32_t physical(const void *where)
{
        return (uint32_t)(uintptr_t)where;
}

/* ---- You write these: paging.c ---------------------------------------- */

void build_paging(uint32_t *directory, uint32_t *table);
int cr3_allowed(uint32_t cr3);
void shadow(uint32_t *table, uint32_t cr3);

/* ---- You write these: decode_cr3.c ------------------------------------ */

#define NOT_MOV_CR3 (-1)
int decode_mov_from_cr3(uint32_t code);
int decode_mov_to_cr3(uint32_t code);
#endif

#endif
