/* paging32.c -- SDM Vol. 3A, "32-Bit Paging". */
#include "paging32.h"

#include <stdint.h>

#include "cpu.h"
#include "x86/control.h"
#include "x86/paging.h"

static uint32_t page_directory[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

void paging_on(void)
{
        page_directory[0] = PAGE_P | PAGE_RW | PAGE_US | PAGE_PS;
        write_cr4(read_cr4() | CR4_PSE);
        write_cr3((uint32_t)page_directory);
        write_cr0(read_cr0() | CR0_PG);
}
