/* setup.c -- given: host and guest, by your code of labs 03 and 02; and a VMCS that knows
 * both. 64-bit mode, ring 0.
 */
#include "cpu.h"
#include "report.h"
#include "vmxstep1.h"
#include "vmxstep3.h"
#include "x86/vmx.h"

#define STACK_BYTES     4096

struct monitor monitor;

static uint8_t trap_stack[STACK_BYTES] __attribute__((aligned(16)));

void build_host(void)
{
        enable_a20();
        fix_control_registers();
        load_host_paging(host_paging(0, 0));    /* no window: address 0, once more */
        host_structures((uint64_t)(trap_stack + STACK_BYTES));
        load_host_structures();
}

void build_guest(void)
{
        guest_tss_init();
        guest_io_map_init();
        guest_gdt_init();
        guest_ldt_init();
        guest_idt_init();
        guest_paging_init();
}

uint32_t controls(enum vmx_controls which, uint32_t wanted)
{
        return round_controls(wanted, rdmsr(capability_msr(which, rdmsr(MSR_VMX_BASIC))));
}

void fresh_vmcs(void)
{
        if (vmclear(&guest_vmcs_pa) != VMX_OK || vmptrld(&guest_vmcs_pa) != VMX_OK)
                report("no.vmcs", guest_vmcs_pa);

        guest_state_init();
        write_machine(machine_guest);
        host_state_init();
        write_machine(machine_host);
        controls_init();
        write_machine(machine_controls);
}
