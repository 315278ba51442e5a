/* fields.c -- given: VMX operation, a VMCS written through machine[] and read back
 * through results[], and the way back. 64-bit mode, ring 0, on the host's structures.
 */
#include "testbed.h"

#include "cpu.h"
#include "print.h"
#include "report.h"
#include "trap.h"
#include "vmxstep2.h"

/* The variables of the tables: a cell of 8 bytes each. A field that is narrower has only
 * the lower bytes; what stands in the others is not its business. */
static uint64_t cells[CHALLENGE_PAIRS];
static struct parameter table[CHALLENGE_PAIRS + 1];

static void fill_table(unsigned line, uint64_t what, uint64_t cell)
{
        cells[line] = cell;
        table[line] = (struct parameter){ what, &cells[line] };
        table[line + 1].where = 0;
}

int watch_machine(void)
{
        uint64_t current = 0;
        enum vmx_result result = enter_vmx();

        report("enter_vmx", result);
        if (result != VMX_OK || vmptrst(&current) != VMX_OK)
                return 0;
        report("vmcs.current", current);

        for (unsigned i = 0; i < challenge.pair_count; i++)
                fill_table(i, challenge.machine[i].what, challenge.machine[i].cell);
        report("machine.start", challenge.pair_count);
        write_machine(table);
        report("machine.end", challenge.pair_count);

        for (unsigned i = 0; i < challenge.pair_count; i++)
                fill_table(i, challenge.results[i], challenge.poison);
        read_results(table);
        for (unsigned i = 0; i < challenge.pair_count; i++)
                report_nth("cell", i, cells[i]);
        return 1;
}

void watch_way_back(void)
{
        leave_vmx();
        report("back.cr0", read_cr0());
        report("back.cr4", read_cr4());

        /* Without CR4.VMXE there is no VMXON: it must be an invalid opcode again. */
        report("back.vmxon", vmxon(&vmxon_region_pa));
        report("back.vmxon.vector", trap_expected.vector);
}
