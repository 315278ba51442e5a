/* testbed.c -- given: looks at what you wrote, and reports what it sees.
 *
 * Before your functions work on the CPU, they make "dry runs": they are called on
 * made-up values of the challenge, and their answers are reported. 64-bit mode, ring 0.
 */
#include "testbed.h"

#include "cpu.h"
#include "print.h"
#include "report.h"
#include "serial.h"
#include "trap.h"
#include "vmxstep2.h"
#include "x86/vmx.h"

#define CONTROL_CLASSES (ENTRY_CONTROLS + 1)

uint8_t host_stack[HOST_STACK] __attribute__((aligned(16)));

static const char *const class_name[CONTROL_CLASSES] = {
        [PIN_CONTROLS] = "pin-based",
        [CPU_CONTROLS] = "primary processor-based",
        [CPU2_CONTROLS] = "secondary processor-based",
        [EXIT_CONTROLS] = "VM-exit",
        [ENTRY_CONTROLS] = "VM-entry",
};

int watch_cpuid(void)
{
        int offered;

        for (unsigned i = 0; i < COUNT(challenge.leaf1_ecx); i++)
                report_nth("dry.cpuid", i, has_vmx(challenge.leaf1_ecx[i]));
        offered = cpu_offers_vmx();
        report("vmx", offered);
        return offered;
}

int watch_feature_control(void)
{
        int allowed;

        for (unsigned i = 0; i < COUNT(challenge.feature_control); i++) {
                uint64_t shall_be = 0;

                report_nth("dry.feature_control", i,
                           feature_control(challenge.feature_control[i], &shall_be));
                report_nth("dry.feature_control.shall_be", i, shall_be);
        }
        report("feature_control.before", rdmsr(MSR_FEATURE_CONTROL));
        allowed = firmware_allows_vmx();
        report("feature_control", rdmsr(MSR_FEATURE_CONTROL));
        return allowed;
}

void watch_control_registers(void)
{
        for (unsigned i = 0; i < COUNT(challenge.fixed); i++)
                report_nth("dry.fixed", i, fixed(challenge.fixed[i].value,
                           challenge.fixed[i].fixed0, challenge.fixed[i].fixed1));
        report("cr0.before", read_cr0());
        report("cr4.before", read_cr4());
        fix_control_registers();
        report("cr0", read_cr0());
        report("cr4", read_cr4());
        report("cr0.fixed0", rdmsr(MSR_VMX_CR0_FIXED0));
        report("cr0.fixed1", rdmsr(MSR_VMX_CR0_FIXED1));
        report("cr4.fixed0", rdmsr(MSR_VMX_CR4_FIXED0));
        report("cr4.fixed1", rdmsr(MSR_VMX_CR4_FIXED1));
}

void watch_paging(void)
{
        uint64_t cr3 = host_paging(challenge.window_va, challenge.window_pa);

        report("cr3", cr3);
        *(volatile uint64_t *)challenge.window_pa = challenge.window_word;
        serial_drain();                 /* a CPU that gives up takes the last bytes along */
        load_host_paging(cr3);
        report("window.word", read_through_window(challenge.window_va));
}

static void report_probe(const char *vector, const char *error)
{
        report(vector, trap_expected.vector);
        report(error, trap_expected.error);
        trap_expected = (struct trap_expected){ 0 };
}

void watch_structures(void)
{
        uint16_t cs, ss, tr;

        host_gdt[HOST_TSS / 8 + 1] = challenge.poison;
        host_structures((uint64_t)(host_stack + HOST_STACK));
        serial_drain();
        load_host_structures();
        asm volatile("mov %%cs, %0" : "=r"(cs));
        asm volatile("mov %%ss, %0" : "=r"(ss));
        asm volatile("str %0" : "=r"(tr));
        report("host.cs", cs);
        report("host.ss", ss);
        report("host.tr", tr);
        provoke_gp(challenge.selector);
        report_probe("probe.gp.vector", "probe.gp.error");
        provoke_ud();
        report_probe("probe.ud.vector", "probe.ud.error");
}

static void dry_run_controls(void)
{
        for (unsigned i = 0; i < COUNT(challenge.vmx_basic); i++)
                for (unsigned which = 0; which < CONTROL_CLASSES; which++)
                        report_nth("dry.msr", i * CONTROL_CLASSES + which,
                                   capability_msr(which, challenge.vmx_basic[i]));
        for (unsigned i = 0; i < COUNT(challenge.control); i++)
                report_nth("dry.round", i, round_controls(challenge.control[i].wanted,
                                                          challenge.control[i].capability));
        for (unsigned i = 0; i < COUNT(challenge.control); i++)
                report_nth("dry.impossible", i,
                           (uint32_t)impossible_control(challenge.control[i].wanted,
                                                        challenge.control[i].capability));
}

static void say_impossible(enum vmx_controls which, int bit)
{
        const char *name = control_name(which, bit);

        print("This CPU's ");
        print(class_name[which]);
        print(" controls lack ");
        print(name ? name : "a control that has no name");
        print(" (bit ");
        print_decimal(bit);
        print(").\n");
}

/* What this CPU makes of the controls that the challenge wants. */
static void try_controls(enum vmx_controls which, uint32_t msr)
{
        uint64_t capability = rdmsr(msr);
        int bit = impossible_control(challenge.wanted[which], capability);

        report_nth("control.capability", which, capability);
        report_nth("control.rounded", which,
                   round_controls(challenge.wanted[which], capability));
        report_nth("control.impossible", which, (uint32_t)bit);
        if (bit >= 0)
                say_impossible(which, bit);
}

void watch_controls(void)
{
        uint64_t basic = rdmsr(MSR_VMX_BASIC);

        dry_run_controls();
        report("vmx_basic", basic);
        for (unsigned which = 0; which < CONTROL_CLASSES; which++) {
                uint32_t msr = capability_msr(which, basic);

                report_nth("control.msr", which, msr);
                if (msr >= MSR_VMX_PINBASED_CTLS && msr <= MSR_VMX_TRUE_ENTRY_CTLS)
                        try_controls(which, msr);
        }
}
