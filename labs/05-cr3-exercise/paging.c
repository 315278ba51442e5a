/* paging.c -- the monitor's paging structures: 32-bit paging, pages of 4 KB, one directory
 * and one table. They map the first 4 MB of linear addresses:
 *
 *      0 to GUEST_BYTES        the guest's memory, as the guest wants it; for ring 3
 *      from there on           the monitor, one to one; for ring 0 alone
 *
 * SDM Vol. 3A, "32-Bit Paging". Ring 0, flat segments; where a structure is, its address is
 * the same with paging and without. (A 64-bit monitor will call these too.)
 */
#include "paging.h"

#include "todo.h"

#define FRAME           0xFFFFF000      /* of an entry: where the page is */

/* Fills in a directory and a table, whatever they hold: the guest's memory at linear
 * address 0, page by page, and the monitor. */
void build_paging(uint32_t *directory, uint32_t *table)
{
#if SOLVED >= 1
        directory[0] = physical(table) | PAGE_P | PAGE_RW | PAGE_US;
        for (unsigned entry = 1; entry < ENTRIES; entry++)
                directory[entry] = 0;
        for (unsigned page = 0; page < GUEST_PAGES; page++)
                table[page] = physical(&guest_memory[page * PAGE_SIZE])
                            | PAGE_P | PAGE_RW | PAGE_US;
        for (unsigned page = GUEST_PAGES; page < ENTRIES; page++)
                table[page] = page * PAGE_SIZE | PAGE_P | PAGE_RW;
#else
        /* TODO(05-1) Map 4 MB: the guest's memory at 0, the monitor where it is.
         * Given:   two pages, aligned, that hold anything.
         * Do:      directory: entry 0 is the table, present, writable, open to ring 3; the
         *          others are not present. Table: entries 0 to GUEST_PAGES - 1 are the
         *          pages of guest_memory, open to ring 3; the others map page n at
         *          n * PAGE_SIZE, for ring 0 alone.
         * Use:     physical(), PAGE_P, PAGE_RW, PAGE_US.
         * Read:    README, "Two levels"; SDM Vol. 3A, "32-Bit Paging".
         * Seen:    nothing yet: start_paging(), cr3.c, calls this. */
        lab_todo("05-1");
#endif
}

/* May the guest load this into its CR3? It must be a directory in its memory, whose only
 * entry is a table in its memory, which maps nothing but its memory, and that below
 * GUEST_BYTES. All addresses here are the guest's physical ones. */
int cr3_allowed(uint32_t cr3)
{
#if SOLVED >= 3
        const uint32_t *directory, *table;

        if (cr3 % PAGE_SIZE || cr3 >= GUEST_BYTES)
                return 0;
        directory = (const uint32_t *)&guest_memory[cr3];
        if (!(directory[0] & PAGE_P) || directory[0] & PAGE_PS
            || (directory[0] & FRAME) >= GUEST_BYTES)
                return 0;
        table = (const uint32_t *)&guest_memory[directory[0] & FRAME];
        for (unsigned entry = 1; entry < ENTRIES; entry++)
                if (directory[entry] & PAGE_P)
                        return 0;
        for (unsigned page = 0; page < ENTRIES; page++)
                if (table[page] & PAGE_P
                    && (page >= GUEST_PAGES || (table[page] & FRAME) >= GUEST_BYTES))
                        return 0;
        return 1;
#else
        /* TODO(05-3) Trust nothing that the guest says.
         * Given:   `cr3`, any number; guest_memory.
         * Do:      answer 0 unless: it is the address of a page in the guest's memory.
         *          Entry 0 of the directory there is present, no large page, and its frame
         *          is in the guest's memory. No other entry of the directory is present.
         *          In the table: an entry that is present has its frame in the guest's
         *          memory, and is one of the first GUEST_PAGES.
         * Use:     FRAME, GUEST_BYTES, PAGE_P, PAGE_PS.
         * Read:    README, "What may go wrong".
         * Seen:    no difference yet; the stop is now in shadow(). */
        lab_todo("05-3");
#endif
}

/* Makes the first GUEST_PAGES entries of our table map what the guest's table maps now,
 * where our memory has it. cr3_allowed(cr3) holds. */
void shadow(uint32_t *table, uint32_t cr3)
{
#if SOLVED >= 3
        const uint32_t *directory = (const uint32_t *)&guest_memory[cr3];
        const uint32_t *wanted = (const uint32_t *)&guest_memory[directory[0] & FRAME];

        for (unsigned page = 0; page < GUEST_PAGES; page++) {
                uint32_t frame = wanted[page] & FRAME;

                table[page] = wanted[page] & PAGE_P
                            ? physical(&guest_memory[frame]) | PAGE_P | PAGE_RW | PAGE_US : 0;
        }
#else
        /* Still TODO(05-3): the guest's table speaks of the guest's physical addresses, and
         * the guest may change it at any time. So the CPU never works with it, but with
         * a copy, in our numbers.
         * Do:      for each of the guest's pages: not present if it is not in the guest's
         *          table; or else the frame, in our memory, writable, open to ring 3.
         * Read:    README, "The shadow".
         * Seen:    the fifth page, the sixth page; then the stop in reflect_gp(). */
        lab_todo("05-3");
#endif
}
