/* world.c -- given: the guest's first steps, exit by exit, without theVMM(); then entries
 * that must fail. 64-bit mode, ring 0, VMX root operation.
 */
#include "testbed.h"

#include "print.h"
#include "report.h"
#include "x86/vmcs.h"

static uint64_t registers[GUEST_REGISTERS];

/* Calls `launch`. *lost becomes how many of the registers that a C function must keep it
 * did not. The canaries are others in each call. */
static enum vmx_result call(enum vmx_result (*launch)(uint64_t *), uint64_t *lost)
{
        static uint64_t factor = 1;
        uint64_t canaries[CANARIES];
        enum vmx_result result;

        for (unsigned number = 0; number < CANARIES; number++)
                canaries[number] = challenge.canaries[number] * factor;
        result = call_with_canaries(launch, registers, canaries);
        *lost = 0;
        for (unsigned number = 0; number < CANARIES; number++)
                *lost += canaries[number] != challenge.canaries[number] * factor;
        factor += 2;
        return result;
}

static void report_turn(enum vmx_result result, uint64_t lost)
{
        report("switch.result", result);
        report("switch.lost", lost);
        for (unsigned number = 0; number < GUEST_REGISTERS; number++)
                if (number != RSP)
                        report_nth("switch.register", number, registers[number]);
}

/* From another depth of the stack than the launch. */
static __attribute__((noinline)) enum vmx_result resume_deeper(uint64_t *lost)
{
        volatile uint64_t deeper[8] = { 0 };

        return call(vmresume, lost) + deeper[0];
}

/* Each exit of this program is an instruction to be skipped. */
static void take_turns(void)
{
        uint64_t lost;
        enum vmx_result result = call(vmlaunch, &lost);

        report_turn(result, lost);
        for (unsigned turn = 0; result == VMX_OK && turn < CHALLENGE_TURNS; turn++) {
                uint64_t length = vmcs_read(VMCS_VM_EXIT_INSTRUCTION_LENGTH);

                vmcs_write(VMCS_GUEST_RIP, vmcs_read(VMCS_GUEST_RIP) + length);
                result = resume_deeper(&lost);
                report_turn(result, lost);
        }
}

static void fail(const char *what, enum vmx_result (*launch)(uint64_t *))
{
        uint64_t lost;
        enum vmx_result result = call(launch, &lost);

        print(what);
        print("\n");
        report("fails.result", result);
        report("fails.lost", lost);
        if (result == VMX_FAIL_VALID)
                report("fails.error", vmcs_read(VMCS_VM_INSTRUCTION_ERROR));
}

/* More of the same, without a current VMCS: how often, the challenge says. Here nothing
 * depends on the result, so the grader can change the flags that tell it. */
static void fail_again(void)
{
        uint64_t lost;

        for (unsigned i = 0; i < challenge.refusals; i++)
                report_nth("fails.again", i, call(i % 2 ? vmresume : vmlaunch, &lost));
}

void watch_switch(void)
{
        monitor = challenge.run[0].monitor;
        start_guest(challenge.switch_cs, challenge.switch_ip);
        for (unsigned number = 0; number < GUEST_REGISTERS; number++)
                registers[number] = challenge.registers[number];
        take_turns();

        fail("VMLAUNCH of a VMCS that is launched", vmlaunch);
        if (vmclear(&guest_vmcs_pa) != VMX_OK)
                return;
        fail("VMLAUNCH without a current VMCS", vmlaunch);
        if (vmptrld(&guest_vmcs_pa) != VMX_OK)
                return;
        fail("VMRESUME of a VMCS that is not launched", vmresume);
        if (vmclear(&guest_vmcs_pa) == VMX_OK)
                fail_again();
}
