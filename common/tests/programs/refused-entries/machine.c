/* machine.c -- two VMCS that are good: for a guest in virtual-8086 mode, and for one in
 * 32-bit protected mode, ring 0. 64-bit mode, VMX root operation.
 */
#include "trials.h"

#include "cpu.h"
#include "leave.h"
#include "report.h"
#include "segment.h"
#include "selector.h"
#include "x86/control.h"
#include "x86/descriptor.h"
#include "x86/vmcs.h"
#include "x86/vmx.h"

#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))
#define UNUSABLE        0x10000
#define RIGHTS_V86      0xF3
#define RIGHTS_CODE32   (DESC_CODE32 | TYPE_ACCESSED)
#define RIGHTS_DATA32   (DESC_DATA32 | TYPE_ACCESSED)
#define TSS_LIMIT       0x67
#define VTPR            0x80            /* offset in a virtual-APIC page */
#define PAGE_TABLE_ALL  (PAGE_P | PAGE_RW | PAGE_US)

struct pair {
        uint32_t field;
        uint64_t value;
};

#define SEGMENT(NAME, selector, base, limit, rights)                                    \
        { VMCS_GUEST_##NAME##_SELECTOR, selector }, { VMCS_GUEST_##NAME##_BASE, base }, \
        { VMCS_GUEST_##NAME##_LIMIT, limit }, { VMCS_GUEST_##NAME##_ACCESS_RIGHTS, rights }

static const struct pair both[] = {
        { VMCS_LINK_POINTER, ~0ULL },
        { VMCS_EXCEPTION_BITMAP, 0xFFFFFFFF },          /* whatever happens is an exit */
        { VMCS_GUEST_CR3, (uint64_t)directory },
        { VMCS_GUEST_DR7, 0x400 },
        SEGMENT(TR, 0x18, (uint64_t)guest_tss, TSS_LIMIT, DESC_P | TYPE_TSS_BUSY),
        SEGMENT(LDTR, 0, 0, 0, UNUSABLE),
        { VMCS_HOST_CS_SELECTOR, SEL_CODE64 },
        { VMCS_HOST_SS_SELECTOR, SEL_DATA },
        { VMCS_HOST_DS_SELECTOR, SEL_DATA },
        { VMCS_HOST_ES_SELECTOR, SEL_DATA },
        { VMCS_HOST_FS_SELECTOR, SEL_DATA },
        { VMCS_HOST_GS_SELECTOR, SEL_DATA },
        { VMCS_HOST_TR_SELECTOR, SEL_TSS },
        { VMCS_HOST_TR_BASE, (uint64_t)host_tss },
        { VMCS_HOST_GDTR_BASE, (uint64_t)gdt },
        { VMCS_HOST_RIP, (uint64_t)host_entry },
};

/* Fields that are 0. A new VMCS may hold anything. */
static const uint16_t zeros[] = {
        VMCS_CR3_TARGET_COUNT, VMCS_VM_EXIT_MSR_STORE_COUNT, VMCS_VM_EXIT_MSR_LOAD_COUNT,
        VMCS_VM_ENTRY_MSR_LOAD_COUNT, VMCS_VM_ENTRY_INTERRUPTION_INFORMATION,
        VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, VMCS_VM_ENTRY_INSTRUCTION_LENGTH,
        VMCS_PAGE_FAULT_ERROR_CODE_MASK, VMCS_PAGE_FAULT_ERROR_CODE_MATCH,
        VMCS_CR0_GUEST_HOST_MASK, VMCS_CR4_GUEST_HOST_MASK, VMCS_CR0_READ_SHADOW,
        VMCS_CR4_READ_SHADOW, VMCS_GUEST_IA32_DEBUGCTL, VMCS_GUEST_IA32_SYSENTER_CS,
        VMCS_GUEST_IA32_SYSENTER_ESP, VMCS_GUEST_IA32_SYSENTER_EIP,
        VMCS_GUEST_INTERRUPTIBILITY_STATE, VMCS_GUEST_ACTIVITY_STATE,
        VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, VMCS_GUEST_RSP, VMCS_GUEST_GDTR_BASE,
        VMCS_GUEST_IDTR_BASE, VMCS_GUEST_GDTR_LIMIT, VMCS_GUEST_IDTR_LIMIT,
        VMCS_HOST_IA32_SYSENTER_CS, VMCS_HOST_IA32_SYSENTER_ESP, VMCS_HOST_IA32_SYSENTER_EIP,
        VMCS_HOST_FS_BASE, VMCS_HOST_GS_BASE,
};

static const struct pair protected_guest[] = {
        SEGMENT(CS, 0x08, 0, 0xFFFFFFFF, RIGHTS_CODE32),
        SEGMENT(SS, 0x10, 0, 0xFFFFFFFF, RIGHTS_DATA32),
        SEGMENT(DS, 0x10, 0, 0xFFFFFFFF, RIGHTS_DATA32),
        SEGMENT(ES, 0x10, 0, 0xFFFFFFFF, RIGHTS_DATA32),
        SEGMENT(FS, 0x10, 0, 0xFFFFFFFF, RIGHTS_DATA32),
        SEGMENT(GS, 0x10, 0, 0xFFFFFFFF, RIGHTS_DATA32),
        { VMCS_GUEST_RFLAGS, EFLAGS_FIXED },
        { VMCS_GUEST_RIP, (uint64_t)guest_code },
};

void write_field(uint32_t field, uint64_t value)
{
        if (vmwrite(field, value) == VMX_OK)
                return;
        report("not.written", field);
        leave();
}

static void write_pairs(const struct pair *pairs, unsigned count)
{
        for (unsigned i = 0; i < count; i++)
                write_field(pairs[i].field, pairs[i].value);
}

/* All six segments are the paragraph with the code in it. */
static void write_v86_guest(void)
{
        uint64_t base = (uint64_t)guest_code;

        for (unsigned n = 0; n < 6; n++) {
                write_field(VMCS_GUEST_ES_SELECTOR + 2 * n, base / 16);
                write_field(VMCS_GUEST_ES_BASE + 2 * n, base);
                write_field(VMCS_GUEST_ES_LIMIT + 2 * n, 0xFFFF);
                write_field(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * n, RIGHTS_V86);
        }
        write_field(VMCS_GUEST_RFLAGS, EFLAGS_VM | EFLAGS_FIXED);
        write_field(VMCS_GUEST_RIP, 0);
}

/* `wanted` and what the CPU insists on. */
static void write_controls(uint32_t field, uint32_t wanted, uint32_t msr, uint32_t true_msr)
{
        uint64_t bits = rdmsr(rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE ? true_msr : msr);

        write_field(field, (wanted | bits) & bits >> 32);
}

/* What depends on this CPU. */
static void write_rest(void)
{
        struct table_pointer idt;

        directory[0] = PAGE_TABLE_ALL | PAGE_PS;        /* the first 4 MB */
        tpr_5[VTPR] = 5 << 4;
        asm volatile("sidt %0" : "=m"(idt));
        write_field(VMCS_HOST_IDTR_BASE, idt.base);
        write_controls(VMCS_PIN_BASED_CONTROLS, 0,
                       MSR_VMX_PINBASED_CTLS, MSR_VMX_TRUE_PINBASED_CTLS);
        write_controls(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS, 0,
                       MSR_VMX_PROCBASED_CTLS, MSR_VMX_TRUE_PROCBASED_CTLS);
        write_controls(VMCS_PRIMARY_VM_EXIT_CONTROLS, EXIT_HOST_ADDRESS_SPACE_SIZE,
                       MSR_VMX_EXIT_CTLS, MSR_VMX_TRUE_EXIT_CTLS);
        write_controls(VMCS_VM_ENTRY_CONTROLS, ENTRY_LOAD_DEBUG_CONTROLS,
                       MSR_VMX_ENTRY_CTLS, MSR_VMX_TRUE_ENTRY_CTLS);
        if (rdmsr(MSR_VMX_PROCBASED_CTLS) >> 32 & CPU_ACTIVATE_SECONDARY_CONTROLS)
                write_field(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS, 0);
        write_field(VMCS_GUEST_CR0, rdmsr(MSR_VMX_CR0_FIXED0) | CR0_PE | CR0_PG | CR0_ET);
        write_field(VMCS_GUEST_CR4, rdmsr(MSR_VMX_CR4_FIXED0) | CR4_PSE);
        write_field(VMCS_HOST_CR0, rdmsr(MSR_VMX_CR0_FIXED0) | CR0_PE | CR0_PG | CR0_ET);
        write_field(VMCS_HOST_CR3, read_cr3());
        write_field(VMCS_HOST_CR4, rdmsr(MSR_VMX_CR4_FIXED0) | CR4_PAE);
}

void write_good_vmcs(enum guest guest)
{
        write_pairs(both, COUNT(both));
        for (unsigned i = 0; i < COUNT(zeros); i++)
                write_field(zeros[i], 0);
        if (guest == V86_GUEST)
                write_v86_guest();
        else
                write_pairs(protected_guest, COUNT(protected_guest));
        write_rest();
}
