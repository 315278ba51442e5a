/* idt.c -- builds the IDT. SDM Vol. 3A, "IDT Descriptors" and "64-Bit Mode IDT". */
#include "idt.h"

#include "cpu.h"
#include "selector.h"
#include "trap.h"
#include "x86/descriptor.h"
#include "x86/exception.h"

#ifdef __x86_64__
#define CODE_SELECTOR SEL_CODE64
#else
#define CODE_SELECTOR SEL_CODE32
#endif

/* An interrupt gate; in long mode 8 more bytes carry the upper half of the address. */
struct gate {
        uint16_t offset_low;
        uint16_t selector;
        uint16_t attributes;            /* bits 8-15: the access byte */
        uint16_t offset_middle;
#ifdef __x86_64__
        uint32_t offset_high;
        uint32_t reserved;
#endif
};

_Static_assert(sizeof(struct gate) == 2 * sizeof(long), "gate descriptor");

static struct gate idt[VECTORS];

void idt_set(unsigned vector, void (*entry)(void))
{
        unsigned long offset = (unsigned long)entry;

        idt[vector] = (struct gate){
                .offset_low = offset,
                .selector = CODE_SELECTOR,
                .attributes = (DESC_P | TYPE_INT_GATE) << 8,
                .offset_middle = offset >> 16,
#ifdef __x86_64__
                .offset_high = offset >> 32,
#endif
        };
}

void idt_load(void)
{
        const struct table_pointer pointer = { sizeof(idt) - 1, (unsigned long)idt };

        lidt(&pointer);
}

void idt_init(void)
{
        for (unsigned vector = 0; vector < VECTORS; vector++)
                idt_set(vector, trap_entry[vector]);
        idt_load();
}
