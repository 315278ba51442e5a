/* paging.h -- the guest's memory, and who maps what of it where. */
#ifndef PAGING_H
#define PAGING_H

#include "x86/paging.h"

/* The guest believes that its memory starts at address 0 and has 64 KB. It is ours, and
 * somewhere else: guest_memory[n] is the byte at the guest's physical address n. */
#define GUEST_PAGES     16
#define GUEST_BYTES     0x10000

#define TABLE_ENTRIES   1024            /* of a page directory, of a page table */

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
