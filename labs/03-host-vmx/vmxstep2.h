/* vmxstep2.h -- the host: what the files of this lab share, and what a monitor that is
 * built on them (lab 04) uses.
 */
#ifndef VMXSTEP2_H
#define VMXSTEP2_H

/* The host's GDT, slot by slot:
 *
 *      slot  selector  what
 *      0     0x00      null
 *      1     0x08      64-bit code, ring 0
 *      2     0x10      data, flat, ring 0
 *      3     0x18      TSS: in 64-bit mode it takes slots 3 and 4
 */
#define HOST_CODE       0x08
#define HOST_DATA       0x10
#define HOST_TSS        0x18
#define HOST_GDT_SLOTS  5

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

#include "vmx.h"
#include "vmx_names.h"           /* enum vmx_controls: the classes of controls */
#include "x86/exception.h"
#include "x86/paging.h"

#define TABLE_ENTRIES   512             /* of 8 bytes, in one paging structure */
#define HOST_TABLES     8               /* paging structures beside host_pml4 */

/* What IA32_FEATURE_CONTROL says of VMXON. */
enum feature_control { UNLOCKED, LOCKED_ON, LOCKED_OFF };

/* A VMXON region or a VMCS region. Its format behind the first 8 bytes is the CPU's
 * secret. SDM Vol. 3C, "Format of the VMCS Region". */
struct vmx_region {
        uint32_t revision;              /* bit 31 must be 0 here */
        uint32_t abort;
        uint8_t data[PAGE_SIZE - 8];
} __attribute__((aligned(PAGE_SIZE)));

/* SDM Vol. 3A, "Task Management in 64-bit Mode". */
struct tss64 {
        uint32_t reserved0;
        uint64_t rsp0, rsp1, rsp2;      /* the stacks for traps to rings 0 to 2 */
        uint64_t reserved1;
        uint64_t ist[7];                /* stacks that a gate can ask for */
        uint64_t reserved2;
        uint16_t reserved3;
        uint16_t io_map_base;           /* at the limit or beyond it: there is no map */
} __attribute__((packed));

/* SDM Vol. 3A, "64-Bit Mode IDT". */
struct gate64 {
        uint16_t offset_low;
        uint16_t selector;
        uint16_t attributes;            /* bits 0-2: IST; 8-15: the access byte */
        uint16_t offset_middle;
        uint32_t offset_high;
        uint32_t reserved;
};

/* One line of machine[] or results[]: a field's encoding, and the variable that it is
 * written from or read into. The variable is as wide as the field, no wider. A line
 * whose `where` is null ends the table. */
struct parameter {
        uint64_t what;
        void *where;
};

_Static_assert(sizeof(struct vmx_region) == PAGE_SIZE, "VMCS region");
_Static_assert(sizeof(struct tss64) == 104, "64-bit TSS");
_Static_assert(offsetof(struct tss64, rsp0) == 4, "RSP0");
_Static_assert(offsetof(struct tss64, io_map_base) == 102, "I/O map base address");
_Static_assert(sizeof(struct gate64) == 16, "64-bit gate");

/* ---- You write these. ------------------------------------------------- */

/* enable.c */
int has_vmx(uint32_t leaf1_ecx);
enum feature_control feature_control(uint64_t value, uint64_t *shall_be);
uint8_t a20_on(uint8_t port92);
void enable_a20(void);
uint64_t fixed(uint64_t value, uint64_t fixed0, uint64_t fixed1);
void fix_control_registers(void);
extern uint64_t old_cr0, old_cr4;       /* as they were before that */

/* vmxon.S. `pa` points to the physical address of the VMXON region. */
enum vmx_result vmxon(const uint64_t *pa) CHECKED;
enum vmx_result vmxoff(void) CHECKED;

/* vmxstep2.c */
void map_2m(uint64_t *pml4, uint64_t va, uint64_t pa);
uint64_t host_paging(uint64_t window_va, uint64_t window_pa);
void host_structures(uint64_t rsp0);

/* controls.c */
uint32_t capability_msr(enum vmx_controls which, uint64_t vmx_basic);
uint32_t round_controls(uint32_t wanted, uint64_t capability);
int impossible_control(uint32_t wanted, uint64_t capability);

/* machine.c */
void prepare_region(struct vmx_region *region, uint64_t vmx_basic);
enum vmx_result enter_vmx(void) CHECKED;
void write_machine(const struct parameter *machine);
void read_results(const struct parameter *results);
void leave_vmx(void);

/* ---- These are given. ------------------------------------------------- */

/* host.c: the host's structures, all zero at first, and where they are. Labels are
 * physical addresses in this program. */
extern uint64_t host_pml4[TABLE_ENTRIES];
extern uint64_t host_tables[HOST_TABLES][TABLE_ENTRIES];
extern uint64_t host_gdt[HOST_GDT_SLOTS];
extern struct tss64 host_tss;
extern struct gate64 host_idt[VECTORS];
extern struct vmx_region vmxon_region, guest_vmcs;
extern const uint64_t vmxon_region_pa, guest_vmcs_pa;

/* host.c: the next of host_tables, all zero. Ends the run if there is none left. */
uint64_t *new_table(void);

/* initialise.c: do what enable.c decides, on the real registers. Each says in a
 * sentence what is in the way, and returns 0. */
int cpu_offers_vmx(void);
int firmware_allows_vmx(void);

/* failure.c: says that an instruction on field `what` failed, with VM-instruction
 * error `error`, and what that means. `instruction`: "VMWRITE" or "VMREAD". */
void report_failure(const char *instruction, uint64_t what, uint64_t error);

/* load.S: CR3; then GDT, segments, TR, IDT of the host. unload_host() takes both
 * back: `idt_init()` and the CR3 that is given. */
void load_host_paging(uint64_t cr3);
void load_host_structures(void);
void unload_host(uint64_t cr3);
#endif

#endif
