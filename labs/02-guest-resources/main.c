/* main.c -- given: has the guest's resources built, step by step, then runs the guest.
 *
 * Called by start.S in 32-bit protected mode, ring 0, flat segments, interrupts off.
 */
#include "idt.h"
#include "report.h"
#include "serial.h"
#include "trystep1.h"
#include "vmxstep1.h"

void main(void)
{
        serial_init();
        report_begin(LAB_NAME, challenge.id);
        idt_init();

        guest_tss_init();
        guest_io_map_init();
        guest_gdt_init();
        guest_ldt_init();
        guest_idt_init();
        guest_paging_init();
        guest_entry_init();
        guest_install();

        for (unsigned number = 0; number <= challenge.task_count; number++)
                guest_run(number);
        report_end();
}
