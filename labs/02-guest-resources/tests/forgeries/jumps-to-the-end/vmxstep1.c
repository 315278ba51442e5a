/* A forgery: the run ends before it has begun. */
#include "vmxstep1.h"

#include "leave.h"
#include "report.h"

struct guest_cpu guest_cpu;
struct tss32 guest_tss;
uint64_t guest_gdt[GUEST_GDT_SLOTS];
uint64_t guest_ldt[GUEST_LDT_SLOTS];
uint64_t guest_idt[32];
uint32_t guest_page_directory[1024] __attribute__((aligned(4096)));

void guest_tss_init(void)
{
        report_end();
        leave();
}

void guest_io_map_init(void) { }
void guest_gdt_init(void) { }
void guest_ldt_init(void) { }
void guest_idt_init(void) { }
void guest_paging_init(void) { }
void guest_entry_init(void) { }
