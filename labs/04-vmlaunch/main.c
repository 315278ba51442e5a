/* main.c -- given: host and guest are built by your code of labs 03 and 02; then the guest
 * is launched, again and again.
 *
 * Called by long.S in 64-bit mode, ring 0, flat segments, interrupts off.
 */
#include "cpu.h"
#include "idt.h"
#include "report.h"
#include "serial.h"
#include "testbed.h"
#include "vmxstep1.h"

static void run_all(void)
{
        enum vmx_result result = enter_vmx();

        report("enter_vmx", result);
        if (result != VMX_OK)
                return;
        watch_switch();
        for (unsigned number = 0; number < challenge.run_count; number++)
                testbed_run(number);
        leave_vmx();
}

void main(void)
{
        uint64_t loader_cr3 = read_cr3();

        serial_init();
        report_begin(LAB_NAME, challenge.id);
        idt_init();
        if (cpu_offers_vmx() && firmware_allows_vmx()) {
                build_host();
                build_guest();
                run_all();
                unload_host(loader_cr3);
        }
        report_end();
}
