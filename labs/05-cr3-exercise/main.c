/* main.c -- given: gets the CPU ready for virtual-8086 tasks with paging, and runs them.
 *
 * Called by start.S in 32-bit protected mode, ring 0, flat segments, paging off, interrupts
 * off.
 */
#include "idt.h"
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
        testbed_init();
        for (unsigned number = 0; number < challenge.task_count; number++)
                testbed_run(number);
        report_end();
}
