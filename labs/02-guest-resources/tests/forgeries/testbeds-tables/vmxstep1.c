/* A forgery: runs the guest and every task of the challenge for real, but with the
 * program's own GDT, IDT, TSS and page directory (common/). Its handler, in the
 * program's segments, says what the guest's would have said. */
#include "vmxstep1.h"

#include "cpu.h"
#include "idt.h"
#include "leave.h"
#include "paging32.h"
#include "print.h"
#include "report.h"
#include "serial.h"
#include "tss32.h"
#include "trystep1.h"
#include "x86/control.h"
#include "x86/exception.h"
#include "x86/uart.h"

struct guest_cpu guest_cpu;
struct tss32 guest_tss;
uint64_t guest_gdt[GUEST_GDT_SLOTS];
uint64_t guest_ldt[GUEST_LDT_SLOTS];
uint64_t guest_idt[32];
uint32_t guest_page_directory[1024] __attribute__((aligned(4096)));

static uint32_t ring_0_stack[1024];
static const struct task *running;

void own_enter(const struct v86_frame *frame);
_Noreturn void own_leave(void);
void own_isrGPF(void);

asm(".bss\n"
    "own_esp: .skip 4\n"
    ".text\n"
    "own_enter:\n"
    "        pushal\n"
    "        movl %esp, own_esp\n"
    "        movl 36(%esp), %esp\n"
    "        iretl\n"
    "own_leave:\n"
    "        movl own_esp, %esp\n"
    "        popal\n"
    "        ret\n"
    "own_isrGPF:\n"
    "        pushal\n"
    "        movw $0x10, %ax\n"
    "        movw %ax, %ds\n"
    "        movw %ax, %es\n"
    "        cld\n"
    "        pushl %esp\n"
    "        call own_trapped\n"
    "        addl $4, %esp\n"
    "        popal\n"
    "        addl $4, %esp\n"
    "        iretl\n");

static void put_hex8(uint32_t value)
{
        for (int digit = 28; digit >= 0; digit -= 4)
                serial_put("0123456789abcdef"[value >> digit & 15]);
}

__attribute__((used)) void own_trapped(struct v86_trap *trap)
{
        uint32_t address = trap->frame.cs * 16 + trap->frame.ip;

        if (!running) {
                report("handler.cs", LDT_CODE);
                report("handler.ss", LDT_DATA);
                report("handler.ds", LDT_DATA);
                report("handler.es", LDT_VRAM);
                report("handler.fs", LDT_FLAT);
                report("handler.stack", guest_tss.esp0);
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
        if (!running || !running->skip || *(const uint8_t *)address == 0xF4)
                own_leave();
        trap->images[7] = (trap->images[7] & ~0xFF) | running->answer;
        trap->frame.ip += running->skip;
}

static void run(unsigned number)
{
        struct v86_frame frame = {
                .cs = GUEST_SEGMENT, .ip = GUEST_OFFSET(guest_task),
                .eflags = EFLAGS_VM | EFLAGS_FIXED, .esp = GUEST_OFFSET(guest_stack3),
                .ss = GUEST_SEGMENT, .ds = GUEST_SEGMENT, .es = GUEST_SEGMENT,
        };

        running = number ? &challenge.task[number - 1] : 0;
        if (running) {
                frame.cs = running->cs;
                frame.ip = running->ip;
        }
        report("task", number);
        own_enter(&frame);
}

void guest_tss_init(void)
{
        tss_init();
        tss.esp0 = (uint32_t)(ring_0_stack + 1024);
        for (unsigned byte = 0; byte < sizeof(tss.io_map); byte++)
                tss.io_map[byte] = byte == UART_DATA / 8 ? 0 : 0xFF;
        idt_set(VECTOR_GP, own_isrGPF);
        paging_on();
        write_cr0(read_cr0() | CR0_NE | challenge.cr0_bits);
        for (unsigned number = 0; number <= challenge.task_count; number++)
                run(number);
        report_end();
        leave();
}

void guest_io_map_init(void) { }
void guest_gdt_init(void) { }
void guest_ldt_init(void) { }
void guest_idt_init(void) { }
void guest_paging_init(void) { }
void guest_entry_init(void) { }
