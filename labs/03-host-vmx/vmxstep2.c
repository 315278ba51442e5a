/* vmxstep2.c -- the host's own structures: 4-level page tables, GDT, TSS, IDT.
 *
 * Called by testbed.c (in lab 04 by its setup.c) in 64-bit mode, ring 0, on the structures
 * that start.S and long.S made. What is filled in here becomes real in load.S.
 */
#include "vmxstep2.h"

#include "segment.h"
#include "todo.h"
#include "trap.h"
#include "x86/descriptor.h"

#define GIGABYTE        0x40000000
#define PAGE_ADDRESS    0x000FFFFFFFFFF000      /* bits 51:12 of an entry */

#if SOLVED >= 6
/* The table that `entry` leads to; makes one if there is none. */
static uint64_t *next_table(uint64_t *entry)
{
        if (!(*entry & PAGE_P))
                *entry = (uint64_t)new_table() | PAGE_P | PAGE_RW;
        return (uint64_t *)(*entry & PAGE_ADDRESS);
}

#endif
/* Maps the 2-MB page at the linear address `va` to the physical address `pa`. */
void map_2m(uint64_t *pml4, uint64_t va, uint64_t pa)
{
#if SOLVED >= 6
        uint64_t *pdpt = next_table(&pml4[va >> 39 & 511]);
        uint64_t *directory = next_table(&pdpt[va >> 30 & 511]);

        directory[va >> 21 & 511] = pa | PAGE_P | PAGE_RW | PAGE_PS;
#else
        /* TODO(03-6) Lead from the PML4 to a 2-MB page.
         * Given:   tables of TABLE_ENTRIES entries each, all zero at first. Tables are
         *          mapped one to one: a physical address is a pointer here.
         * Do:      each level takes 9 bits of `va` as its index: PML4 bits 47:39, PDPT
         *          38:30, directory 29:21. An entry that is not present yet gets a new
         *          table; the directory's entry is the page itself. All are present,
         *          writable and for ring 0 only. Then write host_paging().
         * Use:     new_table(), PAGE_P, PAGE_RW, PAGE_PS, PAGE_ADDRESS.
         * Read:    SDM Vol. 3A, "4-Level Paging and 5-Level Paging", with its figure
         *          "Linear-Address Translation to a 2-MByte Page".
         * Seen:    nothing new until host_paging() is written too. */
        lab_todo("03-6");
#endif
}

/* Maps the first gigabyte one to one, and one more 2-MB page as a window. Returns the
 * value for CR3. */
uint64_t host_paging(uint64_t window_va, uint64_t window_pa)
{
#if SOLVED >= 6
        for (uint64_t address = 0; address < GIGABYTE; address += PAGE_2M)
                map_2m(host_pml4, address, address);
        map_2m(host_pml4, window_va, window_pa);
        return (uint64_t)host_pml4;
#else
        /* Still TODO(03-6).
         * Given:   host_pml4, all zero; GIGABYTE, PAGE_2M.
         * Do:      map each 2-MB page of the first gigabyte to itself, then the window
         *          at window_va to window_pa. CR3 holds where the PML4 is; its lower
         *          12 bits stay 0.
         * Seen:    "@ cr3 ..." and "@ window.word ...", then TODO(03-7). */
        lab_todo("03-6");
#endif
}

#if SOLVED >= 7
static struct gate64 interrupt_gate(void (*entry)(void))
{
        uint64_t offset = (uint64_t)entry;

        return (struct gate64){
                .offset_low = offset,
                .selector = HOST_CODE,
                .attributes = (DESC_P | TYPE_INT_GATE) << 8,
                .offset_middle = offset >> 16,
                .offset_high = offset >> 32,
        };
}

#endif
/* Fills in host_gdt, host_tss and host_idt. `rsp0` is the end of the stack for traps
 * from outer rings. */
void host_structures(uint64_t rsp0)
{
#if SOLVED >= 7
        uint64_t tss = (uint64_t)&host_tss;

        host_gdt[HOST_CODE / 8] = descriptor(0, 0, DESC_CODE64);
        host_gdt[HOST_DATA / 8] = descriptor(0, 0xFFFFF, DESC_DATA32);
        host_gdt[HOST_TSS / 8] = descriptor(tss, sizeof(host_tss) - 1, DESC_P | TYPE_TSS);
        host_gdt[HOST_TSS / 8 + 1] = tss >> 32;

        host_tss.rsp0 = rsp0;
        host_tss.io_map_base = sizeof(host_tss);

        for (unsigned vector = 0; vector < VECTORS; vector++)
                host_idt[vector] = interrupt_gate(trap_entry[vector]);
#else
        /* TODO(03-7) Fill in what the host's segments and exceptions need.
         * Given:   the three structures, zero but for slot 4; trap_entry[], where the CPU shall
         *          arrive for each vector; the slots of the GDT, in vmxstep2.h.
         * Do:      GDT: code, data, and the TSS's descriptor, whose second half holds
         *          bits 63:32 of the base. TSS: RSP0, and an I/O map base that says
         *          there is no map. IDT: interrupt gates for #GP and #UD at least, to
         *          code segment HOST_CODE, DPL 0, no IST.
         * Use:     descriptor(base, limit, attributes), DESC_CODE64, DESC_DATA32,
         *          DESC_P | TYPE_TSS, TYPE_INT_GATE, VECTOR_GP, VECTOR_UD.
         * Read:    SDM Vol. 3A, "TSS Descriptor in 64-bit Mode", "64-Bit Mode IDT".
         * Seen:    "@ host.tr 0x18", "@ probe.gp...", "@ probe.ud...", TODO(03-8). */
        lab_todo("03-7");
#endif
}
