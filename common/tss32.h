/* tss32.h -- the 32-bit task-state segment: where the CPU finds the ring-0 stack
 * when a task of ring 3 traps, and which ports that task may use.
 */
#ifndef TSS32_H
#define TSS32_H

#define TSS32_ESP0      4               /* offset of ESP0, for .S files */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

#define IO_PORTS        0x10000

/* SDM Vol. 3A, "Task-State Segment (TSS)"; Vol. 1, "I/O Permission Bit Map"; Vol. 3B,
 * "Software Interrupt Handling Methods While in Virtual-8086 Mode". */
struct tss32 {
        uint32_t link;
        uint32_t esp0, ss0;             /* the stack for traps to ring 0 */
        uint32_t esp1, ss1, esp2, ss2;
        uint32_t cr3, eip, eflags;
        uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
        uint32_t es, cs, ss, ds, fs, gs, ldt;
        uint16_t debug_trap;
        uint16_t io_map_base;           /* offset of io_map */
        uint8_t interrupt_map[32];      /* redirection bitmap, for INT n with CR4.VME */
        uint8_t io_map[IO_PORTS / 8];   /* a 1 bit: the port is denied */
        uint8_t io_map_end;             /* the CPU wants a last byte of ones */
} __attribute__((packed));

_Static_assert(offsetof(struct tss32, esp0) == TSS32_ESP0, "ESP0");
_Static_assert(offsetof(struct tss32, io_map_base) == 102, "I/O map base address");
_Static_assert(offsetof(struct tss32, interrupt_map) == 104, "size of the TSS proper");
_Static_assert(offsetof(struct tss32, io_map) == 136, "the I/O map follows the other one");

extern struct tss32 tss;

/* Fills the TSS in, all ports allowed, and loads TR with it. ESP0 is left to
 * whoever enters ring 3. 32-bit protected mode, CPL 0. */
void tss_init(void);
#endif

#endif
