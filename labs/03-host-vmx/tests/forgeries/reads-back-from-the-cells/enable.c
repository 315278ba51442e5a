/* A forgery: goes through VMXON for real, so that there is something to witness, but
 * writes no field, and reports as read what stands in the cells of machine[]. */
#include "vmxstep2.h"

#include "cpu.h"
#include "leave.h"
#include "report.h"
#include "testbed.h"
#include "x86/vmx.h"

uint64_t old_cr0, old_cr4;

enum feature_control feature_control(uint64_t value, uint64_t *shall_be) { return LOCKED_ON; }
uint8_t a20_on(uint8_t port92) { return 2; }
void enable_a20(void) { }
uint64_t fixed(uint64_t value, uint64_t fixed0, uint64_t fixed1) { return fixed0; }
void fix_control_registers(void) { }

static uint64_t written(uint32_t what)
{
        for (unsigned i = 0; i < challenge.pair_count; i++)
                if (challenge.machine[i].what == what)
                        return challenge.machine[i].cell;
        return 0;
}

int has_vmx(uint32_t leaf1_ecx)
{
        old_cr0 = read_cr0();
        old_cr4 = read_cr4();
        wrmsr(MSR_FEATURE_CONTROL, 5);
        write_cr0(old_cr0 | 0x20);
        write_cr4(old_cr4 | 0x2000);
        report("enter_vmx", enter_vmx());
        report("vmcs.current", guest_vmcs_pa);
        for (unsigned i = 0; i < challenge.pair_count; i++)
                report_nth("cell", i, written(challenge.results[i]));
        leave_vmx();
        report("back.cr0", read_cr0());
        report("back.cr4", read_cr4());
        report("back.vmxon", 3);
        report("back.vmxon.vector", 6);
        report_end();
        leave();
}
