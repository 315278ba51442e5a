/* explain_rules.c -- the rules that many sections have in common: about bits, controls,
 * addresses.
 */
#include "explain_rules.h"

#include "cpu.h"

#define LEAF_ADDRESS_SIZES      0x80000008      /* EAX: bits 7:0 physical, 15:8 linear */
#define MAPPED                  0x40000000      /* long.S maps the first gigabyte */

/* Texts with a number in them are made here. One is enough: the first broken rule is
 * the last that is looked at. */
static char text[128];

static char *append(char *end, const char *more)
{
        while (*more && end < text + sizeof(text) - 1)
                *end++ = *more++;
        *end = 0;
        return end;
}

static char *append_number(char *end, unsigned number)
{
        char digit[2] = { '0' + number % 10, 0 };

        if (number >= 10)
                end = append_number(end, number / 10);
        return append(end, digit);
}

int explain_broken(struct explanation *why, uint32_t what, const char *rule)
{
        why->field = what;
        why->value = field(what);
        why->rule = rule;
        return 1;
}

/* The fields of controls, and the MSRs with their capabilities; the second one, if this
 * CPU has it, allows more. Only the secondary processor-based ones have one MSR. */
static const struct class {
        uint32_t what;
        uint32_t msr, true_msr;
        const char *name, *true_name;
} classes[] = {
        [PIN_CONTROLS] = { VMCS_PIN_BASED_CONTROLS,
                           MSR_VMX_PINBASED_CTLS, MSR_VMX_TRUE_PINBASED_CTLS,
                           "IA32_VMX_PINBASED_CTLS", "IA32_VMX_TRUE_PINBASED_CTLS" },
        [CPU_CONTROLS] = { VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS,
                           MSR_VMX_PROCBASED_CTLS, MSR_VMX_TRUE_PROCBASED_CTLS,
                           "IA32_VMX_PROCBASED_CTLS", "IA32_VMX_TRUE_PROCBASED_CTLS" },
        [CPU2_CONTROLS] = { VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS,
                            MSR_VMX_PROCBASED_CTLS2, MSR_VMX_PROCBASED_CTLS2,
                            "IA32_VMX_PROCBASED_CTLS2", "IA32_VMX_PROCBASED_CTLS2" },
        [EXIT_CONTROLS] = { VMCS_PRIMARY_VM_EXIT_CONTROLS,
                            MSR_VMX_EXIT_CTLS, MSR_VMX_TRUE_EXIT_CTLS,
                            "IA32_VMX_EXIT_CTLS", "IA32_VMX_TRUE_EXIT_CTLS" },
        [ENTRY_CONTROLS] = { VMCS_VM_ENTRY_CONTROLS,
                             MSR_VMX_ENTRY_CTLS, MSR_VMX_TRUE_ENTRY_CTLS,
                             "IA32_VMX_ENTRY_CTLS", "IA32_VMX_TRUE_ENTRY_CTLS" },
};

/* The name of one bit of a field of controls; 0 if there is none. */
static const char *name_of_bit(uint32_t what, unsigned bit)
{
        for (unsigned i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
                if (classes[i].what == what)
                        return control_name(i, bit);
        return 0;
}

int explain_bits(struct explanation *why, uint32_t what, uint64_t must_be_1,
                 uint64_t may_be_1, const char *says)
{
        uint64_t value = field(what);
        uint64_t wrong = (~value & must_be_1) | (value & ~may_be_1);
        unsigned bit;
        const char *name;
        char *end = text;

        if (!wrong)
                return 0;
        bit = __builtin_ctzll(wrong);
        name = name_of_bit(what, bit);
        end = append(end, "must have bit ");
        end = append_number(end, bit);
        if (name)
                end = append(append(append(end, " ("), name), ")");
        end = append(end, value >> bit & 1 ? " clear, as " : " set, as ");
        append(append(end, says), " says");
        return explain_broken(why, what, text);
}

/* Low half of a capability MSR: bits that must be 1. High half: bits that may be. */
int explain_capability(struct explanation *why, enum vmx_controls which)
{
        const struct class *class = &classes[which];
        int true_one = (rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE) != 0;
        uint64_t bits = rdmsr(true_one ? class->true_msr : class->msr);

        return explain_bits(why, class->what, (uint32_t)bits, bits >> 32,
                            true_one ? class->true_name : class->name);
}

int explain_address(struct explanation *why, uint32_t what, unsigned unit)
{
        uint64_t address = field(what);

        append_number(append(text, "must be a multiple of "), unit);
        MUST(what, !(address & (unit - 1)), text);
        MUST(what, !(address & explain_beyond_width()),
             "must not have bits beyond this CPU's physical-address width");
        return 0;
}

int explain_canonical(struct explanation *why, uint32_t what)
{
        MUST(what, explain_is_canonical(field(what), explain_linear_width()),
             "must be a canonical address");
        return 0;
}

uint64_t explain_beyond_width(void)
{
        if (rdmsr(MSR_VMX_BASIC) & VMX_BASIC_32BIT_ADDRESSES)
                return ~0ULL << 32;
        return ~0ULL << (cpuid(LEAF_ADDRESS_SIZES, 0).eax & 0xFF);
}

unsigned explain_linear_width(void)
{
        return cpuid(LEAF_ADDRESS_SIZES, 0).eax >> 8 & 0xFF;
}

int explain_is_canonical(uint64_t address, unsigned width)
{
        int above = 64 - width;

        return (uint64_t)((int64_t)(address << above) >> above) == address;
}

const void *explain_memory(uint64_t pa)
{
        return pa < MAPPED ? (const void *)pa : 0;
}
