/* cpu.h -- C for single instructions. Any mode, CPL 0 unless it says otherwise.
 *
 * `unsigned long` is as wide as a control register: 32 bits in a 32-bit
 * program, 64 in a 64-bit one.
 */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

static inline uint8_t inb(uint16_t port)
{
        uint8_t value;

        asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
        return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
        asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline unsigned long read_cr0(void)
{
        unsigned long value;

        asm volatile("mov %%cr0, %0" : "=r"(value));
        return value;
}

static inline void write_cr0(unsigned long value)
{
        asm volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static inline unsigned long read_cr2(void)
{
        unsigned long value;

        asm volatile("mov %%cr2, %0" : "=r"(value));
        return value;
}

static inline void write_cr3(unsigned long value)
{
        asm volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline unsigned long read_cr4(void)
{
        unsigned long value;

        asm volatile("mov %%cr4, %0" : "=r"(value));
        return value;
}

static inline void write_cr4(unsigned long value)
{
        asm volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

/* What LGDT and LIDT read: the limit (bytes, minus one), then the address. */
struct table_pointer {
        uint16_t limit;
        unsigned long base;
} __attribute__((packed));

_Static_assert(sizeof(struct table_pointer) == 2 + sizeof(long), "LIDT operand");

static inline void lidt(const struct table_pointer *pointer)
{
        asm volatile("lidt %0" : : "m"(*pointer));
}

static inline void ltr(uint16_t selector)
{
        asm volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline void lgdt(const struct table_pointer *pointer)
{
        asm volatile("lgdt %0" : : "m"(*pointer));
}

static inline unsigned long read_cr3(void)
{
        unsigned long value;

        asm volatile("mov %%cr3, %0" : "=r"(value));
        return value;
}

/* A model-specific register; #GP if the CPU has none of that number. */
static inline uint64_t rdmsr(uint32_t msr)
{
        uint32_t low, high;

        asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
        return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
        asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* What CPUID says; any CPL. Most leaves have no subleaves: 0. */
struct cpuid {
        uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
        struct cpuid said;

        asm volatile("cpuid" : "=a"(said.eax), "=b"(said.ebx), "=c"(said.ecx), "=d"(said.edx)
                     : "a"(leaf), "c"(subleaf));
        return said;
}

#endif
