/* main.c -- says in which mode it runs, and lives through an exception. 64-bit mode. */
#include "cpu.h"
#include "idt.h"
#include "print.h"
#include "report.h"
#include "serial.h"
#include "trap.h"
#include "x86/control.h"
#include "x86/paging.h"

#define PAGES   512             /* of 2 MB, in the first gigabyte */
#define A_AND_D 0x60            /* accessed and dirty: the CPU sets them */

static uint64_t read_efer(void)
{
        uint32_t low, high;

        asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_EFER));
        return (uint64_t)high << 32 | low;
}

static const uint64_t *table(uint64_t entry)
{
        return (const uint64_t *)(entry & -(uint64_t)PAGE_SIZE);
}

/* How many pages of the first gigabyte are mapped one to one, writable. */
static unsigned pages_one_to_one(void)
{
        const uint64_t *directory;
        uint64_t cr3;
        unsigned right = 0;

        asm volatile("mov %%cr3, %0" : "=r"(cr3));
        directory = table(*table(*table(cr3)));
        for (uint64_t n = 0; n < PAGES; n++)
                right += (directory[n] & ~A_AND_D) == (n * PAGE_2M | PAGE_P | PAGE_RW | PAGE_PS);
        return right;
}

/* A #UD that was announced: the CPU goes on behind it. */
static void provoke(void)
{
        asm volatile("leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rax, %0\n\t"
                     "ud2\n"
                     "1:" : "=m"(trap_expected.resume) : : "rax", "memory");
}

void main(void)
{
        uint16_t cs;

        serial_init();
        report_begin(LAB_NAME, 0);
        idt_init();
        asm("mov %%cs, %0" : "=r"(cs));
        print("Hello from 64-bit C\n");
        report("cs", cs);
        report("efer", read_efer());
        report("cr0", read_cr0() & (CR0_PG | CR0_PE));
        report("cr4", read_cr4());
        report("pages", pages_one_to_one());
        report("wide", (uint64_t)main << 32 | 0x12345678);
        provoke();
        report("expected.vector", trap_expected.vector);
        report_end();
}
