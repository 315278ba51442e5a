/* x86/bios.h -- what a PC's BIOS leaves in low memory: the BIOS data area, from 0x400 on. */
#ifndef X86_BIOS_H
#define X86_BIOS_H

#define BDA_VIDEO_MODE          0x449   /* a byte; 3, 7: text, 80 columns, 25 rows; leave.S draws there */

#endif
