/* tss32.c -- the one TSS of a 32-bit program. */
#include "tss32.h"

#include "cpu.h"
#include "segment.h"
#include "selector.h"

struct tss32 tss;

void tss_init(void)
{
        tss.ss0 = SEL_DATA;
        tss.io_map_base = offsetof(struct tss32, io_map);
        tss.io_map_end = 0xFF;
        gdt[SEL_TSS / 8] = descriptor((uint32_t)&tss, sizeof(tss) - 1, DESC_P | TYPE_TSS);
        ltr(SEL_TSS);
}
