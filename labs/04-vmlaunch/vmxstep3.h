/* vmxstep3.h -- the monitor: what the files of this lab share. */
#ifndef VMXSTEP3_H
#define VMXSTEP3_H

/* Numbers of the guest's general registers, as in machine code. */
#define RAX             0
#define RCX             1
#define RDX             2
#define RBX             3
#define RSP             4               /* not among them: a field of the VMCS */
#define RBP             5
#define RSI             6
#define RDI             7
#define GUEST_REGISTERS 16

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "vmx.h"
#include "vmxstep2.h"

/* What the monitor is told to be like: some controls, and the CR0 it makes up. */
struct monitor {
        uint64_t cr0_mask;              /* the bits of CR0 that the guest does not own, */
        uint64_t cr0_shadow;            /* and what it is told of them */
        uint32_t exception_bitmap;      /* bit 13: a #GP of the guest makes an exit */
        uint32_t extra_controls;        /* primary processor-based ones, beside yours */
};

extern struct monitor monitor;

/* What the CPU said of the last exit: the reason; the rest only if nobody handles it. */
struct vm_exit {
        uint32_t reason;
        uint64_t qualification, rip;
};

extern struct vm_exit vm_exit;
extern uint64_t guest[GUEST_REGISTERS];

/* What became of an exit. */
enum handled {
        HANDLED_ADVANCE,                /* the instruction is done: go on behind it */
        HANDLED_RESUME,                 /* go on where the guest's RIP is now */
        HANDLED_END,                    /* the guest is done */
        UNHANDLED,
};

/* ---- You write these. ------------------------------------------------- */

/* vmxstep3.c: the tables, and what fills in their variables. */
void guest_state_init(void);
void host_state_init(void);
void controls_init(void);
extern const struct parameter machine_guest[], machine_host[], machine_controls[];

/* launch.S */
enum vmx_result vmlaunch(uint64_t registers[GUEST_REGISTERS]) CHECKED;
enum vmx_result vmresume(uint64_t registers[GUEST_REGISTERS]) CHECKED;
void host_entry(void);                  /* where a VM exit arrives */

/* thevmm.c: runs the guest that the current VMCS describes until it is done. */
void theVMM(void);
void advance(unsigned length);
void refused(enum vmx_result result);

/* emulate.c, io.c: one exit each. */
enum handled guest_halted(void);        /* the guest stands at a hlt */
enum handled emulate_exception(void);
enum handled emulate_cpuid(void);
enum handled emulate_vmcall(void);
enum handled emulate_io(void);

/* ---- These are given. ------------------------------------------------- */

/* setup.c: the structures of host and guest; once. */
void build_host(void);
void build_guest(void);

/* setup.c: a VMCS, by your three tables, for the guest that guest_cpu describes. Enters no
 * guest. VMX root operation. */
void fresh_vmcs(void);

/* setup.c: `wanted`, as far as this CPU lets us, by your controls.c of lab 03. */
uint32_t controls(enum vmx_controls which, uint32_t wanted);

/* plain.c: where our memory has what the guest has at a linear address. */
const void *guest_at(uint64_t linear);

/* plain.c: what lab 05 is about; until then both say UNHANDLED. */
enum handled emulate_mov_cr3(uint32_t code);    /* a #GP at `code`, four bytes of it */
enum handled emulate_cr_access(void);

/* report.c: for people and for the grader. */
void count_exit(uint32_t reason);       /* one more: the loop calls it at each exit */
void report_exits(void);                /* how many there were; the count starts anew */
void report_unhandled(void);            /* vm_exit, in words */
void report_ended(void);                /* the guest is done */
void guest_says(char byte);             /* a byte for the guest's lane of the log */

/* report.c: the I/O bitmaps A and B, all zero: no port makes an exit. */
extern uint8_t io_bitmap_a[PAGE_SIZE], io_bitmap_b[PAGE_SIZE];
#endif

#endif
