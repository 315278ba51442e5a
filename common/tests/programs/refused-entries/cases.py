"""One thing wrong with a good VMCS, a line each, in the manual's sections.

`given` is what comes first, and leaves the VMCS good; `wrong` is the corruption. The
explanation has to name its field, or, where the manual's rule is about two fields, the
other one: `also`.
"""

from dataclasses import dataclass
from importlib import import_module

changes = import_module("common.tests.programs.refused-entries.changes")
V86, PROTECTED, SIX = changes.V86, changes.PROTECTED, changes.SIX
Change, CLASSES, CONTROLS = changes.Change, changes.CLASSES, changes.CONTROLS
to, on, off, flip = changes.to, changes.on, changes.off, changes.flip
control, secondary, has = changes.control, changes.secondary, changes.has


@dataclass(frozen=True)
class Case:
    """One entry to try."""

    guest: str
    wrong: Change
    given: tuple = ()
    also: tuple = ()
    needs: tuple = ()  # controls that the CPU must have
    lacks: tuple = ()  # or must not have: the rule is about CPUs without them
    where: object = None  # what else must hold for a CPU: a function of its MSRs

    def exists(self, msrs):
        """Does a CPU with those MSRs have what the case is about?"""
        return all(has(msrs, name) for name in self.needs) \
            and not any(has(msrs, name) for name in self.lacks) \
            and (self.where is None or self.where(msrs))

    def __str__(self):
        value = self.wrong.flip
        value = value if isinstance(value, str) else f"{value:#x}"
        return f"{self.guest} {self.wrong.field} & {self.wrong.keep:#x} ^ {value}"


BEYOND = 1 << 52  # an address that no CPU has
NOT_CANONICAL = 1 << 63
RIGHTS = "GUEST_{}_ACCESS_RIGHTS"
EVENT = "VM_ENTRY_INTERRUPTION_INFORMATION"
PENDING = "GUEST_PENDING_DEBUG_EXCEPTIONS"
BLOCKED, ACTIVITY = "GUEST_INTERRUPTIBILITY_STATE", "GUEST_ACTIVITY_STATE"
FLAGS, LINK = "GUEST_RFLAGS", "LINK_POINTER"
IF, TF = 0x200, 0x100
TPR_SHADOW = (control("CPU_USE_TPR_SHADOW"), to("VIRTUAL_APIC_ADDRESS", "page"))
EPT = (*secondary("CPU2_ENABLE_EPT"), to("EPT_POINTER", 0x1E))
EXTERNAL = (on(FLAGS, IF), to(EVENT, 0x80000020))
NMI = (to(EVENT, 0x80000202),)
LDT = (to(RIGHTS.format("LDTR"), 0x82),)
# Out of the guest in protected mode: one in 64-bit mode, and one in real mode.
LONG = (control("ENTRY_IA32E_MODE_GUEST"), on("GUEST_CR4", 0x20),
        to("GUEST_CR3", "host_tables"), to(RIGHTS.format("CS"), 0xA09B))
REAL = (*EPT, control("CPU2_UNRESTRICTED_GUEST"), off("GUEST_CR0", 0x80000001))
UNRESTRICTED = ("CPU2_UNRESTRICTED_GUEST",)


def ring(number):
    """In that ring, instead of ring 0."""
    return (on("GUEST_CS_SELECTOR", number), on(RIGHTS.format("CS"), number << 5),
            on("GUEST_SS_SELECTOR", number), on(RIGHTS.format("SS"), number << 5))


EXECUTION = [
    Case(V86, off("PIN_BASED_CONTROLS", 0x2)),
    Case(PROTECTED, on("PIN_BASED_CONTROLS", 1 << 30)),
    Case(V86, off("PRIMARY_PROCESSOR_BASED_CONTROLS", 0x2)),
    Case(PROTECTED, on("PRIMARY_PROCESSOR_BASED_CONTROLS", 0x1)),
    Case(V86, on("SECONDARY_PROCESSOR_BASED_CONTROLS", 1 << 29),
         (control("CPU_ACTIVATE_SECONDARY_CONTROLS"),)),
    Case(V86, to("CR3_TARGET_COUNT", 5)),
    Case(PROTECTED, to("CR3_TARGET_COUNT", 0x80000000)),
    *(Case(V86, on(f"ADDRESS_OF_IO_BITMAP_{which}", bits),
           (control("CPU_USE_IO_BITMAPS"), to("ADDRESS_OF_IO_BITMAP_A", "page"),
            to("ADDRESS_OF_IO_BITMAP_B", "page")))
      for which in "AB" for bits in (0x800, BEYOND)),
    *(Case(PROTECTED, on("ADDRESS_OF_MSR_BITMAPS", bits),
           (control("CPU_USE_MSR_BITMAPS"), to("ADDRESS_OF_MSR_BITMAPS", "page")))
      for bits in (0x10, BEYOND)),
    Case(V86, on("VIRTUAL_APIC_ADDRESS", 0x80), TPR_SHADOW),
    Case(PROTECTED, on("VIRTUAL_APIC_ADDRESS", BEYOND), TPR_SHADOW),
    Case(V86, to("TPR_THRESHOLD", 0x10), TPR_SHADOW),
    Case(V86, to("TPR_THRESHOLD", 0x10),
         (*TPR_SHADOW, *secondary("CPU2_VIRTUALIZE_APIC_ACCESSES"),
          to("APIC_ACCESS_ADDRESS", "page"), to("TPR_THRESHOLD", 0xF)),
         needs=("CPU2_VIRTUALIZE_APIC_ACCESSES",)),
    Case(PROTECTED, to("TPR_THRESHOLD", 1), TPR_SHADOW),  # the page says 0
    Case(PROTECTED, to("TPR_THRESHOLD", 6), (*TPR_SHADOW, to("VIRTUAL_APIC_ADDRESS", "tpr_5"),
                                             to("TPR_THRESHOLD", 5))),
    Case(V86, control("PIN_VIRTUAL_NMIS")),
    Case(PROTECTED, control("CPU_NMI_WINDOW_EXITING")),
    Case(PROTECTED, control("CPU_NMI_WINDOW_EXITING"), (control("PIN_NMI_EXITING"),)),
    *(Case(V86, on("APIC_ACCESS_ADDRESS", bits),
           (*secondary("CPU2_VIRTUALIZE_APIC_ACCESSES"), to("APIC_ACCESS_ADDRESS", "page")),
           needs=("CPU2_VIRTUALIZE_APIC_ACCESSES",)) for bits in (0x1, BEYOND)),
    *(Case(PROTECTED, control(name), (control("CPU_ACTIVATE_SECONDARY_CONTROLS"),
                                      control("PIN_EXTERNAL_INTERRUPT_EXITING")), needs=(name,))
      for name in ("CPU2_VIRTUALIZE_X2APIC_MODE", "CPU2_APIC_REGISTER_VIRTUALIZATION",
                   "CPU2_VIRTUAL_INTERRUPT_DELIVERY")),
    Case(V86, control("CPU2_VIRTUALIZE_X2APIC_MODE"),
         (*TPR_SHADOW, *secondary("CPU2_VIRTUALIZE_APIC_ACCESSES"),
          to("APIC_ACCESS_ADDRESS", "page")), needs=("CPU2_VIRTUALIZE_X2APIC_MODE",)),
    Case(V86, off("PIN_BASED_CONTROLS", 0x1),
         (*TPR_SHADOW, control("PIN_EXTERNAL_INTERRUPT_EXITING"),
          *secondary("CPU2_VIRTUAL_INTERRUPT_DELIVERY")),
         needs=("CPU2_VIRTUAL_INTERRUPT_DELIVERY",)),
    Case(V86, to("VPID", 0), (*secondary("CPU2_ENABLE_VPID"), to("VPID", 1)),
         needs=("CPU2_ENABLE_VPID",)),
    *(Case(PROTECTED, to("EPT_POINTER", value), EPT, needs=("CPU2_ENABLE_EPT",))
      for value in (0x1B, 0x19, 0x16, 0x26, 0x3E, 0x9E, 0x11E, 0x81E, BEYOND | 0x1E)),
    Case(PROTECTED, off(CLASSES["CPU2"], CONTROLS["CPU2_ENABLE_EPT"]),
         (*EPT, control("CPU2_UNRESTRICTED_GUEST")), needs=("CPU2_UNRESTRICTED_GUEST",)),
    Case(V86, control("CPU2_ENABLE_PML"), (control("CPU_ACTIVATE_SECONDARY_CONTROLS"),),
         needs=("CPU2_ENABLE_PML",)),
    *(Case(V86, on("PML_ADDRESS", bits), (*EPT, control("CPU2_ENABLE_PML"),
                                          to("PML_ADDRESS", "page")),
           needs=("CPU2_ENABLE_PML",)) for bits in (0x1, BEYOND)),
    Case(PROTECTED, control("CPU2_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT"),
         (control("CPU_ACTIVATE_SECONDARY_CONTROLS"),),
         needs=("CPU2_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT",)),
    Case(PROTECTED, control("CPU2_MODE_BASED_EXECUTE_CONTROL_FOR_EPT"),
         (control("CPU_ACTIVATE_SECONDARY_CONTROLS"),),
         needs=("CPU2_MODE_BASED_EXECUTE_CONTROL_FOR_EPT",)),
    Case(PROTECTED, to("VM_FUNCTION_CONTROLS", 1 << 63),
         (*secondary("CPU2_ENABLE_VM_FUNCTIONS"), to("VM_FUNCTION_CONTROLS", 0)),
         needs=("CPU2_ENABLE_VM_FUNCTIONS",)),
    *(Case(PROTECTED, on("EPTP_LIST_ADDRESS", bits),
           (*EPT, control("CPU2_ENABLE_VM_FUNCTIONS"), to("VM_FUNCTION_CONTROLS", 1),
            to("EPTP_LIST_ADDRESS", "page")), needs=("CPU2_ENABLE_VM_FUNCTIONS",))
      for bits in (0x8, BEYOND)),
    Case(PROTECTED, off(CLASSES["CPU2"], CONTROLS["CPU2_ENABLE_EPT"]),
         (*EPT, control("CPU2_ENABLE_VM_FUNCTIONS"), to("VM_FUNCTION_CONTROLS", 1),
          to("EPTP_LIST_ADDRESS", "page")), needs=("CPU2_ENABLE_VM_FUNCTIONS",)),
    *(Case(V86, on(f"{which}_BITMAP_ADDRESS", bits),
           (*secondary("CPU2_VMCS_SHADOWING"), to("VMREAD_BITMAP_ADDRESS", "page"),
            to("VMWRITE_BITMAP_ADDRESS", "page")), needs=("CPU2_VMCS_SHADOWING",))
      for which in ("VMREAD", "VMWRITE") for bits in (0x10, BEYOND)),
    Case(V86, on("VE_INFORMATION_ADDRESS", 0x10),
         (*EPT, control("CPU2_EPT_VIOLATION_VE"), to("VE_INFORMATION_ADDRESS", "page")),
         needs=("CPU2_EPT_VIOLATION_VE",)),
    Case(PROTECTED, to("TSC_MULTIPLIER", 0),
         (*secondary("CPU2_USE_TSC_SCALING"), to("TSC_MULTIPLIER", 1)),
         needs=("CPU2_USE_TSC_SCALING",)),
]

EXIT_AND_ENTRY = [
    Case(V86, off("PRIMARY_VM_EXIT_CONTROLS", 0x1)),
    Case(PROTECTED, on("PRIMARY_VM_EXIT_CONTROLS", 1 << 27)),
    Case(V86, control("EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE"),
         needs=("EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE",)),
    *(Case(PROTECTED, on(f"{area}_ADDRESS", bits),
           (to(f"{area}_ADDRESS", "msr_good"), to(f"{area}_COUNT", 1)))
      for area in ("VM_EXIT_MSR_STORE", "VM_EXIT_MSR_LOAD", "VM_ENTRY_MSR_LOAD")
      for bits in (0x8, BEYOND)),
    *(Case(V86, to(f"{area}_COUNT", 2), (to(f"{area}_ADDRESS", (1 << 40) - 16),),
           also=(f"{area}_ADDRESS",), where=lambda msrs: msrs["width"] == 40)
      for area in ("VM_EXIT_MSR_STORE", "VM_EXIT_MSR_LOAD", "VM_ENTRY_MSR_LOAD")),
    Case(V86, off("VM_ENTRY_CONTROLS", 0x1)),
    Case(PROTECTED, on("VM_ENTRY_CONTROLS", 1 << 30)),
    Case(V86, control("ENTRY_ENTRY_TO_SMM"), needs=("ENTRY_ENTRY_TO_SMM",)),
    Case(PROTECTED, control("ENTRY_DEACTIVATE_DUAL_MONITOR_TREATMENT"),
         needs=("ENTRY_DEACTIVATE_DUAL_MONITOR_TREATMENT",)),
    Case(V86, to(EVENT, 0x80000100)),
    Case(PROTECTED, to(EVENT, 0x80000701), needs=("CPU_MONITOR_TRAP_FLAG",)),
    Case(V86, to(EVENT, 0x80000203)),
    Case(PROTECTED, to(EVENT, 0x80000320)),
    Case(PROTECTED, to(EVENT, 0x8000030D)),
    Case(V86, to(EVENT, 0x80000B06)),
    Case(V86, on(EVENT, 0x800), EXTERNAL),
    Case(PROTECTED, to(EVENT, 0x80001306)),
    *(Case(V86, to("VM_ENTRY_EXCEPTION_ERROR_CODE", code), (to(EVENT, 0x80000B0D),))
      for code in (0x10000, 1 << 31)),
    Case(PROTECTED, to("VM_ENTRY_INSTRUCTION_LENGTH", 16),
         (to("VM_ENTRY_INSTRUCTION_LENGTH", 2), to(EVENT, 0x80000430))),
    Case(PROTECTED, to("VM_ENTRY_INSTRUCTION_LENGTH", 0),
         (to("VM_ENTRY_INSTRUCTION_LENGTH", 1), to(EVENT, 0x80000603)),
         where=lambda msrs: not msrs[0x485] & 1 << 30),
]

HOST_REGISTERS = [
    *(Case(V86, off("HOST_CR0", bits)) for bits in (0x1, 0x20, 1 << 31)),
    Case(PROTECTED, on("HOST_CR0", 1 << 32)),
    Case(V86, off("HOST_CR4", 1 << 13)),
    Case(PROTECTED, on("HOST_CR4", 1 << 31)),
    Case(V86, on("HOST_CR3", BEYOND)),
    Case(V86, to("HOST_IA32_SYSENTER_ESP", NOT_CANONICAL)),
    Case(PROTECTED, to("HOST_IA32_SYSENTER_EIP", 1 << 47)),
    Case(V86, to("HOST_IA32_PAT", 0x0007040600070402),
         (control("EXIT_LOAD_IA32_PAT"), to("HOST_IA32_PAT", 0x0007040600070406)),
         needs=("EXIT_LOAD_IA32_PAT",)),
    *(Case(PROTECTED, to("HOST_IA32_EFER", value),
           (control("EXIT_LOAD_IA32_EFER"), to("HOST_IA32_EFER", 0x500)),
           needs=("EXIT_LOAD_IA32_EFER",)) for value in (0x502, 0x400, 0x100, 0x0)),
]

HOST_SEGMENTS = [
    *(Case(V86, on(f"HOST_{name}_SELECTOR", bits))
      for name, bits in zip((*SIX, "TR"), (1, 2, 4, 3, 7, 1, 4))),
    *(Case(PROTECTED, to(f"HOST_{name}_SELECTOR", 0)) for name in ("CS", "TR")),
    Case(V86, off("PRIMARY_VM_EXIT_CONTROLS", CONTROLS["EXIT_HOST_ADDRESS_SPACE_SIZE"]),
         (to("HOST_SS_SELECTOR", 0),), also=("HOST_SS_SELECTOR",)),
    *(Case(PROTECTED, to(f"HOST_{name}_BASE", NOT_CANONICAL))
      for name in ("FS", "GS", "GDTR", "IDTR", "TR")),
]

ADDRESS_SPACE = [
    Case(V86, off("PRIMARY_VM_EXIT_CONTROLS", CONTROLS["EXIT_HOST_ADDRESS_SPACE_SIZE"])),
    Case(V86, off("HOST_CR4", 1 << 5)),
    Case(V86, to("HOST_RIP", NOT_CANONICAL)),
    Case(PROTECTED, to("HOST_RIP", 1 << 47)),
]

REGISTERS = [
    *(Case(V86, off("GUEST_CR0", bits)) for bits in (0x1, 0x20, 1 << 31)),
    Case(PROTECTED, on("GUEST_CR0", 1 << 32)),
    Case(PROTECTED, off("GUEST_CR0", 1), (*EPT, control("CPU2_UNRESTRICTED_GUEST")),
         needs=("CPU2_UNRESTRICTED_GUEST",)),
    Case(V86, off("GUEST_CR4", 1 << 13)),
    Case(PROTECTED, on("GUEST_CR4", 1 << 31)),
    Case(PROTECTED, on("GUEST_CR4", 1 << 17), where=lambda msrs: msrs[0x489] >> 17 & 1),
    Case(V86, on("GUEST_CR3", BEYOND)),
    Case(V86, on("GUEST_DR7", 1 << 32)),
    Case(V86, to("GUEST_IA32_SYSENTER_ESP", 1 << 47)),
    Case(PROTECTED, to("GUEST_IA32_SYSENTER_EIP", NOT_CANONICAL)),
    Case(V86, to("GUEST_IA32_PAT", 0x0307040600070406),
         (control("ENTRY_LOAD_IA32_PAT"), to("GUEST_IA32_PAT", 0x0007040600070406)),
         needs=("ENTRY_LOAD_IA32_PAT",)),
    *(Case(PROTECTED, to("GUEST_IA32_EFER", value),
           (control("ENTRY_LOAD_IA32_EFER"), to("GUEST_IA32_EFER", 0)),
           needs=("ENTRY_LOAD_IA32_EFER",)) for value in (0x2, 0x500, 0x400, 0x100)),
    Case(PROTECTED, control("ENTRY_IA32E_MODE_GUEST"), also=("GUEST_CR4",)),
    Case(PROTECTED, off("GUEST_CR4", 0x20), LONG),
    Case(PROTECTED, off("GUEST_IA32_EFER", 0x400),
         (*LONG, control("ENTRY_LOAD_IA32_EFER"), to("GUEST_IA32_EFER", 0x500)),
         needs=("ENTRY_LOAD_IA32_EFER",)),
]

SEGMENTS = [
    *(Case(V86, flip(f"GUEST_{name}_BASE", bits))
      for name, bits in zip(SIX, (1, 0x10, 0x100000, 1 << 31, 1 << 32, NOT_CANONICAL))),
    *(Case(V86, to(f"GUEST_{name}_LIMIT", limit))
      for name, limit in zip(SIX, (0, 0xFFFFFFFF, 0xFFFFF, 0xFFFE, 0x10000, 0xFFF))),
    *(Case(V86, to(RIGHTS.format(name), rights))
      for name, rights in zip(SIX, (0x93, 0xFB, 0x93, 0xF2, 0x100F3, 0x10000))),
    Case(V86, on("GUEST_TR_SELECTOR", 4)),
    Case(V86, on("GUEST_LDTR_SELECTOR", 4), LDT),
    Case(PROTECTED, on("GUEST_SS_SELECTOR", 3)),
    Case(PROTECTED, on("GUEST_CS_SELECTOR", 3), also=("GUEST_SS_SELECTOR",)),
    *(Case(PROTECTED, to(f"GUEST_{name}_BASE", NOT_CANONICAL)) for name in ("TR", "FS", "GS")),
    Case(PROTECTED, to("GUEST_LDTR_BASE", 1 << 47), LDT),
    *(Case(PROTECTED, to(f"GUEST_{name}_BASE", 1 << 32)) for name in ("CS", "SS", "DS", "ES")),
    *(Case(PROTECTED, to(RIGHTS.format("CS"), rights))
      for rights in (0xC09A, 0xC093, 0xC08B, 0xC0FB, 0xC01B, 0xC19B, 0x2C09B, 0x8000C09B,
                     0x409B)),
    *(Case(PROTECTED, to(RIGHTS.format("SS"), rights))
      for rights in (0xC092, 0xC091, 0xC09B, 0xC083, 0xC013, 0xC893, 0x8C093, 0x4093)),
    Case(PROTECTED, to(RIGHTS.format("SS"), 0xC0F3), also=(RIGHTS.format("CS"),)),
    *(Case(PROTECTED, to(RIGHTS.format(name), rights))
      for name, rights in (("DS", 0xC092), ("ES", 0xC099), ("FS", 0xC083), ("GS", 0xC013),
                           ("DS", 0xC493), ("ES", 0x4C093), ("FS", 0x4093))),
    *(Case(PROTECTED, on(f"GUEST_{name}_SELECTOR", 1), also=(RIGHTS.format(name),))
      for name in ("DS", "ES", "FS", "GS")),
    Case(PROTECTED, to("GUEST_DS_LIMIT", 0xFFFFF000), also=(RIGHTS.format("DS"),)),
    Case(PROTECTED, on(RIGHTS.format("SS"), 0x20), (to(RIGHTS.format("CS"), 0xC09F),)),
    Case(PROTECTED, on(RIGHTS.format("CS"), 0x20), (to(RIGHTS.format("CS"), 0xC09F),)),
    *(Case(V86, to(RIGHTS.format("TR"), rights))
      for rights in (0x89, 0x82, 0x9B, 0x0B, 0x18B, 0x808B, 0x1008B, 0x8008B)),
    Case(PROTECTED, to("GUEST_TR_LIMIT", 0x100000), also=(RIGHTS.format("TR"),)),
    *(Case(V86, to(RIGHTS.format("LDTR"), rights), LDT)
      for rights in (0x83, 0x92, 0x02, 0x282, 0x8082, 0x20082)),
    Case(PROTECTED, on(RIGHTS.format("CS"), 0x4000), LONG),
    Case(PROTECTED, to(RIGHTS.format("TR"), 0x83), LONG),
    Case(PROTECTED, on(RIGHTS.format("SS"), 0x60), (*REAL, to(RIGHTS.format("CS"), 0xC093)),
         needs=UNRESTRICTED),
    Case(PROTECTED, on(RIGHTS.format("SS"), 0x60), (*REAL, to(RIGHTS.format("CS"), 0xC09F)),
         needs=UNRESTRICTED),
    Case(PROTECTED, on(RIGHTS.format("SS"), 0x60),
         (*EPT, control(*UNRESTRICTED), to(RIGHTS.format("CS"), 0xC093)), needs=UNRESTRICTED),
    Case(PROTECTED, to(RIGHTS.format("CS"), 0xC0B3), REAL, needs=UNRESTRICTED),
    Case(PROTECTED, to(RIGHTS.format("CS"), 0xC091), REAL, needs=UNRESTRICTED),
]

TABLES = [
    *(Case(V86, to(f"GUEST_{name}_BASE", NOT_CANONICAL)) for name in ("GDTR", "IDTR")),
    *(Case(PROTECTED, to(f"GUEST_{name}_LIMIT", 0x10000)) for name in ("GDTR", "IDTR")),
]

RIP_AND_FLAGS = [
    Case(V86, on("GUEST_RIP", 1 << 32)),
    Case(PROTECTED, on("GUEST_RIP", NOT_CANONICAL)),
    Case(PROTECTED, on("GUEST_RIP", 1 << 32), (*LONG, to(RIGHTS.format("CS"), 0xC09B))),
    *(Case(V86, on(FLAGS, bits)) for bits in (1 << 63, 1 << 22, 0x8000)),
    *(Case(PROTECTED, on(FLAGS, bits)) for bits in (0x20, 0x8)),
    Case(PROTECTED, off(FLAGS, 0x2)),
    Case(V86, off(FLAGS, IF), EXTERNAL),
    Case(V86, control("ENTRY_IA32E_MODE_GUEST"),
         (to("GUEST_CR3", "page"), on("GUEST_CR4", 0x20)), also=(FLAGS,)),
]

STATE = [
    *(Case(PROTECTED, to(ACTIVITY, state)) for state in (4, 13, 1 << 31)),
    Case(V86, to(ACTIVITY, 1)),
    *(Case(PROTECTED, to(ACTIVITY, 1), ring(n)) for n in (1, 2, 3)),
    Case(V86, to(ACTIVITY, 2), (on(FLAGS, IF), to(BLOCKED, 1))),
    Case(PROTECTED, to(ACTIVITY, 1), (to(BLOCKED, 2),)),
    Case(PROTECTED, to(EVENT, 0x80000306), (to(ACTIVITY, 2), *NMI), also=(ACTIVITY,)),
    Case(PROTECTED, to(ACTIVITY, 2), EXTERNAL),
    Case(PROTECTED, to(ACTIVITY, 3), NMI),
    *(Case(V86, to(BLOCKED, bits)) for bits in (0x20, 1 << 31)),
    Case(PROTECTED, to(BLOCKED, 3), (on(FLAGS, IF),)),
    Case(V86, to(BLOCKED, 1)),
    *(Case(V86, to(BLOCKED, bits), EXTERNAL) for bits in (1, 2)),
    Case(PROTECTED, to(BLOCKED, 2), NMI),
    Case(V86, to(BLOCKED, 4)),
    Case(PROTECTED, to(BLOCKED, 0x12)),
    *(Case(V86, to(PENDING, 1 << bit)) for bit in (4, 11, 13, 15, 17)),
    *(Case(V86, to(PENDING, value)) for value in (0x10000, 0x11000)),  # RTM
    Case(V86, to(LINK, 0x10)),
    Case(PROTECTED, to(LINK, BEYOND)),
    Case(V86, to(LINK, "page")),
    Case(PROTECTED, to(LINK, "vmcs")),
]

PDPTES = [
    # With PAE the first page directory entry is a PDPTE, and its flags are reserved.
    Case(PROTECTED, on("GUEST_CR4", 0x20), also=("GUEST_CR3",)),
    Case(V86, to("GUEST_CR3", "directory"), (to("GUEST_CR3", "page"), on("GUEST_CR4", 0x20))),
    *(Case(PROTECTED, to(f"GUEST_PDPTE{n}", bits | 1),
           (*EPT, on("GUEST_CR4", 0x20), *(to(f"GUEST_PDPTE{n}", 0) for n in range(4))),
           needs=("CPU2_ENABLE_EPT",)) for n, bits in enumerate((0x2, 0x100, 0x20, BEYOND))),
]

MSR_LOADING = [
    Case(PROTECTED, to("VM_ENTRY_MSR_LOAD_ADDRESS", label),
         (to("VM_ENTRY_MSR_LOAD_ADDRESS", "msr_good"), to("VM_ENTRY_MSR_LOAD_COUNT", 1)))
    for label in ("msr_fs_base", "msr_gs_base", "msr_reserved")
]

# By the title of the section that has the rule.
CASES = {
    "Checks on VMX Controls": EXECUTION + EXIT_AND_ENTRY,
    "Checks on Host Control Registers, MSRs, and SSP": HOST_REGISTERS,
    "Checks on Host Segment and Descriptor-Table Registers": HOST_SEGMENTS,
    "Checks Related to Address-Space Size": ADDRESS_SPACE,
    "Checks on Guest Control Registers, Debug Registers, and MSRs": REGISTERS,
    "Checks on Guest Segment Registers": SEGMENTS,
    "Checks on Guest Descriptor-Table Registers": TABLES,
    "Checks on Guest RIP, RFLAGS, and SSP": RIP_AND_FLAGS,
    "Checks on Guest Non-Register State": STATE,
    "Checks on Guest Page-Directory-Pointer-Table Entries": PDPTES,
    "Loading MSRs": MSR_LOADING,
}

# Just inside the rules: nothing is wrong with these.
BORDER = [
    (V86, [to("CR3_TARGET_COUNT", 4)]),
    (PROTECTED, [to("VM_EXIT_MSR_STORE_ADDRESS", 0x8)]),  # the count is 0
    (PROTECTED, [*TPR_SHADOW, to("TPR_THRESHOLD", 0)]),
    (V86, [to(EVENT, 0x80000B0D), to("VM_ENTRY_EXCEPTION_ERROR_CODE", 0xFFFF)]),
    (PROTECTED, [to(EVENT, 0x8000031F)]),
    (PROTECTED, [to(EVENT, 0x80000430), to("VM_ENTRY_INSTRUCTION_LENGTH", 15)]),
    (PROTECTED, [to("HOST_SS_SELECTOR", 0), to("HOST_DS_SELECTOR", 0)]),
    (V86, [on("GUEST_CR0", 1 << 29)]),  # NW without CD
    (PROTECTED, [to("GUEST_DS_LIMIT", 0xFFFFF), to(RIGHTS.format("DS"), 0x93)]),
    (PROTECTED, [to("GUEST_DS_LIMIT", 0xFFF), to(RIGHTS.format("DS"), 0x8093)]),
    (PROTECTED, [to(RIGHTS.format("SS"), 0x10000)]),
    (PROTECTED, [on("GUEST_ES_SELECTOR", 3), to(RIGHTS.format("ES"), 0xC09F)]),
    (PROTECTED, [on("GUEST_ES_SELECTOR", 3), to(RIGHTS.format("ES"), 0x10093)]),
    (PROTECTED, [to(RIGHTS.format("TR"), 0x83)]),
    (V86, [to("GUEST_GDTR_LIMIT", 0xFFFF), to("GUEST_IDTR_LIMIT", 0xFFFF)]),
    (PROTECTED, [*LONG, to("GUEST_RIP", 1 << 47)]),
    (PROTECTED, [*LONG, to(RIGHTS.format("DS"), 0xE093)]),
    (PROTECTED, [*NMI, to(BLOCKED, 8)]),
    (PROTECTED, [*NMI, to(ACTIVITY, 2)]),
    (PROTECTED, [to(ACTIVITY, 1), to(EVENT, 0x80000301)]),
    (PROTECTED, [to(ACTIVITY, 2), to(EVENT, 0x80000312)]),
    (V86, [to(PENDING, 0x500F)]),
    (PROTECTED, [on(FLAGS, TF), to(BLOCKED, 2), to(PENDING, 0x4000)]),
    (PROTECTED, [on(FLAGS, TF), to("GUEST_IA32_DEBUGCTL", 2), to(BLOCKED, 2)]),
    (PROTECTED, [to("GUEST_CR3", "page"), on("GUEST_CR4", 0x20)]),
]

# Bochs 2.7 enters all the same, though the manual says that a CPU does not; with the
# first it then gives up. Those are explained, but not tried.
MANUAL_ONLY = {
    "Checks on VMX Controls": [
        Case(PROTECTED, to(EVENT, 0x80000700), lacks=("CPU_MONITOR_TRAP_FLAG",)),
    ],
    "Checks on Host Control Registers, MSRs, and SSP": [
        Case(PROTECTED, on("HOST_IA32_PERF_GLOBAL_CTRL", 1 << 63),
             (control("EXIT_LOAD_IA32_PERF_GLOBAL_CTRL"), to("HOST_IA32_PERF_GLOBAL_CTRL", 0)),
             needs=("EXIT_LOAD_IA32_PERF_GLOBAL_CTRL",)),
    ],
    "Checks on Guest Control Registers, Debug Registers, and MSRs": [
        *(Case(PROTECTED, on("GUEST_IA32_DEBUGCTL", 1 << bit)) for bit in (3, 20, 63)),
        Case(PROTECTED, off("GUEST_CR0", 1 << 31), (*LONG, *EPT, control(*UNRESTRICTED)),
             needs=UNRESTRICTED),
        Case(PROTECTED, on("GUEST_IA32_PERF_GLOBAL_CTRL", 1 << 63),
             (control("ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL"), to("GUEST_IA32_PERF_GLOBAL_CTRL", 0)),
             needs=("ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL",)),
    ],
    "Checks on Guest Segment Registers": [
        *(Case(PROTECTED, on(f"GUEST_{name}_SELECTOR", 1), (to(RIGHTS.format(name), 0xC09B),),
               also=(RIGHTS.format(name),)) for name in ("DS", "ES", "FS", "GS")),
        Case(PROTECTED, on(RIGHTS.format("SS"), 0x20), (*EPT, control(*UNRESTRICTED)),
             also=(RIGHTS.format("CS"),), needs=UNRESTRICTED),
    ],
    "Checks on Guest RIP, RFLAGS, and SSP": [
        *(Case(PROTECTED, on("GUEST_RIP", 1 << bit), LONG) for bit in (48, 63)),
        Case(V86, off("GUEST_CR0", 0x80000001), (*EPT, control(*UNRESTRICTED)), also=(FLAGS,),
             needs=UNRESTRICTED),
    ],
    "Checks on Guest Non-Register State": [
        *(Case(PROTECTED, to(ACTIVITY, 1), (to(EVENT, event),))
          for event in (0x80000300, 0x80000306)),
        Case(PROTECTED, to(BLOCKED, 8), (*NMI, control("PIN_NMI_EXITING", "PIN_VIRTUAL_NMIS"))),
        Case(V86, to(PENDING, 1 << 63)),
        Case(PROTECTED, to(PENDING, 0x4000), (on(FLAGS, IF), to(BLOCKED, 1))),
        Case(PROTECTED, to(PENDING, 0), (on(FLAGS, TF), to(PENDING, 0x4000), to(BLOCKED, 2))),
        Case(PROTECTED, to(PENDING, 0x4000), (to(EVENT, 0x80000202), to(ACTIVITY, 1))),
    ],
    "Loading MSRs": [
        Case(PROTECTED, to("VM_ENTRY_MSR_LOAD_ADDRESS", label),
             (to("VM_ENTRY_MSR_LOAD_ADDRESS", "msr_good"), to("VM_ENTRY_MSR_LOAD_COUNT", 1)))
        for label in ("msr_update", "msr_signature", "msr_smm")
    ],
}
