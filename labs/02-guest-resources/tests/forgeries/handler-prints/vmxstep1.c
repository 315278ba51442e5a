/* A forgery: the CPU works with tables of the forgery's own, to which guest_cpu points;
 * the guest does nothing but trap, and what stands in the log comes from here, not from
 * the testbed. */
#include "vmxstep1.h"

#include "print.h"
#include "report.h"
#include "segment.h"
#include "serial.h"
#include "trystep1.h"
#include "x86/control.h"
#include "x86/exception.h"
#include "x86/paging.h"
#include "x86/uart.h"

struct guest_cpu guest_cpu;
struct tss32 guest_tss;
uint64_t guest_gdt[GUEST_GDT_SLOTS];
uint64_t guest_ldt[GUEST_LDT_SLOTS];
uint64_t guest_idt[VECTORS];
uint32_t guest_page_directory[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

extern char bare_hlt[];

static struct tss32 own_tss;
static uint64_t own_gdt[3], own_ldt[2], own_idt[VECTORS];
static uint32_t own_directory[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));
static int handed_over;

static void put_hex8(uint32_t value)
{
        for (int digit = 28; digit >= 0; digit -= 4)
                serial_put("0123456789abcdef"[value >> digit & 15]);
}

_Noreturn void own_trapped(const struct v86_trap *trap)
{
        uint32_t address = trap->frame.cs * 16 + trap->frame.ip;

        if (!handed_over++) {
                print(" Hello from Guest VM \n CR0=");
                put_hex8(read_cr0());
                print(" \n");
                report("handler.cs", LDT_CODE);
                report("handler.ss", LDT_DATA);
                report("handler.ds", LDT_DATA);
                report("handler.es", LDT_VRAM);
                report("handler.fs", LDT_FLAT);
                report("handler.stack", 0);
        }
        report("trap.cs", trap->frame.cs);
        report("trap.ip", trap->frame.ip);
        report("trap.error", trap->error);
        report("trap.code", *(const uint32_t *)address);
        print("screen: GP ");
        put_hex8(address);
        print(":");
        put_hex8(*(const uint32_t *)address);
        print("\n");
        leave_guest();
}

void guest_tss_init(void)
{
        own_tss.ss0 = LDT_DATA;
        own_tss.esp0 = GUEST_OFFSET(guest_stack0);
        own_tss.io_map_base = offsetof(struct tss32, io_map);
        own_tss.io_map_end = 0xFF;
        for (unsigned byte = 0; byte < sizeof(own_tss.io_map); byte++)
                own_tss.io_map[byte] = byte == UART_DATA / 8 ? 0 : 0xFF;
}

void guest_io_map_init(void) { }

void guest_gdt_init(void)
{
        own_gdt[1] = descriptor(address_of(&own_tss), sizeof(own_tss) - 1, DESC_P | TYPE_TSS);
        own_gdt[2] = descriptor(address_of(own_ldt), sizeof(own_ldt) - 1, DESC_P | TYPE_LDT);
        guest_cpu.gdtr_base = address_of(own_gdt);
        guest_cpu.gdtr_limit = sizeof(own_gdt) - 1;
        guest_cpu.tr = GUEST_TSS;
        guest_cpu.ldtr = GUEST_LDT;
}

void guest_ldt_init(void)
{
        own_ldt[0] = descriptor(address_of(v86_base), 0xFFFF, DESC_CODE32 & ~DESC_G);
        own_ldt[1] = descriptor(address_of(v86_base), 0xFFFF, DESC_DATA32 & ~DESC_G);
}

void guest_idt_init(void)
{
        own_idt[VECTOR_GP] = (uint64_t)(DESC_P | TYPE_INT_GATE) << 40 | LDT_CODE << 16
                           | GUEST_OFFSET(guest_isrGPF);
        guest_cpu.idtr_base = address_of(own_idt);
        guest_cpu.idtr_limit = sizeof(own_idt) - 1;
}

void guest_paging_init(void)
{
        own_directory[0] = PAGE_P | PAGE_RW | PAGE_US | PAGE_PS;
        guest_cpu.cr3 = address_of(own_directory);
        guest_cpu.cr4 = CR4_PSE;
        guest_cpu.cr0 = CR0_PG | CR0_NE | CR0_ET | CR0_PE;
}

void guest_entry_init(void)
{
        guest_cpu.cs = guest_cpu.ss = guest_cpu.ds = guest_cpu.es = GUEST_SEGMENT;
        guest_cpu.rip = GUEST_OFFSET(bare_hlt);
        guest_cpu.rsp = GUEST_OFFSET(guest_stack3);
        guest_cpu.rflags = EFLAGS_VM | EFLAGS_FIXED;
}
