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

#define STACK_BYTES     4096

static uint8_t trap_stack[STACK_BYTES] __attribute__((aligned(16)));

static void build_host(void)
{
        enable_a20();
        fix_control_registers();
        load_host_paging(host_paging(0, 0));    /* no window: address 0, once more */
        host_structures((uint64_t)(trap_stack + STACK_BYTES));
        load_host_structures();
}

static void build_guest(void)
{
        guest_tss_init();
        guest_io_map_init();
        guest_gdt_init();
        guest_ldt_init();
        guest_idt_init();
        guest_paging_init();
}

static void run_all(void)
{
        enum vmx_result result = enter_vmx();

        report("enter_vmx", result);
        if (result != VMX_OK)
                return;
        report_cpuid();
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
