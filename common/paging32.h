/* paging32.h -- the simplest paging there is. */
#ifndef PAGING32_H
#define PAGING32_H

/* Turns paging on with one 4-MB page that maps address 0 to itself, writable,
 * open to ring 3. 32-bit protected mode, CPL 0; code and stack below 4 MB. */
void paging_on(void);

#endif
