/* explain.c -- the sections of the manual in its order, and the explanation in print. */
#include "explain_rules.h"

#include "print.h"
#include "report.h"
#include "x86/exit.h"

#define ERROR_CONTROLS          7       /* VM-instruction errors */
#define ERROR_HOST_STATE        8
#define NO_VMCS                 (~0ULL) /* what VMPTRST stores if none is current */

struct section {
        const char *title;
        int (*broken)(struct explanation *why);
};

static const struct section sections[] = {
#define CONTROL_SECTION 0
        { "Checks on VMX Controls", explain_execution_controls },
        { "Checks on VMX Controls", explain_paging_controls },
        { "Checks on VMX Controls", explain_exit_controls },
        { "Checks on VMX Controls", explain_entry_controls },
#define HOST_SECTION    4
        { "Checks on Host Control Registers, MSRs, and SSP", explain_host_registers },
        { "Checks on Host Segment and Descriptor-Table Registers", explain_host_segments },
        { "Checks Related to Address-Space Size", explain_address_space },
#define GUEST_SECTION   7
        { "Checks on Guest Control Registers, Debug Registers, and MSRs",
          explain_guest_registers },
        { "Checks on Guest Segment Registers", explain_guest_segments },
        { "Checks on Guest Descriptor-Table Registers", explain_guest_tables },
        { "Checks on Guest RIP, RFLAGS, and SSP", explain_guest_rip },
        { "Checks on Guest Non-Register State", explain_guest_state },
        { "Checks on Guest Page-Directory-Pointer-Table Entries", explain_guest_pdptes },
#define MSR_SECTION     13
        { "Loading MSRs", explain_msr_loading },
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* From section `first` to the last, then those in front of it. */
static int explain_from(unsigned first, struct explanation *why)
{
        uint64_t current = NO_VMCS;

        if (vmptrst(&current) != VMX_OK || current == NO_VMCS)
                return 0;
        for (unsigned i = 0; i < SECTIONS; i++) {
                const struct section *section = &sections[(first + i) % SECTIONS];

                why->section = section->title;
                if (section->broken(why))
                        return 1;
        }
        return 0;
}

int explain_entry(struct explanation *why)
{
        return explain_from(0, why);
}

static void print_explanation(const struct explanation *why)
{
        const char *name = vmcs_field_name(why->field);

        print("entry refused: ");
        print(name ? name : "?");
        print(" is ");
        print_hex(why->value, 1);
        print(", ");
        print(why->rule);
        print("\n(SDM Vol. 3C, \"");
        print(why->section);
        print("\")\n");
        report("explained.field", why->field);
        report("explained.value", why->value);
}

/* `verdict` is what the CPU says, `first` where the rules begin that it means. */
static void explain_verdict(const char *verdict, unsigned first)
{
        struct explanation why;

        if (explain_from(first, &why)) {
                print_explanation(&why);
                return;
        }
        print(verdict ? verdict : "no such error");
        print(". No rule that is known here is broken.\n");
}

static void print_verdict(const char *verdict)
{
        print("entry refused: ");
        print(verdict ? verdict : "no such error");
        print("\n");
}

static void explain_fail_valid(void)
{
        uint64_t error = field(VMCS_VM_INSTRUCTION_ERROR);
        const char *verdict = vm_instruction_error_text(error);

        if (error == ERROR_CONTROLS)
                explain_verdict(verdict, CONTROL_SECTION);
        else if (error == ERROR_HOST_STATE)
                explain_verdict(verdict, HOST_SECTION);
        else
                print_verdict(verdict);         /* the VMCS may be as good as can be */
}

/* The exit qualification counts the entries of the area, from 1 on. */
static void explain_msr_exit(const char *verdict)
{
        uint64_t number = field(VMCS_EXIT_QUALIFICATION);

        print("entry ");
        print_decimal(number);
        print(" of the VM-entry MSR-load area was not accepted\n");
        report("explained.msr", number);
        explain_verdict(verdict, MSR_SECTION);
}

static void explain_exit(uint32_t reason)
{
        const char *verdict = exit_reason_name(reason & EXIT_REASON_BASIC);

        if (!(reason & EXIT_REASON_ENTRY_FAILURE))
                print("the entry was not refused: this is the guest's exit\n");
        else if (reason == (EXIT_REASON_ENTRY_FAILURE | EXIT_REASON_INVALID_GUEST_STATE))
                explain_verdict(verdict, GUEST_SECTION);
        else if (reason == (EXIT_REASON_ENTRY_FAILURE | EXIT_REASON_MSR_LOADING))
                explain_msr_exit(verdict);
        else
                print_verdict(verdict);
}

void explain_refusal(enum vmx_result result, uint32_t exit_reason)
{
        if (result == VMX_FAIL_INVALID)
                print_verdict("VMfailInvalid: no VMCS is current (VMPTRLD makes one so), or a"
                              " shadow VMCS is");
        else if (result == VMX_FAIL_VALID)
                explain_fail_valid();
        else if (result == VMX_FAULT)
                print_verdict("the instruction raised an exception");
        else
                explain_exit(exit_reason);
}
