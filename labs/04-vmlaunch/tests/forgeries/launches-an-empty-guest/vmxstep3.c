/* Part of a forgery (thevmm.c): of the VMCS only what an entry cannot do without, and a
 * guest of its own, one hlt. */
#include "vmxstep3.h"

#include "cpu.h"
#include "vmxstep1.h"
#include "x86/vmcs.h"

extern const char nothing[], back[];    /* launch.S */

const struct parameter machine_guest[] = { { 0, 0 } };
const struct parameter machine_host[] = { { 0, 0 } };
const struct parameter machine_controls[] = { { 0, 0 } };

static void set(uint32_t what, uint64_t value)
{
        if (vmwrite(what, value) != VMX_OK)
                report_failure("VMWRITE", what, 0);
}

void guest_state_init(void)
{
        uint16_t here = (uint64_t)nothing >> 4;

        for (unsigned n = 0; n < 12; n += 2) {  /* ES to GS */
                set(VMCS_GUEST_ES_SELECTOR + n, here);
                set(VMCS_GUEST_ES_BASE + n, here * 16);
                set(VMCS_GUEST_ES_LIMIT + n, 0xFFFF);
                set(VMCS_GUEST_ES_ACCESS_RIGHTS + n, 0xF3);
        }
        set(VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x10000);
        set(VMCS_GUEST_TR_ACCESS_RIGHTS, 0x8B);
        set(VMCS_GUEST_TR_LIMIT, 103);
        set(VMCS_GUEST_CR0, 0x80000031);
        set(VMCS_GUEST_CR3, guest_cpu.cr3);
        set(VMCS_GUEST_CR4, 0x2010);
        set(VMCS_GUEST_RIP, (uint64_t)nothing & 15);
        set(VMCS_GUEST_RFLAGS, 0x20002);
        set(VMCS_LINK_POINTER, ~0UL);
}

void host_state_init(void)
{
        set(VMCS_HOST_CR0, read_cr0());
        set(VMCS_HOST_CR3, read_cr3());
        set(VMCS_HOST_CR4, read_cr4());
        set(VMCS_HOST_RIP, (uint64_t)back);
        set(VMCS_HOST_CS_SELECTOR, HOST_CODE);
        set(VMCS_HOST_TR_SELECTOR, HOST_TSS);
        set(VMCS_HOST_GDTR_BASE, (uint64_t)host_gdt);
        set(VMCS_HOST_IDTR_BASE, (uint64_t)host_idt);
}

void controls_init(void)
{
        set(VMCS_PIN_BASED_CONTROLS, controls(PIN_CONTROLS, 0));
        set(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS, controls(CPU_CONTROLS, 0));
        set(VMCS_PRIMARY_VM_EXIT_CONTROLS, controls(EXIT_CONTROLS, 0x200));
        set(VMCS_VM_ENTRY_CONTROLS, controls(ENTRY_CONTROLS, 0));
        set(VMCS_EXCEPTION_BITMAP, 0x2000);
}
