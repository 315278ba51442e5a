/* testbed.c -- given: one life of the guest after the other. 64-bit mode, ring 0, VMX root
 * operation.
 */
#include "testbed.h"

#include "report.h"
#include "vmxstep1.h"

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
