/* main.c -- given: gets the CPU ready for virtual-8086 tasks, and runs them.
 *
 * Called by start.S in 32-bit protected mode, ring 0, flat segments, interrupts off.
 */
#include "cpu.h"
#include "idt.h"
#include "paging32.h"
#include "report.h"
#include "serial.h"
#include "testbed.h"
#include "tss32.h"
#include "x86/exception.h"

void main(void)
{
        serial_init();
        report_begin(LAB_NAME, challenge.id);
        idt_init();
        idt_set(VECTOR_GP, isrGPF);
        tss_init();
        paging_on();
        write_cr0(read_cr0() | challenge.cr0_bits);

        for (unsigned number = 0; number < challenge.task_count; number++)
                testbed_run(number);
        report_end();
}
