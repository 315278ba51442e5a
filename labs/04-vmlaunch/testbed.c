/* testbed.c -- given: one life of the guest after the other. 64-bit mode, ring 0, VMX root
 * operation.
 */
#include "testbed.h"

#include "cpu.h"
#include "report.h"
#include "vmxstep1.h"

/* What CPUID says to us: the guest is to hear the same, but for two leaves. */
void report_cpuid(void)
{
        static const struct { uint32_t leaf, subleaf; } asked[] = {
                { 0, 0 }, { 1, 0 }, { 2, 0 }, { 4, 1 }, { 0x80000000, 0 } };

        for (unsigned i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
                struct cpuid said = cpuid(asked[i].leaf, asked[i].subleaf);

                report_nth("cpuid.eax", i, said.eax);
                report_nth("cpuid.ebx", i, said.ebx);
                report_nth("cpuid.ecx", i, said.ecx);
                report_nth("cpuid.edx", i, said.edx);
        }
}

void start_guest(uint16_t cs, uint16_t ip)
{
        guest_entry_init();
        if (cs || ip) {
                guest_cpu.cs = cs;
                guest_cpu.rip = ip;
        }
        for (unsigned number = 0; number < GUEST_REGISTERS; number++)
                guest[number] = challenge.registers[number];
        fresh_vmcs();
}

void testbed_run(unsigned number)
{
        static const struct change *change = challenge.changes;
        const struct run *run = &challenge.run[number];

        report("run", number);
        monitor = run->monitor;
        start_guest(run->cs, run->ip);
        for (unsigned i = 0; i < run->changes; i++, change++)
                if (vmwrite(change->field, change->value) != VMX_OK)
                        report("not.changed", change->field);
        theVMM();
        report_exits();
}
