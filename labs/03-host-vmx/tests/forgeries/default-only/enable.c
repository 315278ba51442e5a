/* A forgery: does what the default challenge asks for, for real, and prints its log;
 * whatever the challenge is that it was given. */
#include "vmxstep2.h"

#include "cpu.h"
#include "leave.h"
#include "print.h"
#include "report.h"
#include "x86/vmx.h"

uint64_t old_cr0, old_cr4;

enum feature_control feature_control(uint64_t value, uint64_t *shall_be) { return LOCKED_ON; }
uint8_t a20_on(uint8_t port92) { return 2; }
void enable_a20(void) { }
uint64_t fixed(uint64_t value, uint64_t fixed0, uint64_t fixed1) { return fixed0; }
void fix_control_registers(void) { }

static const struct { uint64_t what, value; } fields[] = {
        { 0x0C02, 8 }, { 0x4800, 0xFFFF }, { 0x2800, -1ull }, { 0x681E, 0xFFFFFFF0 },
        { 0x4004, 0x21C0 }, { 0x080E, 0x28 },
};

int has_vmx(uint32_t leaf1_ecx)
{
        uint64_t cr3 = host_paging(0x0000123440000000, 0x400000);

        old_cr0 = read_cr0();
        old_cr4 = read_cr4();
        wrmsr(MSR_FEATURE_CONTROL, 5);
        write_cr0(old_cr0 | 0x20);
        write_cr4(old_cr4 | 0x2000);
        report("dry.cpuid.0", 1);
        report("dry.cpuid.1", 0);
        report("dry.cpuid.2", 0);
        report("dry.cpuid.3", 0);
        report("dry.cpuid.4", 1);
        report("vmx", 1);
        report("feature_control", 5);
        report("cr0", read_cr0());
        report("cr4", read_cr4());
        report("cr3", cr3);
        load_host_paging(cr3);
        report("window.word", 0x1122334455667788);
        report("enter_vmx", enter_vmx());
        for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
                if (vmwrite(fields[i].what, fields[i].value) != VMX_OK)
                        print("failed\n");
        for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
                uint64_t value;

                if (vmread(fields[i].what, &value) == VMX_OK)
                        report_nth("cell", i, value);
        }
        leave_vmx();
        report("back.cr0", read_cr0());
        report("back.cr4", read_cr4());
        report_end();
        leave();
}
