/* testbed.c -- given: one life of the guest after the other. 64-bit mode, ring 0, VMX root
 * operation.
 */
#include "testbed.h"

#include "cpu.h"
#include "print.h"
#include "report.h"
#include "vmxstep1.h"
#include "x86/vmcs.h"
#include "x86/vmx.h"

#define FRAME   0xFFFFF000

struct shadow shadows[SHADOWS] __attribute__((aligned(PAGE_SIZE)));
uint32_t shadow_of[SHADOWS];
uint32_t use_targets;
static unsigned last_given;             /* by shadow_for() */

/* Where the page is that an entry names; 0: it is not present. The host's memory is mapped
 * one to one: a physical address is an address. */
static const void *frame_of(uint32_t entry)
{
        return entry & PAGE_P ? (const void *)(uint64_t)(entry & FRAME) : 0;
}

const void *guest_at(uint64_t linear)
{
        static const uint64_t nothing;
        const uint32_t *directory = (const uint32_t *)vmcs_read(VMCS_GUEST_CR3);
        const uint32_t *table = frame_of(directory[linear / PAGE_4M % ENTRIES]);
        const uint8_t *page = table ? frame_of(table[linear / PAGE_SIZE % ENTRIES]) : 0;

        return page ? page + linear % PAGE_SIZE : (const void *)&nothing;
}

uint32_t get_guest(unsigned number)
{
        return number == RSP ? vmcs_read(VMCS_GUEST_RSP) : guest[number];
}

void set_guest(unsigned number, uint32_t value)
{
        if (number == RSP)
                vmcs_write(VMCS_GUEST_RSP, value);
        else
                guest[number] = value;
}

unsigned shadow_for(uint32_t cr3)
{
        for (unsigned n = 0; n < SHADOWS; n++)
                if (shadow_of[n] == cr3)
                        return n;
        do
                last_given = (last_given + 1) % SHADOWS;
        while (physical(shadows[last_given].directory) == vmcs_read(VMCS_GUEST_CR3));
        return last_given;
}

/* The first shadow is the guest's from the start: it is told the truth. All of them map the
 * monitor, writable for ring 0, and that is the guest's kernel, too: no wall there. */
static void build_shadows(void)
{
        last_given = 0;
        for (unsigned n = 0; n < SHADOWS; n++) {
                shadow_of[n] = NO_SHADOW;
                cr3_pairs[n] = (struct cr3_pair){ 0, 0 };
        }
        build_paging(shadows[0].directory, shadows[0].table);
        shadow_of[0] = physical(shadows[0].directory);
}

static void describe_guest(const struct run *run)
{
        guest_entry_init();
        guest_cpu.cs = guest_cpu.ss = guest_cpu.ds = guest_cpu.es = 0;
        guest_cpu.fs = guest_cpu.gs = 0;
        guest_cpu.rip = run->ip;
        guest_cpu.rsp = run->sp;
        guest_cpu.cr3 = shadow_of[0];
        for (unsigned number = 0; number < GUEST_REGISTERS; number++)
                guest[number] = challenge.registers[number];
}

/* Has the CPU as many CR3-target values as there are shadows? If not, a VM entry with such a
 * count fails. SDM Vol. 3D, "Miscellaneous Data": bits 24:16. */
static int enough_targets(void)
{
        return (rdmsr(MSR_VMX_MISC) >> 16 & 0x1FF) >= SHADOWS;
}

void testbed_run(unsigned number)
{
        const struct run *run = &challenge.run[number];

        report("run", number);
        if (run->use_targets && !enough_targets())
                print("this CPU has too few CR3-target values: none is used\n");
        monitor = (struct monitor){
                .exception_bitmap = run->exception_bitmap,
                .extra_controls = CPU_CR3_LOAD_EXITING | CPU_CR3_STORE_EXITING,
        };
        use_targets = run->use_targets && enough_targets();
        build_shadows();
        describe_guest(run);
        fresh_vmcs();
        theVMM();
        report_exits();
}
