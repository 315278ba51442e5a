/* explain_controls.c -- the VM-execution control fields, first half: reserved bits,
 * bitmaps, interrupts. SDM Vol. 3C, "Checks on VMX Controls", "VM-Execution Control
 * Fields".
 *
 * A control that is 1 wants other controls, and fields that make sense.
 */
#include "explain_rules.h"

#include "cpu.h"

#define DESCRIPTOR_UNIT         64              /* of a posted-interrupt descriptor */
#define VTPR                    0x80            /* offset in the virtual-APIC page */
#define MAX_VECTOR              255

static int reserved_bits(struct explanation *why)
{
        APPLY(explain_capability(why, PIN_CONTROLS));
        APPLY(explain_capability(why, CPU_CONTROLS));
        if (cpu_controls() & CPU_ACTIVATE_SECONDARY_CONTROLS)
                APPLY(explain_capability(why, CPU2_CONTROLS));
        if (cpu_controls() & CPU_ACTIVATE_TERTIARY_CONTROLS)
                APPLY(explain_bits(why, VMCS_TERTIARY_PROCESSOR_BASED_CONTROLS, 0,
                                   rdmsr(MSR_VMX_PROCBASED_CTLS3), "IA32_VMX_PROCBASED_CTLS3"));
        MUST(VMCS_CR3_TARGET_COUNT,
             field(VMCS_CR3_TARGET_COUNT) <= VMX_MISC_CR3_TARGETS(rdmsr(MSR_VMX_MISC)),
             "must not be more than 4, or what IA32_VMX_MISC says");
        return 0;
}

static int bitmaps(struct explanation *why)
{
        uint32_t cpu = cpu_controls();

        if (cpu & CPU_USE_IO_BITMAPS) {
                APPLY(explain_address(why, VMCS_ADDRESS_OF_IO_BITMAP_A, PAGE_SIZE));
                APPLY(explain_address(why, VMCS_ADDRESS_OF_IO_BITMAP_B, PAGE_SIZE));
        }
        if (cpu & CPU_USE_MSR_BITMAPS)
                APPLY(explain_address(why, VMCS_ADDRESS_OF_MSR_BITMAPS, PAGE_SIZE));
        return 0;
}

static int tpr_shadow(struct explanation *why)
{
        uint32_t cpu2 = cpu2_controls();
        uint64_t threshold = field(VMCS_TPR_THRESHOLD);
        const uint8_t *page = explain_memory(field(VMCS_VIRTUAL_APIC_ADDRESS));

        if (!(cpu_controls() & CPU_USE_TPR_SHADOW))
                return 0;
        APPLY(explain_address(why, VMCS_VIRTUAL_APIC_ADDRESS, PAGE_SIZE));
        if (cpu2 & CPU2_VIRTUAL_INTERRUPT_DELIVERY)
                return 0;
        MUST(VMCS_TPR_THRESHOLD, threshold <= 15, "must have bits 31:4 clear");
        if (!(cpu2 & CPU2_VIRTUALIZE_APIC_ACCESSES) && page)
                MUST(VMCS_TPR_THRESHOLD, threshold <= page[VTPR] >> 4,
                     "must not be above bits 7:4 of VTPR in the virtual-APIC page");
        return 0;
}

static int nmis(struct explanation *why)
{
        uint32_t pin = pin_controls();

        MUST(VMCS_PIN_BASED_CONTROLS, pin & PIN_NMI_EXITING || !(pin & PIN_VIRTUAL_NMIS),
             "must not have 'virtual NMIs' without 'NMI exiting'");
        MUST(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS,
             pin & PIN_VIRTUAL_NMIS || !(cpu_controls() & CPU_NMI_WINDOW_EXITING),
             "must not have 'NMI-window exiting' without 'virtual NMIs' (pin-based)");
        return 0;
}

static int apic(struct explanation *why)
{
        uint32_t cpu2 = cpu2_controls();

        if (cpu2 & CPU2_VIRTUALIZE_APIC_ACCESSES)
                APPLY(explain_address(why, VMCS_APIC_ACCESS_ADDRESS, PAGE_SIZE));
        MUST(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS,
             cpu_controls() & CPU_USE_TPR_SHADOW
             || !(cpu2 & (CPU2_VIRTUALIZE_X2APIC_MODE | CPU2_APIC_REGISTER_VIRTUALIZATION
                          | CPU2_VIRTUAL_INTERRUPT_DELIVERY)),
             "must not have 'virtualize x2APIC mode', 'APIC-register virtualization' or"
             " 'virtual-interrupt delivery' without 'use TPR shadow' (primary)");
        MUST(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS,
             !(cpu2 & CPU2_VIRTUALIZE_X2APIC_MODE && cpu2 & CPU2_VIRTUALIZE_APIC_ACCESSES),
             "must not have both 'virtualize x2APIC mode' and 'virtualize APIC accesses'");
        MUST(VMCS_PIN_BASED_CONTROLS,
             pin_controls() & PIN_EXTERNAL_INTERRUPT_EXITING
             || !(cpu2 & CPU2_VIRTUAL_INTERRUPT_DELIVERY),
             "must have 'external-interrupt exiting' with 'virtual-interrupt delivery'");
        return 0;
}

static int posted_interrupts(struct explanation *why)
{
        if (!(pin_controls() & PIN_PROCESS_POSTED_INTERRUPTS))
                return 0;
        MUST(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS,
             cpu2_controls() & CPU2_VIRTUAL_INTERRUPT_DELIVERY,
             "must have 'virtual-interrupt delivery' with 'process posted interrupts'");
        MUST(VMCS_PRIMARY_VM_EXIT_CONTROLS,
             exit_controls() & EXIT_ACKNOWLEDGE_INTERRUPT_ON_EXIT,
             "must have 'acknowledge interrupt on exit' with 'process posted interrupts'");
        MUST(VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR,
             field(VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR) <= MAX_VECTOR,
             "must be a vector, 0 to 255");
        return explain_address(why, VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, DESCRIPTOR_UNIT);
}

int explain_execution_controls(struct explanation *why)
{
        APPLY(reserved_bits(why));
        APPLY(bitmaps(why));
        APPLY(tpr_shadow(why));
        APPLY(nmis(why));
        APPLY(apic(why));
        return posted_interrupts(why);
}
