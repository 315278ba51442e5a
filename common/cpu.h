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

#endif
