/* host.c -- given: the host's structures, and where they are. All of them are in .bss,
 * so zero, until vmxstep2.c and machine.c fill them in.
 */
#include "leave.h"
#include "print.h"
#include "vmxstep2.h"

#define PAGE_ALIGNED __attribute__((aligned(PAGE_SIZE)))

uint64_t host_pml4[TABLE_ENTRIES] PAGE_ALIGNED;
uint64_t host_tables[HOST_TABLES][TABLE_ENTRIES] PAGE_ALIGNED;

uint64_t host_gdt[HOST_GDT_SLOTS] __attribute__((aligned(8)));
struct tss64 host_tss __attribute__((aligned(8)));
struct gate64 host_idt[VECTORS] __attribute__((aligned(16)));

struct vmx_region vmxon_region, guest_vmcs;
const uint64_t vmxon_region_pa = (uint64_t)&vmxon_region;
const uint64_t guest_vmcs_pa = (uint64_t)&guest_vmcs;

uint64_t *new_table(void)
{
        static unsigned used;

        if (used == HOST_TABLES) {
                print("new_table(): there are no more; does each page get tables of its own?\n");
                leave();
        }
        return host_tables[used++];
}
