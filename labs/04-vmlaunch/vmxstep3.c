/* vmxstep3.c -- all that a VM entry wants to know: the guest-state area, the host-state
 * area and the controls of the VMCS, as tables of (what, where) pairs.
 *
 * The testbed calls the three functions, each before its table is written by your
 * write_machine(). 64-bit mode, ring 0, VMX root operation; the VMCS is current.
 */
#include "vmxstep3.h"

#include "cpu.h"
#include "todo.h"
#include "vmxstep1.h"
#include "x86/control.h"
#include "x86/descriptor.h"
#include "x86/uart.h"
#include "x86/vmcs.h"
#include "x86/vmx.h"

#define DR7_RESET       0x400           /* bit 10 is always 1 */

/* Values for the fields that are always the same. write_machine() takes as many bytes
 * of them as the field has. */
static struct {
        uint64_t zero, all_ones, dr7;
} always = { 0, ~0UL, DR7_RESET };

/* ---- The guest-state area. --------------------------------------------- */

/* What the CPU keeps of a segment beside its selector. Natively it takes this from a
 * descriptor, or, in virtual-8086 mode, makes it up; here it is told. */
struct hidden {
        uint64_t base;
        uint32_t limit, access;
};

static struct {
        struct hidden es, cs, ss, ds, fs, gs, ldtr, tr;
} segment;

#if SOLVED >= 1
/* SDM Vol. 3C, "Checks on Guest Segment Registers": virtual-8086 mode leaves no choice. */
static struct hidden v86_hidden(uint16_t selector)
{
        return (struct hidden){
                .base = selector * 16UL,
                .limit = 0xFFFF,
                .access = DESC_P | DESC_DPL(3) | DESC_S | TYPE_DATA | TYPE_ACCESSED,
        };
}

#endif
/* The guest as guest_cpu (lab 02) describes it, and what its selectors stand for. */
void guest_state_init(void)
{
#if SOLVED >= 1
        segment.es = v86_hidden(guest_cpu.es);
        segment.cs = v86_hidden(guest_cpu.cs);
        segment.ss = v86_hidden(guest_cpu.ss);
        segment.ds = v86_hidden(guest_cpu.ds);
        segment.fs = v86_hidden(guest_cpu.fs);
        segment.gs = v86_hidden(guest_cpu.gs);
        segment.ldtr = (struct hidden){ address_of(guest_ldt), sizeof(guest_ldt) - 1,
                                        DESC_P | TYPE_LDT };
        segment.tr = (struct hidden){ address_of(&guest_tss), sizeof(guest_tss) - 1,
                                      DESC_P | TYPE_TSS_BUSY };
        guest_cpu.cr0 = fixed(guest_cpu.cr0, rdmsr(MSR_VMX_CR0_FIXED0),
                              rdmsr(MSR_VMX_CR0_FIXED1));
        guest_cpu.cr4 = fixed(guest_cpu.cr4, rdmsr(MSR_VMX_CR4_FIXED0),
                              rdmsr(MSR_VMX_CR4_FIXED1));
#else
        /* TODO(04-1) Describe the guest: its hidden segment registers, and machine_guest[].
         * Given:   guest_cpu, filled in by your lab 02: selectors, CR0, CR3, CR4, RIP,
         *          RSP, RFLAGS, GDTR, IDTR; your tables guest_ldt and guest_tss.
         * Do:      for each of the eight: base, limit, access rights. Six of them as
         *          virtual-8086 mode has them; LDTR and TR (which must be busy) as your
         *          descriptors have them. CR0 and CR4 must fit the fixed-bit MSRs in
         *          the guest too. Then all fields of the area: those of guest_cpu; DR7;
         *          the VMCS link pointer, all ones; activity and interruptibility state,
         *          pending debug exceptions, DEBUGCTL, the SYSENTER MSRs, all zero.
         * Use:     fixed(), rdmsr(), DESC_P, TYPE_...; GUEST_SEGMENT_FIELDS().
         * Read:    README, "The VMCS as a map"; SDM Vol. 3C, "Guest Register State",
         *          "Checks on the Guest State Area".
         * Seen:    TODO(04-2), and in `make grade`. */
        lab_todo("04-1");
#endif
}

/* Four lines of a table: the fields of one segment. */
#define GUEST_SEGMENT_FIELDS(NAME, name)                                                \
        { VMCS_GUEST_##NAME##_SELECTOR, &guest_cpu.name },                              \
        { VMCS_GUEST_##NAME##_BASE, &segment.name.base },                               \
        { VMCS_GUEST_##NAME##_LIMIT, &segment.name.limit },                             \
        { VMCS_GUEST_##NAME##_ACCESS_RIGHTS, &segment.name.access }

const struct parameter machine_guest[] = {
        { VMCS_GUEST_DR7, &always.dr7 },
        GUEST_SEGMENT_FIELDS(ES, es),
#if SOLVED >= 1
        GUEST_SEGMENT_FIELDS(CS, cs),
        GUEST_SEGMENT_FIELDS(SS, ss),
        GUEST_SEGMENT_FIELDS(DS, ds),
        GUEST_SEGMENT_FIELDS(FS, fs),
        GUEST_SEGMENT_FIELDS(GS, gs),
        GUEST_SEGMENT_FIELDS(LDTR, ldtr),
        GUEST_SEGMENT_FIELDS(TR, tr),
        { VMCS_GUEST_GDTR_BASE, &guest_cpu.gdtr_base },
        { VMCS_GUEST_GDTR_LIMIT, &guest_cpu.gdtr_limit },
        { VMCS_GUEST_IDTR_BASE, &guest_cpu.idtr_base },
        { VMCS_GUEST_IDTR_LIMIT, &guest_cpu.idtr_limit },
        { VMCS_GUEST_CR0, &guest_cpu.cr0 },
        { VMCS_GUEST_CR3, &guest_cpu.cr3 },
        { VMCS_GUEST_CR4, &guest_cpu.cr4 },
        { VMCS_GUEST_RIP, &guest_cpu.rip },
        { VMCS_GUEST_RSP, &guest_cpu.rsp },
        { VMCS_GUEST_RFLAGS, &guest_cpu.rflags },
        { VMCS_GUEST_INTERRUPTIBILITY_STATE, &always.zero },
        { VMCS_GUEST_ACTIVITY_STATE, &always.zero },
        { VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, &always.zero },
        { VMCS_GUEST_IA32_DEBUGCTL, &always.zero },
        { VMCS_GUEST_IA32_SYSENTER_CS, &always.zero },
        { VMCS_GUEST_IA32_SYSENTER_ESP, &always.zero },
        { VMCS_GUEST_IA32_SYSENTER_EIP, &always.zero },
        { VMCS_LINK_POINTER, &always.all_ones },
#endif
        { 0, 0 }
};

/* ---- The host-state area. ---------------------------------------------- */

static struct {
        uint64_t cr0, cr3, cr4, rip;
        uint64_t tr_base, gdtr_base, idtr_base;
        uint16_t code, data, tr;        /* selectors */
} host = { .code = HOST_CODE, .data = HOST_DATA, .tr = HOST_TSS };

/* The host as every VM exit will find it. HOST_RSP is launch.S' business. */
void host_state_init(void)
{
#if SOLVED >= 2
        host.cr0 = read_cr0();
        host.cr3 = read_cr3();
        host.cr4 = read_cr4();
        host.rip = (uint64_t)host_entry;
        host.tr_base = (uint64_t)&host_tss;
        host.gdtr_base = (uint64_t)host_gdt;
        host.idtr_base = (uint64_t)host_idt;
#else
        /* TODO(04-2) Describe the host: its variables, and machine_host[].
         * Given:   the registers as they are now; your structures of lab 03.
         * Do:      control registers; RIP: host_entry, in launch.S; where TSS, GDT and
         *          IDT are. Then all fields of the area but RSP: also the seven
         *          selectors, the bases of FS and GS, the SYSENTER MSRs.
         * Use:     read_cr0(), read_cr3(), read_cr4(); HOST_CODE, HOST_DATA, HOST_TSS.
         * Read:    SDM Vol. 3C, "Host-State Area", "Checks on Host Segment and
         *          Descriptor-Table Registers".
         * Seen:    TODO(04-3), and in `make grade`. */
        lab_todo("04-2");
#endif
}

const struct parameter machine_host[] = {
        { VMCS_HOST_CR0, &host.cr0 },
#if SOLVED >= 2
        { VMCS_HOST_CR3, &host.cr3 },
        { VMCS_HOST_CR4, &host.cr4 },
        { VMCS_HOST_RIP, &host.rip },
        { VMCS_HOST_CS_SELECTOR, &host.code },
        { VMCS_HOST_SS_SELECTOR, &host.data },
        { VMCS_HOST_DS_SELECTOR, &host.data },
        { VMCS_HOST_ES_SELECTOR, &host.data },
        { VMCS_HOST_FS_SELECTOR, &host.data },
        { VMCS_HOST_GS_SELECTOR, &host.data },
        { VMCS_HOST_TR_SELECTOR, &host.tr },
        { VMCS_HOST_FS_BASE, &always.zero },
        { VMCS_HOST_GS_BASE, &always.zero },
        { VMCS_HOST_TR_BASE, &host.tr_base },
        { VMCS_HOST_GDTR_BASE, &host.gdtr_base },
        { VMCS_HOST_IDTR_BASE, &host.idtr_base },
        { VMCS_HOST_IA32_SYSENTER_CS, &always.zero },
        { VMCS_HOST_IA32_SYSENTER_ESP, &always.zero },
        { VMCS_HOST_IA32_SYSENTER_EIP, &always.zero },
#endif
        { 0, 0 }
};

/* ---- The controls. ----------------------------------------------------- */

static struct {
        uint32_t pin, cpu, exit, entry;
        uint64_t io_bitmap_a, io_bitmap_b;
        uint64_t cr4_mask;              /* the shadow is zero: VMXE is hidden */
} control = { .cr4_mask = CR4_VMXE };

/* Which events make an exit, and how entries and exits are made. */
void controls_init(void)
{
#if SOLVED >= 3
        for (unsigned port = UART_DATA; port < UART_DATA + 8; port++)
                io_bitmap_a[port / 8] |= 1 << port % 8;
        control.io_bitmap_a = (uint64_t)io_bitmap_a;
        control.io_bitmap_b = (uint64_t)io_bitmap_b;
        control.pin = controls(PIN_CONTROLS, 0);
        control.cpu = controls(CPU_CONTROLS, CPU_USE_IO_BITMAPS | monitor.extra_controls);
        control.exit = controls(EXIT_CONTROLS, EXIT_HOST_ADDRESS_SPACE_SIZE);
        control.entry = controls(ENTRY_CONTROLS, 0);
#else
        /* TODO(04-3) Say what makes an exit: the variables, and machine_controls[].
         * Given:   controls(); `monitor`: exception bitmap, CR0 mask and shadow,
         *          extra processor-based controls; two I/O bitmaps, all zero.
         * Do:      the UART's eight ports make exits (bitmap A has ports 0 to 0x7FFF, a bit
         *          each). Processor-based: the I/O bitmaps in use, and the extra ones.
         *          Exit: the host is 64-bit. Entry: the guest is not. Then the fields:
         *          four classes, both bitmaps, exception bitmap, CR0 mask and shadow,
         *          CR4's, which hide VMXE; page-fault mask and match, CR3-target
         *          count, three MSR counts, interruption information, all zero.
         * Use:     CPU_USE_IO_BITMAPS, EXIT_HOST_ADDRESS_SPACE_SIZE, UART_DATA.
         * Read:    README, "Mask and shadow"; SDM Vol. 3C, "VM-Execution Control Fields".
         * Seen:    TODO(04-4), and in `make grade`. */
        lab_todo("04-3");
#endif
}

const struct parameter machine_controls[] = {
        { VMCS_PIN_BASED_CONTROLS, &control.pin },
#if SOLVED >= 3
        { VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS, &control.cpu },
        { VMCS_PRIMARY_VM_EXIT_CONTROLS, &control.exit },
        { VMCS_VM_ENTRY_CONTROLS, &control.entry },
        { VMCS_ADDRESS_OF_IO_BITMAP_A, &control.io_bitmap_a },
        { VMCS_ADDRESS_OF_IO_BITMAP_B, &control.io_bitmap_b },
        { VMCS_EXCEPTION_BITMAP, &monitor.exception_bitmap },
        { VMCS_CR0_GUEST_HOST_MASK, &monitor.cr0_mask },
        { VMCS_CR0_READ_SHADOW, &monitor.cr0_shadow },
        { VMCS_CR4_GUEST_HOST_MASK, &control.cr4_mask },
        { VMCS_CR4_READ_SHADOW, &always.zero },
        { VMCS_PAGE_FAULT_ERROR_CODE_MASK, &always.zero },
        { VMCS_PAGE_FAULT_ERROR_CODE_MATCH, &always.zero },
        { VMCS_CR3_TARGET_COUNT, &always.zero },
        { VMCS_VM_EXIT_MSR_STORE_COUNT, &always.zero },
        { VMCS_VM_EXIT_MSR_LOAD_COUNT, &always.zero },
        { VMCS_VM_ENTRY_MSR_LOAD_COUNT, &always.zero },
        { VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, &always.zero },
#endif
        { 0, 0 }
};
