/* trystep1.c -- given: runs the guest natively, without VMX, and reports what it sees.
 *
 * 32-bit protected mode, ring 0, flat segments, interrupts off; once the guest is
 * installed, its page directory is in use here too.
 */
#include "trystep1.h"

#include "idt.h"
#include "print.h"
#include "report.h"
#include "serial.h"
#include "vmxstep1.h"

#define OPCODE_HLT      0xF4
#define SCREEN_SHOWN    20              /* characters of its first line */
#define IMAGE_EAX       7               /* in struct v86_trap */

struct table_pointer guest_gdt_pointer, guest_idt_pointer;

static const struct task guest_itself;  /* task 0: it starts where guest_cpu says */
static const struct task *running;

void guest_install(void)
{
        guest_gdt_pointer = (struct table_pointer){ guest_cpu.gdtr_limit, guest_cpu.gdtr_base };
        guest_idt_pointer = (struct table_pointer){ guest_cpu.idtr_limit, guest_cpu.idtr_base };
        install_guest(guest_cpu.cr0 | challenge.cr0_bits);
}

void guest_run(unsigned number)
{
        struct v86_frame frame = {
                .ip = guest_cpu.rip, .cs = guest_cpu.cs, .eflags = guest_cpu.rflags,
                .esp = guest_cpu.rsp, .ss = guest_cpu.ss, .es = guest_cpu.es,
                .ds = guest_cpu.ds, .fs = guest_cpu.fs, .gs = guest_cpu.gs,
        };

        running = number ? &challenge.task[number - 1] : &guest_itself;
        if (number) {
                frame.cs = running->cs;
                frame.ip = running->ip;
        }
        report("task", number);
        enter_guest(&frame);
}

/* The guest's first line of text, from the screen's memory. */
static void report_screen(void)
{
        const volatile uint16_t *cell = (const volatile uint16_t *)VRAM_ADDRESS;

        print("screen: ");
        for (unsigned i = 0; i < SCREEN_SHOWN; i++) {
                char character = cell[i];

                serial_put(character < ' ' || character > '~' ? '.' : character);
        }
        print("\n");
}

static void report_handler(const struct guest_report *guest)
{
        report("handler.cs", guest->cs);
        report("handler.ss", guest->ss);
        report("handler.ds", guest->ds);
        report("handler.es", guest->es);
        report("handler.fs", guest->fs);
        report("handler.stack", (uint32_t)(&guest->trap + 1) - (uint32_t)v86_base);
}

static void report_trap(const struct v86_trap *trap)
{
        report("trap.cs", trap->frame.cs);
        report("trap.ip", trap->frame.ip);
        report("trap.error", trap->error);
        report("trap.code", guest_code);
        report_screen();
}

/* Does what the IN that trapped would have done, had the port been allowed. */
static void emulate_in(struct v86_trap *trap)
{
        trap->images[IMAGE_EAX] = (trap->images[IMAGE_EAX] & ~0xFF) | running->answer;
        trap->frame.ip += running->skip;
}

void guest_trapped(struct guest_report *guest)
{
        struct v86_trap *trap = &guest->trap;
        const uint8_t *code = (const uint8_t *)(trap->frame.cs * 16 + trap->frame.ip);

        idt_load();
        if (running == &guest_itself)
                report_handler(guest);
        report_trap(trap);
        if (!running->skip || *code == OPCODE_HLT)
                leave_guest();
        emulate_in(trap);
}
