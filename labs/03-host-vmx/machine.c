/* machine.c -- VMX operation: the two regions, the tables machine[] and results[], and
 * the way back.
 *
 * Called by attempts.c and fields.c (in lab 04 by its setup.c) in 64-bit mode, ring 0, on the
 * host's structures, interrupts off.
 */
#include "vmxstep2.h"

#include "cpu.h"
#include "todo.h"
#include "x86/vmcs.h"
#include "x86/vmx.h"

/* Makes `region`, whatever is in it, a VMXON region or a VMCS region for this CPU.
 * `vmx_basic` is what IA32_VMX_BASIC holds. */
void prepare_region(struct vmx_region *region, uint64_t vmx_basic)
{
#if SOLVED >= 5
        *region = (struct vmx_region){ .revision = vmx_basic & VMX_BASIC_REVISION };
#else
        /* TODO(03-5) Write the revision identifier into a region of zeros.
         * Given:   bits 30:0 of IA32_VMX_BASIC are the identifier. It differs from CPU
         *          to CPU; that is why it is asked for. Bit 31 is not part of it.
         * Do:      clear the region, then set region->revision.
         * Use:     VMX_BASIC_REVISION.
         * Read:    SDM Vol. 3C, "VMXON Region"; Vol. 3D, "Basic VMX Information".
         * Seen:    "@ dry.region...", then the stop in vmxon.S. */
        lab_todo("03-5");
#endif
}

/* Enters VMX operation, and makes guest_vmcs, cleared, the current VMCS. Returns how
 * the first instruction that failed ended. */
enum vmx_result enter_vmx(void)
{
#if SOLVED >= 9
        uint64_t vmx_basic = rdmsr(MSR_VMX_BASIC);
        enum vmx_result result;

        prepare_region(&vmxon_region, vmx_basic);
        prepare_region(&guest_vmcs, vmx_basic);
        result = vmxon(&vmxon_region_pa);
        if (result == VMX_OK)
                result = vmclear(&guest_vmcs_pa);
        if (result == VMX_OK)
                result = vmptrld(&guest_vmcs_pa);
        return result;
#else
        /* TODO(03-9) From nothing to a current VMCS.
         * Given:   vmxon_region and guest_vmcs, which may hold anything;
         *          vmxon_region_pa and guest_vmcs_pa, where they are.
         * Do:      prepare both; VMXON; VMCLEAR, for a VMCS starts as nobody's; VMPTRLD.
         *          Stop at the first that is not VMX_OK, and return its result.
         * Use:     prepare_region(), rdmsr(), vmxon(), vmclear(), vmptrld().
         * Read:    SDM Vol. 3C, "Software Use of Virtual-Machine Control Structures".
         * Seen:    "@ enter_vmx 0x0", "@ vmcs.current ...", then the next stop. */
        lab_todo("03-9");
#endif
}

#if SOLVED >= 9
/* Why did the last VMX instruction fail? Only after VMX_FAIL_VALID. */
static uint64_t instruction_error(void)
{
        uint64_t error = 0;

        return vmread(VMCS_VM_INSTRUCTION_ERROR, &error) == VMX_OK ? error : 0;
}

/* The value of a variable that is as wide as field `what`. */
static uint64_t load(uint64_t what, const void *where)
{
        switch (what & VMCS_WIDTH) {
        case VMCS_WIDTH_16:
                return *(const uint16_t *)where;
        case VMCS_WIDTH_32:
                return *(const uint32_t *)where;
        default:
                return *(const uint64_t *)where;
        }
}

static void store(uint64_t what, void *where, uint64_t value)
{
        switch (what & VMCS_WIDTH) {
        case VMCS_WIDTH_16:
                *(uint16_t *)where = value;
                break;
        case VMCS_WIDTH_32:
                *(uint32_t *)where = value;
                break;
        default:
                *(uint64_t *)where = value;
        }
}

#endif
/* Writes every field that machine[] names from the variable it names. */
void write_machine(const struct parameter *machine)
{
#if SOLVED >= 9
        for (; machine->where; machine++) {
                uint64_t value = load(machine->what, machine->where);

                if (vmwrite(machine->what, value) == VMX_FAIL_VALID)
                        report_failure("VMWRITE", machine->what, instruction_error());
        }
#else
        /* Still TODO(03-9).
         * Given:   lines {what, where} up to one whose `where` is null.
         * Do:      bits 14:13 of an encoding tell the field's width: 16, 64, 32 bits,
         *          natural (64 here). Load as many bits from `where`, no more; write
         *          them to the field. Not every CPU has every field: on VMX_FAIL_VALID
         *          read VMCS_VM_INSTRUCTION_ERROR, report it, and go on. (On
         *          VMX_FAIL_INVALID there is nothing to read: go on.) The grader looks
         *          at vmwrite() and vmread(): use these, not instructions of your own.
         * Use:     VMCS_WIDTH, VMCS_WIDTH_16, ...; vmwrite(), vmread(),
         *          report_failure().
         * Read:    SDM Vol. 3C, "VMREAD, VMWRITE, and Encodings of VMCS Fields", "VM
         *          Instruction Error Numbers".
         * Seen:    "VMWRITE of ...: error 12", "@ machine.end", then the next stop. */
        lab_todo("03-9");
#endif
}

/* Reads every field that results[] names into the variable it names. */
void read_results(const struct parameter *results)
{
#if SOLVED >= 9
        for (; results->where; results++) {
                uint64_t value;
                enum vmx_result result = vmread(results->what, &value);

                if (result == VMX_OK)
                        store(results->what, results->where, value);
                else if (result == VMX_FAIL_VALID)
                        report_failure("VMREAD", results->what, instruction_error());
        }
#else
        /* Still TODO(03-9): the same the other way round. What stands beside a variable
         * must stay as it is; so must a variable whose field cannot be read.
         * Seen:    "@ cell...", then TODO(03-10). */
        lab_todo("03-9");
#endif
}

/* Leaves VMX operation; CR0 and CR4 are then as they were before
 * fix_control_registers(). */
void leave_vmx(void)
{
#if SOLVED >= 10
        if (vmclear(&guest_vmcs_pa) != VMX_OK || vmxoff() != VMX_OK)
                return;
        write_cr4(old_cr4);
        write_cr0(old_cr0);
#else
        /* TODO(03-10) The way back.
         * Given:   guest_vmcs is current, and parts of it may be in the CPU only;
         *          old_cr0 and old_cr4.
         * Do:      VMCLEAR the VMCS; VMXOFF; CR4 and CR0 as they were. In VMX operation
         *          the CPU forbids to clear CR4.VMXE: mind the order.
         * Use:     vmclear(), vmxoff(), write_cr4(), write_cr0().
         * Read:    SDM Vol. 3C, "Restrictions on VMX Operation".
         * Seen:    "@ back.cr0 ...", "@ back.cr4 ...", and the end line. */
        lab_todo("03-10");
#endif
}
