/* selector.h -- the program's GDT, slot by slot: literals only, safe in .S files.
 *
 *      slot  selector  what
 *      0     0x00      null
 *      1     0x08      32-bit code, flat
 *      2     0x10      data, flat
 *      3     0x18      16-bit code, based at ARENA: the way back to real mode
 *      4     0x20      16-bit data, based at ARENA
 *      5     0x28      64-bit code
 *      6     0x30      TSS (slots 6 and 7 in long mode)
 */
#ifndef SELECTOR_H
#define SELECTOR_H

#define SEL_CODE32      0x08
#define SEL_DATA        0x10
#define SEL_CODE16      0x18
#define SEL_DATA16      0x20
#define SEL_CODE64      0x28
#define SEL_TSS         0x30
#define GDT_SLOTS       8

#define ARENA           0x10000         /* where the loader puts every program */

#endif
