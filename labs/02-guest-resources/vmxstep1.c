/* vmxstep1.c -- the guest's resources: the structures in which its CPU looks things
 * up, and the registers it starts with.
 *
 * The testbed calls these functions once, in this order, before the guest runs. Ring
 * 0, flat segments: an address here is a physical address. (A 64-bit monitor will call
 * them too: nothing here depends on the width of a pointer.)
 */
#include "vmxstep1.h"

#include "segment.h"
#include "todo.h"
#include "x86/control.h"
#include "x86/descriptor.h"
#include "x86/exception.h"
#include "x86/paging.h"
#include "x86/uart.h"

struct guest_cpu guest_cpu;
struct tss32 guest_tss;
uint64_t guest_gdt[GUEST_GDT_SLOTS];
uint64_t guest_ldt[GUEST_LDT_SLOTS];
uint64_t guest_idt[VECTORS];
uint32_t guest_page_directory[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

/* The task-state segment: where the CPU finds a stack for ring 0 when the guest
 * traps, and whether it may use a port. */
void guest_tss_init(void)
{
#if SOLVED >= 1
        guest_tss.ss0 = LDT_DATA;
        guest_tss.esp0 = GUEST_OFFSET(guest_stack0);
        guest_tss.io_map_base = offsetof(struct tss32, io_map);
        guest_tss.io_map_end = 0xFF;
#else
        /* TODO(02-1) Fill in what the CPU reads of a TSS at a trap, an IN, an OUT.
         * Given:   guest_tss, all zero; struct tss32 in common/tss32.h.
         * Do:      the stack for ring 0: selector LDT_DATA, and the top of the stack
         *          as an offset in that segment. Where the I/O map starts, counted
         *          from the TSS's first byte. The byte behind the map: all ones.
         * Use:     GUEST_OFFSET(), guest_stack0, offsetof().
         * Read:    README, "The TSS"; SDM Vol. 3A, "Task-State Segment (TSS)".
         * Seen:    the run stops at TODO(02-2). A table makes no line in the log: right
         *          and wrong look the same until `make grade`, which reads it. */
        lab_todo("02-1");
#endif
}

/* The I/O permission bitmap: one bit for each of 65,536 ports; 1 denies it. */
void guest_io_map_init(void)
{
#if SOLVED >= 2
        for (unsigned byte = 0; byte < sizeof(guest_tss.io_map); byte++)
                guest_tss.io_map[byte] = 0xFF;
        for (unsigned port = UART_DATA; port < UART_DATA + 8; port++)
                guest_tss.io_map[port / 8] &= ~(1 << port % 8);
#else
        /* TODO(02-2) Deny every port, then allow the eight of the UART.
         * Given:   guest_tss.io_map, all zero: every port allowed.
         * Do:      port p is bit p % 8 of byte p / 8.
         * Use:     UART_DATA, the first of the eight.
         * Read:    README, "The permission bitmap"; SDM Vol. 1, "I/O Permission Bit
         *          Map".
         * Seen:    TODO(02-3), and in `make grade`. */
        lab_todo("02-2");
#endif
}

/* The global descriptor table: slot 0 stays null, then TSS and LDT. */
void guest_gdt_init(void)
{
#if SOLVED >= 3
        guest_gdt[GUEST_TSS / 8] = descriptor(address_of(&guest_tss), sizeof(guest_tss) - 1,
                                              DESC_P | TYPE_TSS);
        guest_gdt[GUEST_LDT / 8] = descriptor(address_of(guest_ldt), sizeof(guest_ldt) - 1,
                                              DESC_P | TYPE_LDT);
        guest_cpu.gdtr_base = address_of(guest_gdt);
        guest_cpu.gdtr_limit = sizeof(guest_gdt) - 1;
        guest_cpu.tr = GUEST_TSS;
        guest_cpu.ldtr = GUEST_LDT;
#else
        /* TODO(02-3) Describe the TSS and the LDT; say where the GDT is.
         * Given:   guest_gdt, all zero; GUEST_TSS and GUEST_LDT, the selectors.
         * Do:      two descriptors: present, DPL 0, system segments; a limit is the
         *          last offset, not the size. Then in guest_cpu: GDTR, TR, LDTR.
         * Use:     descriptor(), address_of(), DESC_P, TYPE_TSS, TYPE_LDT.
         * Read:    README, "Descriptors"; SDM Vol. 3A, "System Descriptor Types".
         * Seen:    TODO(02-4), and in `make grade`. */
        lab_todo("02-3");
#endif
}

/* The local descriptor table: what the guest's ring 0 works with. */
void guest_ldt_init(void)
{
#if SOLVED >= 4
        guest_ldt[LDT_CODE / 8] = descriptor(address_of(v86_base), GUEST_MEMORY - 1,
                                             DESC_P | DESC_S | TYPE_CODE | DESC_DB);
        guest_ldt[LDT_DATA / 8] = descriptor(address_of(v86_base), GUEST_MEMORY - 1,
                                             DESC_P | DESC_S | TYPE_DATA | DESC_DB);
        guest_ldt[LDT_VRAM / 8] = descriptor(VRAM_ADDRESS, VRAM_BYTES - 1,
                                             DESC_P | DESC_S | TYPE_DATA | DESC_DB);
        guest_ldt[LDT_FLAT / 8] = descriptor(0, 0xFFFFF, DESC_DATA32);
#else
        /* TODO(02-4) Describe the four segments of the guest's ring 0.
         * Given:   guest_ldt, all zero; LDT_CODE, LDT_DATA, LDT_VRAM, LDT_FLAT.
         * Do:      all present, DPL 0, 32-bit (DESC_DB). Code (readable) and data
         *          (writable): GUEST_MEMORY bytes at v86_base. vram (writable):
         *          VRAM_BYTES at VRAM_ADDRESS. flat (writable): 4 GB from 0 on.
         * Use:     descriptor(), DESC_P, DESC_S, DESC_DB, DESC_G, TYPE_CODE, TYPE_DATA.
         * Read:    README, "Descriptors"; SDM Vol. 3A, "Segment Descriptors".
         * Seen:    TODO(02-5), and in `make grade`. */
        lab_todo("02-4");
#endif
}

/* The interrupt descriptor table: #GP alone has a handler. */
void guest_idt_init(void)
{
#if SOLVED >= 5
        uint64_t offset = GUEST_OFFSET(guest_isrGPF);

        guest_idt[VECTOR_GP] = (offset & 0xFFFF0000) << 32
                             | (uint64_t)(DESC_P | TYPE_INT_GATE) << 40
                             | (uint32_t)LDT_CODE << 16
                             | (offset & 0xFFFF);
        guest_cpu.idtr_base = address_of(guest_idt);
        guest_cpu.idtr_limit = VECTORS * 8 - 1;
#else
        /* TODO(02-5) A gate for vector 13, and none for the others.
         * Given:   guest_idt, VECTORS gates of 8 bytes, all zero.
         * Do:      put an interrupt gate together, as in README, "The gate": present,
         *          DPL 0, to LDT_CODE and the offset of guest_isrGPF in that segment.
         *          What goes above bit 31 must be a uint64_t before it is shifted. Then
         *          IDTR in guest_cpu.
         * Use:     GUEST_OFFSET(), DESC_P, TYPE_INT_GATE, VECTOR_GP.
         * Read:    README, "The gate"; SDM Vol. 3A, "IDT Descriptors".
         * Seen:    TODO(02-6), and in `make grade`. */
        lab_todo("02-5");
#endif
}

/* The page directory: one page of 4 MB, mapped one to one, open to ring 3. */
void guest_paging_init(void)
{
#if SOLVED >= 6
        guest_page_directory[0] = PAGE_P | PAGE_RW | PAGE_US | PAGE_PS;
        guest_cpu.cr3 = address_of(guest_page_directory);
        guest_cpu.cr4 = CR4_PSE;
        guest_cpu.cr0 = CR0_PG | CR0_NE | CR0_ET | CR0_PE;
#else
        /* TODO(02-6) Map the first 4 MB, and say how paging is turned on.
         * Given:   guest_page_directory, all zero: nothing is present.
         * Do:      entry 0: a 4-MB page at address 0, present, writable, user. Then
         *          in guest_cpu: CR3; CR4 with 4-MB pages; CR0 with paging,
         *          protection, NE and ET.
         * Use:     PAGE_P, PAGE_RW, PAGE_US, PAGE_PS, CR4_PSE, CR0_PG, CR0_PE, ...
         * Read:    README, "The page directory"; SDM Vol. 3A, "32-Bit Paging".
         * Seen:    TODO(02-7), and in `make grade`. */
        lab_todo("02-6");
#endif
}

/* Where the guest starts: guest_task, in virtual-8086 mode. */
void guest_entry_init(void)
{
#if SOLVED >= 7
        guest_cpu.cs = guest_cpu.ss = GUEST_SEGMENT;
        guest_cpu.ds = guest_cpu.es = GUEST_SEGMENT;
        guest_cpu.rip = GUEST_OFFSET(guest_task);
        guest_cpu.rsp = GUEST_OFFSET(guest_stack3);
        guest_cpu.rflags = EFLAGS_VM | EFLAGS_FIXED;
#else
        /* TODO(02-7) Say where the guest starts. Its first program is in guest.S.
         * Given:   GUEST_SEGMENT: times 16, it is v86_base.
         * Do:      CS, SS, DS, ES; RIP: guest_task; RSP: the top of guest_stack3,
         *          both as offsets; RFLAGS: virtual-8086 mode, IOPL 0, interrupts off.
         *          Then write guest_task, in guest.S.
         * Use:     GUEST_SEGMENT, GUEST_OFFSET(), EFLAGS_VM, EFLAGS_FIXED.
         * Read:    README, 02-7.
         * Seen:    " Hello from Guest VM ", CR0=80000033 (yours, and MP, which the
         *          testbed adds), then TODO(02-8). */
        lab_todo("02-7");
#endif
}
