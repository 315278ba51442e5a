/* segment.h -- makes segment descriptors. See x86/descriptor.h for the attributes. */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdint.h>

#include "x86/descriptor.h"

/* One 8-byte descriptor. `limit` is the 20-bit field, in the unit that DESC_G says. */
static inline uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t attributes)
{
        uint32_t low = base << 16 | (limit & 0xFFFF);
        uint32_t high = (base & 0xFF000000) | (base >> 16 & 0xFF)
                      | (limit & 0xF0000) | (attributes & 0xF0FF) << 8;

        return (uint64_t)high << 32 | low;
}

extern uint64_t gdt[];          /* start.S; the slots are in selector.h */

#endif
