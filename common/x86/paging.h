/* x86/paging.h -- paging-structure entries: literals only, safe in .S files.
 *
 * SDM Vol. 3A, "32-Bit Paging" and "4-Level Paging and 5-Level Paging".
 */
#ifndef X86_PAGING_H
#define X86_PAGING_H

#define PAGE_SIZE       0x1000

#define PAGE_P          0x01            /* present */
#define PAGE_RW         0x02            /* writable */
#define PAGE_US         0x04            /* user: CPL 3 may use it */
#define PAGE_PS         0x80            /* this entry maps a large page */

#define PAGE_4M         0x400000        /* large page of 32-bit paging, with CR4.PSE */
#define PAGE_2M         0x200000        /* large page of 4-level paging */

#endif
