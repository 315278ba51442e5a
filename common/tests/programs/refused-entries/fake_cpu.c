/* fake_cpu.c -- the tables of a made-up CPU, and what explain*.c ask of it. */
#include "fake_cpu.h"

#include "print.h"
#include "report.h"
#include "vmx.h"
#include "x86/vmcs.h"

#define MSRS            0x1000                  /* those with small numbers */
#define EXTENDED        0x80000000              /* leaves of CPUID from here on */
#define LEAVES          0x40

/* The test fills them in. */
uint64_t fields[VMCS_WIDTH | VMCS_TYPE | VMCS_INDEX | VMCS_HIGH];
uint64_t msrs[MSRS];
struct cpuid leaves[2][LEAVES];

uint64_t rdmsr(uint32_t msr)
{
        return msrs[msr];
}

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
        (void)subleaf;                          /* nobody asks for one */
        return leaves[leaf >= EXTENDED][leaf & ~EXTENDED];
}

enum vmx_result vmread(uint64_t field, uint64_t *value)
{
        *value = fields[field];
        return VMX_OK;
}

enum vmx_result vmptrst(uint64_t *pa)
{
        *pa = 0;
        return VMX_OK;
}

void print(const char *text)
{
}

void print_hex(uint64_t value, int digits)
{
}

void print_decimal(unsigned value)
{
}

void report(const char *name, uint64_t value)
{
}
