/* x86/descriptor.h -- segment and gate descriptors: literals, and one constructor
 * for .S files. The constructor for C is descriptor() in ../segment.h.
 *
 * Attributes are written as the manual's access byte in bits 0-7 and its flags
 * in bits 12-15, which is also the layout of VMX access rights.
 * SDM Vol. 3A, "Segment Descriptors" and "System Descriptor Types".
 */
#ifndef X86_DESCRIPTOR_H
#define X86_DESCRIPTOR_H

#define DESC_P          0x0080          /* present */
#define DESC_DPL(ring)  ((ring) << 5)   /* descriptor privilege level */
#define DESC_S          0x0010          /* code or data, not system */
#define DESC_L          0x2000          /* 64-bit code */
#define DESC_DB         0x4000          /* 32-bit code, or 32-bit stack */
#define DESC_G          0x8000          /* the limit counts 4-KB pages */

/* Types of code and data segments, with DESC_S */
#define TYPE_DATA       0x2             /* writable data */
#define TYPE_CODE       0xA             /* readable code */
#define TYPE_ACCESSED   0x1             /* the CPU sets it when it loads the segment */

/* Types of system segments and gates, without DESC_S */
#define TYPE_LDT        0x2
#define TYPE_TSS        0x9             /* 32-bit (or 64-bit) TSS, available */
#define TYPE_TSS_BUSY   0xB
#define TYPE_INT_GATE   0xE             /* 32-bit (or 64-bit) interrupt gate */

/* What the programs use */
#define DESC_CODE16     (DESC_P | DESC_S | TYPE_CODE)
#define DESC_DATA16     (DESC_P | DESC_S | TYPE_DATA)
#define DESC_CODE32     (DESC_P | DESC_S | TYPE_CODE | DESC_DB | DESC_G)
#define DESC_DATA32     (DESC_P | DESC_S | TYPE_DATA | DESC_DB | DESC_G)
#define DESC_CODE64     (DESC_P | DESC_S | TYPE_CODE | DESC_L)

#ifdef __ASSEMBLER__
/* One 8-byte descriptor. `limit` is the 20-bit field, in the unit that DESC_G says. */
        .macro  DESCRIPTOR base, limit, attributes
        .word   (\limit) & 0xFFFF
        .word   (\base) & 0xFFFF
        .byte   ((\base) >> 16) & 0xFF
        .byte   (\attributes) & 0xFF
        .byte   (((\limit) >> 16) & 0x0F) | (((\attributes) >> 8) & 0xF0)
        .byte   ((\base) >> 24) & 0xFF
        .endm
#endif

#endif
