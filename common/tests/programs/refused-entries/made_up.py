"""Rules about what no CPU of Bochs 2.7 has: cases for a CPU that is made up of tables
(fake_cpu.c), on which explain.c runs in the test itself.

It has nearly everything, but no shutdown state, and no accessed and dirty flags in its
EPT. Memory that it would read is out of its reach (FAR).
"""

from importlib import import_module

cases = import_module("common.tests.programs.refused-entries.cases")
changes, Case, PROTECTED = cases.changes, cases.Case, cases.PROTECTED
CLASSES, CONTROLS = changes.CLASSES, changes.CONTROLS
to, on, off = changes.to, changes.on, changes.off
control, secondary = changes.control, changes.secondary
BEYOND, NOT_CANONICAL, RIGHTS, EPT = cases.BEYOND, cases.NOT_CANONICAL, cases.RIGHTS, cases.EPT
EVENT, PENDING, BLOCKED = cases.EVENT, cases.PENDING, cases.BLOCKED
ACTIVITY, LINK = cases.ACTIVITY, cases.LINK

FREE = changes.ALL << 32 & changes.ALL  # capabilities: every control may be 0, or 1
MSRS = {
    0x480: 1 << 55, **{msr: FREE for msr in (*range(0x481, 0x485), 0x48B, *range(0x48D, 0x491))},
    0x485: 4 << 16 | 0x140, 0x486: 0x80000021, 0x487: 0xFFFFFFFF, 0x488: 0x2000,
    0x489: 0xFFFFFFFF, 0x48C: 0x8040C0, 0x491: 1, 0x492: 0xFF, 0x493: 0xFF,
}
LEAVES = {  # of CPUID
    0x0: (0x1F,), 0x7: (0, 0x804, 1 << 24), 0xA: (4 << 8, 0, 0, 3),
    0x80000001: (0, 0, 0, 0x20100800),
    0x80000008: (0x3028,),
}
VMCS = (
    control("EXIT_HOST_ADDRESS_SPACE_SIZE"), to("HOST_CR0", 0x80000021),
    to("HOST_CR4", 0x2020), to("HOST_CS_SELECTOR", 0x8), to("HOST_TR_SELECTOR", 0x18),
    to("GUEST_CR0", 0x80000021), to("GUEST_CR4", 0x2000), to("GUEST_RFLAGS", 0x2),
    to("GUEST_CS_LIMIT", 0xFFFFFFFF), to(RIGHTS.format("CS"), 0xC09B),
    *(to(RIGHTS.format(name), 0x10000) for name in ("ES", "SS", "DS", "FS", "GS", "LDTR")),
    to("GUEST_TR_LIMIT", 0x67), to(RIGHTS.format("TR"), 0x8B), to(LINK, changes.ALL),
)
FAR = 1 << 39
POSTED = (control("PIN_EXTERNAL_INTERRUPT_EXITING", "PIN_PROCESS_POSTED_INTERRUPTS"),
          control("CPU_USE_TPR_SHADOW"), to("VIRTUAL_APIC_ADDRESS", FAR),
          *secondary("CPU2_VIRTUAL_INTERRUPT_DELIVERY"),
          control("EXIT_ACKNOWLEDGE_INTERRUPT_ON_EXIT"),
          to("POSTED_INTERRUPT_NOTIFICATION_VECTOR", 255),
          to("POSTED_INTERRUPT_DESCRIPTOR_ADDRESS", FAR | 0x40))
SPP = (*EPT, control("CPU2_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT"))
PT = (*EPT, control("CPU2_INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES"),
      control("ENTRY_LOAD_IA32_RTIT_CTL"), control("EXIT_CLEAR_IA32_RTIT_CTL"))
CPU3 = "TERTIARY_PROCESSOR_BASED_CONTROLS"
TERTIARY = (control("CPU_ACTIVATE_TERTIARY_CONTROLS"),)
HLAT = (*EPT, *TERTIARY, to(CPU3, 0x2))
IPI = (*TERTIARY, control("CPU_USE_TPR_SHADOW"), to("VIRTUAL_APIC_ADDRESS", FAR), to(CPU3, 0x10))
CET = {"HOST": (control("EXIT_LOAD_CET_STATE"),), "GUEST": (control("ENTRY_LOAD_CET_STATE"),)}
WP = 0x10000

CASES = [
    Case(PROTECTED, off(CLASSES["CPU2"], CONTROLS["CPU2_VIRTUAL_INTERRUPT_DELIVERY"]), POSTED),
    Case(PROTECTED, off(CLASSES["EXIT"], CONTROLS["EXIT_ACKNOWLEDGE_INTERRUPT_ON_EXIT"]), POSTED),
    Case(PROTECTED, to("POSTED_INTERRUPT_NOTIFICATION_VECTOR", 256), POSTED),
    *(Case(PROTECTED, on("POSTED_INTERRUPT_DESCRIPTOR_ADDRESS", bits), POSTED)
      for bits in (0x20, BEYOND)),
    *(Case(PROTECTED, on("SUB_PAGE_PERMISSION_TABLE_POINTER", bits), SPP)
      for bits in (0x800, BEYOND)),
    Case(PROTECTED, on("EPT_POINTER", 0x40), (*EPT, to("EPT_POINTER", 0xA6))),
    Case(PROTECTED, off(CLASSES["ENTRY"], CONTROLS["ENTRY_LOAD_IA32_RTIT_CTL"]), PT),
    Case(PROTECTED, off(CLASSES["EXIT"], CONTROLS["EXIT_CLEAR_IA32_RTIT_CTL"]), PT),
    Case(PROTECTED, off(CLASSES["CPU2"], CONTROLS["CPU2_ENABLE_EPT"]), PT),
    *(Case(PROTECTED, on(f"{which}_PASID_DIRECTORY_ADDRESS", bits),
           secondary("CPU2_PASID_TRANSLATION")) for which in ("LOW", "HIGH")
      for bits in (0x1, BEYOND)),
    Case(PROTECTED, on(CPU3, 1 << 40), TERTIARY),
    *(Case(PROTECTED, on(CPU3, bits), TERTIARY) for bits in (0x2, 0x4, 0x8, 0x10)),
    *(Case(PROTECTED, on("HLATP", bits), HLAT) for bits in (0x1, 0x800, BEYOND)),
    *(Case(PROTECTED, on("PID_POINTER_TABLE_ADDRESS", bits), IPI) for bits in (0x4, BEYOND)),
    Case(PROTECTED, to("SECONDARY_VM_EXIT_CONTROLS", 1 << 40),
         (control("EXIT_ACTIVATE_SECONDARY_CONTROLS"),)),
    *(Case(PROTECTED, to(f"{side}_IA32_S_CET", value), CET[side])
      for side in CET for value in (0x40, 0x200, NOT_CANONICAL)),
    *(Case(PROTECTED, on(f"{side}_IA32_S_CET", bits),
           (*CET[side], to(f"{side}_IA32_S_CET", 0xC00 ^ bits)))
      for side in CET for bits in (0x400, 0x800)),
    *(Case(PROTECTED, to(f"{side}_IA32_INTERRUPT_SSP_TABLE_ADDR", 1 << 47), CET[side])
      for side in CET),
    *(Case(PROTECTED, to(f"{side}_SSP", value), CET[side])
      for side in CET for value in (0x1, NOT_CANONICAL)),
    *(Case(PROTECTED, on(f"{side}_CR4", 1 << 23)) for side in CET),
    *(Case(PROTECTED, off(f"{side}_CR0", WP), (on(f"{side}_CR0", WP), on(f"{side}_CR4", 1 << 23)),
           also=(f"{side}_CR4",)) for side in CET),
    *(Case(PROTECTED, to(f"{side}_IA32_PKRS", 1 << 32), (control(f"{which}_LOAD_PKRS"),))
      for side, which in (("HOST", "EXIT"), ("GUEST", "ENTRY"))),
    *(Case(PROTECTED, to(f"{side}_IA32_PERF_GLOBAL_CTRL", value),
           (control(f"{which}_LOAD_IA32_PERF_GLOBAL_CTRL"),
            to(f"{side}_IA32_PERF_GLOBAL_CTRL", 0x70000000F)))
      for side, which in (("HOST", "EXIT"), ("GUEST", "ENTRY")) for value in (0x10, 1 << 35)),
    *(Case(PROTECTED, to("GUEST_IA32_BNDCFGS", value), (control("ENTRY_LOAD_IA32_BNDCFGS"),))
      for value in (0x4, 0x800, NOT_CANONICAL)),
    *(Case(PROTECTED, to("GUEST_IA32_RTIT_CTL", value), (control("ENTRY_LOAD_IA32_RTIT_CTL"),))
      for value in (1 << 48, 1 << 63)),
    *(Case(PROTECTED, to("GUEST_IA32_LBR_CTL", value),
           (control("ENTRY_LOAD_GUEST_IA32_LBR_CTL"),)) for value in (0x10, 1 << 63)),
    Case(PROTECTED, to("GUEST_UINV", 0x100), (control("ENTRY_LOAD_UINV"),
                                              to("GUEST_UINV", 0xFF))),
    *(Case(PROTECTED, on(f"{side}_CR3", 1 << 60), (on(f"{side}_CR3", 3 << 61),)) for side in CET),
    Case(PROTECTED, to(ACTIVITY, 2), (to(ACTIVITY, 3),)),
    Case(PROTECTED, to(ACTIVITY, 3), (to(ACTIVITY, 1), to(EVENT, 0x80000700))),
    Case(PROTECTED, to(LINK, FAR | 0x10), (to(LINK, FAR),)),
    *(Case(PROTECTED, to(PENDING, value), (to(PENDING, 0x11000),))
      for value in (0x10000, 0x11001, 0x15000, 0x11800)),
    Case(PROTECTED, to(BLOCKED, 2), (to(PENDING, 0x11000),), also=(PENDING,)),
    Case(PROTECTED, to(PENDING, 0xC00), (to(PENDING, 0x800),)),
    Case(PROTECTED, to(BLOCKED, 0x12), (to(BLOCKED, 0x10),)),
]
