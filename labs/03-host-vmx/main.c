/* main.c -- given: the steps of this lab, in the order in which a host takes them.
 *
 * Called by long.S in 64-bit mode, ring 0, flat segments, interrupts off.
 */
#include "cpu.h"
#include "idt.h"
#include "report.h"
#include "serial.h"
#include "testbed.h"
#include "vmxstep2.h"

void main(void)
{
        uint64_t loader_cr3 = read_cr3();

        serial_init();
        report_begin(LAB_NAME, challenge.id);
        idt_init();
        if (watch_cpuid() && watch_feature_control()) {
                watch_a20();
                watch_control_registers();
                watch_vmxon();
                watch_paging();
                watch_structures();
                watch_controls();
                if (watch_machine())
                        watch_way_back();
                unload_host(loader_cr3);
        }
        report_end();
}
