/* vmxstep1.h -- the guest: what its CPU looks up, and what it executes.
 *
 * Whoever runs the guest includes this: here the testbed trystep1, which runs it
 * natively; later a monitor, which runs it under VMX.
 */
#ifndef VMXSTEP1_H
#define VMXSTEP1_H

/* The guest's GDT, slot by slot. */
#define GUEST_TSS       0x08            /* slot 1 */
#define GUEST_LDT       0x10            /* slot 2 */
#define GUEST_GDT_SLOTS 3

/* The guest's LDT. Bit 2 of a selector says: look in the LDT. */
#define LDT_CODE        0x04            /* slot 0: its code, for ring 0 */
#define LDT_DATA        0x0C            /* slot 1: the same memory as data; its stack too */
#define LDT_VRAM        0x14            /* slot 2: one screen of text */
#define LDT_FLAT        0x1C            /* slot 3: all of memory */
#define GUEST_LDT_SLOTS 4

#define GUEST_MEMORY    0x10000         /* bytes, from v86_base on: what a segment reaches */
#define VRAM_ADDRESS    0xB8000         /* 80 * 25 characters, two bytes each */
#define VRAM_BYTES      4000

/* Offsets in struct guest_cpu, in bytes, for .S files. */
#define GUEST_CPU_CR3   8
#define GUEST_CPU_CR4   16
#define GUEST_CPU_LDTR  84
#define GUEST_CPU_TR    86

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

#include "tss32.h"

/* What the registers of the guest's CPU hold when it is started. As wide as the
 * fields of a VMCS, into which a monitor will copy them. */
struct guest_cpu {
        uint64_t cr0, cr3, cr4;
        uint64_t rip, rsp, rflags;
        uint64_t gdtr_base, idtr_base;
        uint32_t gdtr_limit, idtr_limit;
        uint16_t cs, ss, ds, es, fs, gs;
        uint16_t ldtr, tr;
};

_Static_assert(sizeof(struct guest_cpu) == 88, "the grader reads it");
_Static_assert(offsetof(struct guest_cpu, cr3) == GUEST_CPU_CR3, "GUEST_CPU_CR3");
_Static_assert(offsetof(struct guest_cpu, cr4) == GUEST_CPU_CR4, "GUEST_CPU_CR4");
_Static_assert(offsetof(struct guest_cpu, ldtr) == GUEST_CPU_LDTR, "GUEST_CPU_LDTR");
_Static_assert(offsetof(struct guest_cpu, tr) == GUEST_CPU_TR, "GUEST_CPU_TR");

/* ---- You write these: vmxstep1.c -------------------------------------- */

extern struct guest_cpu guest_cpu;
extern struct tss32 guest_tss;
extern uint64_t guest_gdt[GUEST_GDT_SLOTS];
extern uint64_t guest_ldt[GUEST_LDT_SLOTS];
extern uint64_t guest_idt[];
extern uint32_t guest_page_directory[];

void guest_tss_init(void);
void guest_io_map_init(void);
void guest_gdt_init(void);
void guest_ldt_init(void);
void guest_idt_init(void);
void guest_paging_init(void);
void guest_entry_init(void);

/* ---- You write these: guest.S. They lie in the guest's memory. --------- */

extern char guest_task[];               /* 16-bit code, virtual-8086 mode */
extern char guest_isrGPF[];             /* 32-bit code, ring 0 */
extern char guest_stack0[];             /* tops of the stacks: ring 0, ring 3 */
extern char guest_stack3[];
extern uint32_t guest_code;             /* what guest_isrGPF found at CS:IP */

/* ---- These are given. ------------------------------------------------- */

extern char v86_base[];                 /* ldscript: where the guest's memory starts */

/* A pointer as the CPU's structures hold it: 32 bits. */
static inline uint32_t address_of(const void *where)
{
        return (uint32_t)(unsigned long)where;
}

/* The address of something in the guest's memory, as its segments count: from
 * the start of that memory. */
#define GUEST_OFFSET(label) (address_of(label) - address_of(v86_base))

/* The real-mode segment that starts where the guest's memory does. */
#define GUEST_SEGMENT ((uint16_t)(address_of(v86_base) >> 4))
#endif

#endif
