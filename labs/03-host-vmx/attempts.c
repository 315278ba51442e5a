/* attempts.c -- given: the A20 line, off and on; VMXON and VMXOFF where they must fail, each in
 * its own way (one is for want of A20), and where they must not. 64-bit mode, ring 0.
 */
#include "testbed.h"

#include "cpu.h"
#include "print.h"
#include "report.h"
#include "trap.h"
#include "vmxstep2.h"
#include "x86/control.h"
#include "x86/vmx.h"

#define PORT92          0x92
#define MEGABYTE        0x100000

static struct vmx_region region, vmcs;

static const char *const attempt_text[ATTEMPTS] = {
        [WRONG_REVISION] = "VMXON, the region has a wrong revision identifier",
        [MISALIGNED] = "VMXON, the region is not aligned",
        [VMXE_CLEAR] = "VMXON, CR4.VMXE is clear",
        [A20_OFF] = "VMXON, A20 is off",
        [VMXOFF_OUTSIDE] = "VMXOFF outside VMX operation",
        [IN_AND_OUT] = "VMXON, then VMXOFF",
        [TWICE] = "VMXON, again VMXON with a current VMCS, VMXOFF",
};

static const char *const result_text[] = {
        [VMX_OK] = "  done", [VMX_FAIL_INVALID] = "  VMfailInvalid",
        [VMX_FAIL_VALID] = "  VMfailValid", [VMX_FAULT] = "  an exception",
};

/* Nobody but this file can call it: to open the gate is the student's. */
static void a20_line(int on)
{
        uint8_t others = inb(PORT92) & ~3;

        outb(PORT92, on ? others | 2 : others);
}

/* Is A20 on? Without it, an address of the second megabyte is one of the first. */
static int a20_is_on(void)
{
        static volatile uint32_t word;
        volatile uint32_t *above = (uint32_t *)((uint64_t)&word + MEGABYTE);
        uint32_t kept = *above;
        int on;

        word = challenge.id;
        *above = ~challenge.id;
        on = word == challenge.id;
        *above = kept;
        return on;
}

/* This program lies in the first megabyte, so it lives through a time without A20. */
void watch_a20(void)
{
        for (unsigned i = 0; i < COUNT(challenge.port92); i++)
                report_nth("dry.a20", i, a20_on(challenge.port92[i]));
        a20_line(0);
        report("a20.before", a20_is_on());
        enable_a20();
        report("a20.after", a20_is_on());
        a20_line(1);                    /* whatever became of it: the rest needs it */
}

/* `result` is what vmxon() or vmxoff() has just returned. */
static enum vmx_result said(enum vmx_result result)
{
        print(result <= VMX_FAULT ? result_text[result] : "  no enum vmx_result");
        print("\n");
        report("result", (uint32_t)result);
        if (result == VMX_FAULT)
                report("result.vector", trap_expected.vector);
        report("result.expecting", trap_expected.resume != 0);
        trap_expected = (struct trap_expected){ 0 };
        return result;
}

/* Enters VMX operation once more, from inside. The current VMCS can say what is wrong
 * with that, so it ends in VMfailValid. */
static void enter_again(const uint64_t *pa)
{
        const uint64_t vmcs_pa = (uint64_t)&vmcs;

        if (vmclear(&vmcs_pa) == VMX_OK && vmptrld(&vmcs_pa) == VMX_OK)
                said(vmxon(pa));
        if (vmclear(&vmcs_pa) != VMX_OK)
                print("VMCLEAR failed\n");
}

/* Whether VMXON succeeds is all that matters here of what the flags say: in a graded run the
 * others are changed, to see whether they are looked at. */
static void attempt_vmxon(enum attempt kind)
{
        uint64_t pa = (uint64_t)&region;

        if (kind == WRONG_REVISION)
                region.revision ^= challenge.revision_error;
        if (kind == MISALIGNED)
                pa += challenge.misalignment;
        if (kind == VMXE_CLEAR)
                write_cr4(read_cr4() & ~CR4_VMXE);
        a20_line(kind != A20_OFF);
        if (said(vmxon(&pa)) == VMX_OK) {
                if (kind == TWICE)
                        enter_again(&pa);
                said(vmxoff());
        }
        a20_line(1);
}

static void dry_run_regions(void)
{
        for (unsigned i = 0; i < COUNT(challenge.vmx_basic); i++) {
                const uint32_t *dwords = (const uint32_t *)&region;
                unsigned nonzero = 0;

                for (unsigned byte = 0; byte < sizeof(region); byte++)
                        ((uint8_t *)&region)[byte] = challenge.poison;
                prepare_region(&region, challenge.vmx_basic[i]);
                for (unsigned dword = 1; dword < sizeof(region) / 4; dword++)
                        nonzero += dwords[dword] != 0;
                report_nth("dry.region", i, region.revision);
                report_nth("dry.region.nonzero", i, nonzero);
        }
}

void watch_vmxon(void)
{
        uint64_t cr4 = read_cr4();

        dry_run_regions();
        for (unsigned i = 0; i < ATTEMPTS && challenge.attempts[i]; i++) {
                prepare_region(&region, rdmsr(MSR_VMX_BASIC));
                prepare_region(&vmcs, rdmsr(MSR_VMX_BASIC));
                print(attempt_text[challenge.attempts[i]]);
                print("\n");
                report("attempt", challenge.attempts[i]);
                if (challenge.attempts[i] == VMXOFF_OUTSIDE)
                        said(vmxoff());
                else
                        attempt_vmxon(challenge.attempts[i]);
                write_cr4(cr4);
        }
}
