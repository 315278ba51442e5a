"""VMCS that are good, and as unlike each other as the manual allows: seeded random ones.

variation() writes down what the manual allows, as it is read here; explain.c is another
reading of it, and the emulated CPU a third. In fields that a control leaves unused stands
anything.
"""

from importlib import import_module

changes, cases = (import_module(f"common.tests.programs.refused-entries.{name}")
                  for name in ("changes", "cases"))
CONTROLS, has, to = changes.CONTROLS, changes.has, changes.to

WITH_ERROR_CODE = (8, 10, 11, 12, 13, 14, 17)
IF, TF, VM = cases.IF, cases.TF, 1 << 17
FLAGS = 0x3D7FD5  # all but VM that are not reserved
CR0_FREE = 0xFFFFFFDE  # all but PE and NE: those that an entry ignores, too
PE_PG_NE = 0x80000021
PAE, PSE, VMXE, PCIDE, CET, LA57 = 0x20, 0x10, 1 << 13, 1 << 17, 1 << 23, 1 << 12
ACTIVE, HLT, SHUTDOWN = range(3)
STI, MOV_SS, NMI_BLOCK = 1, 2, 8
EXTERNAL, NMI, HARDWARE, SOFTWARE, PRIVILEGED, SOFTWARE_EXCEPTION = 0, 2, 3, 4, 5, 6
UNUSABLE = 1 << 16
EVENT = cases.EVENT
ACCESSED_AND_DIRTY = 1 << 21  # in MSR 48CH


class Variation:
    """One VMCS under construction."""

    def __init__(self, rng, msrs, labels):
        self.rng, self.msrs, self.labels = rng, msrs, labels
        self.fields = {}
        kinds = ["v86", "v86", "protected", "protected", "long"]
        if has(msrs, "CPU2_UNRESTRICTED_GUEST"):
            kinds.append("real")
        self.kind = rng.choice(kinds)
        self.cpl = 3 if self.kind == "v86" else 0 if self.kind == "real" else rng.randrange(4)

    def written(self):
        """(guest, changes)"""
        guest = changes.V86 if self.kind == "v86" else changes.PROTECTED
        return guest, [to(field, value) for field, value in self.fields.items()]

    def set(self, field, value):
        self.fields[field] = value

    def maybe(self, chance=0.5):
        return self.rng.random() < chance

    def bits(self, mask):
        """Some of the bits of the mask."""
        return self.rng.getrandbits(64) & mask

    def canonical(self):
        value = self.rng.getrandbits(47)
        return value if self.maybe() else value | 0xFFFF800000000000

    def page(self):
        """The address of some page; nobody will write to it."""
        return self.rng.randrange(0x100, 0x1F00) << 12

    def controls(self, prefix, wanted):
        """A class's controls: those wanted, and those that the CPU insists on."""
        usual = self.msrs.get(changes.MSRS[prefix], 0)
        capability = self.msrs.get(changes.TRUE_MSRS[prefix], usual)
        value = sum(CONTROLS[name] for name in wanted) | capability & 0xFFFFFFFF
        assert value & ~(capability >> 32) == 0, wanted
        self.set(changes.CLASSES[prefix], value)

    def some(self, *names):
        """Some of those controls, of which the CPU has all."""
        return {name for name in names if has(self.msrs, name) and self.maybe(0.4)}

    # The parts, in the order in which they depend on each other.

    def execution(self):
        self.pin = self.some("PIN_EXTERNAL_INTERRUPT_EXITING", "PIN_NMI_EXITING",
                             "PIN_ACTIVATE_VMX_PREEMPTION_TIMER")
        if "PIN_NMI_EXITING" in self.pin:
            self.pin |= self.some("PIN_VIRTUAL_NMIS")
        self.cpu = self.some(
            "CPU_USE_TSC_OFFSETTING", "CPU_HLT_EXITING", "CPU_INVLPG_EXITING",
            "CPU_MWAIT_EXITING", "CPU_RDPMC_EXITING", "CPU_RDTSC_EXITING",
            "CPU_CR8_LOAD_EXITING", "CPU_CR8_STORE_EXITING", "CPU_USE_TPR_SHADOW",
            "CPU_MOV_DR_EXITING", "CPU_UNCONDITIONAL_IO_EXITING", "CPU_USE_IO_BITMAPS",
            "CPU_USE_MSR_BITMAPS", "CPU_MONITOR_EXITING", "CPU_PAUSE_EXITING",
            "CPU_INTERRUPT_WINDOW_EXITING")
        if "PIN_VIRTUAL_NMIS" in self.pin:
            self.cpu |= self.some("CPU_NMI_WINDOW_EXITING")
        if has(self.msrs, "CPU_ACTIVATE_SECONDARY_CONTROLS") \
                and (self.maybe() or self.kind == "real"):
            self.cpu.add("CPU_ACTIVATE_SECONDARY_CONTROLS")
            self.secondary()
        elif has(self.msrs, "CPU_ACTIVATE_SECONDARY_CONTROLS"):
            self.cpu2 = set()
            self.set(changes.CLASSES["CPU2"], self.rng.getrandbits(32))  # not looked at
        else:
            self.cpu2 = set()
        self.controls("PIN", self.pin)
        self.controls("CPU", self.cpu)
        self.addresses()

    def secondary(self):
        wanted = self.some(
            "CPU2_VIRTUALIZE_APIC_ACCESSES", "CPU2_DESCRIPTOR_TABLE_EXITING",
            "CPU2_ENABLE_RDTSCP", "CPU2_ENABLE_VPID", "CPU2_WBINVD_EXITING",
            "CPU2_PAUSE_LOOP_EXITING", "CPU2_RDRAND_EXITING", "CPU2_ENABLE_INVPCID",
            "CPU2_VMCS_SHADOWING", "CPU2_ENABLE_EPT", "CPU2_USE_TSC_SCALING",
            "CPU2_RDSEED_EXITING")
        if self.kind == "real":
            wanted |= {"CPU2_ENABLE_EPT", "CPU2_UNRESTRICTED_GUEST"}
        if "CPU2_ENABLE_EPT" in wanted:
            wanted |= self.some("CPU2_UNRESTRICTED_GUEST", "CPU2_ENABLE_PML")
        if "CPU_USE_TPR_SHADOW" in self.cpu:
            wanted |= self.some("CPU2_APIC_REGISTER_VIRTUALIZATION")
            if "CPU2_VIRTUALIZE_APIC_ACCESSES" not in wanted:
                wanted |= self.some("CPU2_VIRTUALIZE_X2APIC_MODE")
            if "PIN_EXTERNAL_INTERRUPT_EXITING" in self.pin:
                wanted |= self.some("CPU2_VIRTUAL_INTERRUPT_DELIVERY")
        self.cpu2 = wanted
        self.controls("CPU2", wanted)
        if has(self.msrs, "CPU2_ENABLE_VPID"):
            self.set("VPID", self.rng.randrange(1, 1 << 16) if "CPU2_ENABLE_VPID" in wanted else 0)
        if "CPU2_ENABLE_EPT" in wanted:
            flags = self.bits(0x40) if self.msrs[0x48C] & ACCESSED_AND_DIRTY else 0
            self.set("EPT_POINTER", self.labels["page"] | 0x18 | flags | self.rng.choice((0, 6)))
            for n in range(4):
                self.set(f"GUEST_PDPTE{n}", self.rng.choice((0, self.page() | 1, 0xFFFFFFFE)))
        if "CPU2_USE_TSC_SCALING" in wanted:
            self.set("TSC_MULTIPLIER", self.rng.randrange(1, 1 << 64))

    def addresses(self):
        """Pages, if a control wants them; anything, if none does."""
        used = {"ADDRESS_OF_IO_BITMAP_A": "CPU_USE_IO_BITMAPS",
                "ADDRESS_OF_IO_BITMAP_B": "CPU_USE_IO_BITMAPS",
                "ADDRESS_OF_MSR_BITMAPS": "CPU_USE_MSR_BITMAPS",
                "APIC_ACCESS_ADDRESS": "CPU2_VIRTUALIZE_APIC_ACCESSES",
                "VMREAD_BITMAP_ADDRESS": "CPU2_VMCS_SHADOWING",
                "VMWRITE_BITMAP_ADDRESS": "CPU2_VMCS_SHADOWING",
                "PML_ADDRESS": "CPU2_ENABLE_PML"}
        for field, name in used.items():
            if name in self.cpu | self.cpu2:
                self.set(field, self.page())
            elif has(self.msrs, name):
                self.set(field, self.rng.getrandbits(64))
        shadow = "CPU_USE_TPR_SHADOW" in self.cpu
        self.set("VIRTUAL_APIC_ADDRESS", self.labels["page"] if shadow else self.bits(changes.ALL))
        free = not shadow or "CPU2_VIRTUAL_INTERRUPT_DELIVERY" in self.cpu2
        accesses = "CPU2_VIRTUALIZE_APIC_ACCESSES" in self.cpu2
        self.set("TPR_THRESHOLD", self.rng.getrandbits(32) if free
                 else self.rng.randrange(16) if accesses else 0)
        self.set("CR3_TARGET_COUNT", self.rng.randrange(5))
        for n in range(4):
            self.set(f"CR3_TARGET_VALUE_{n}", self.rng.getrandbits(64))
        for area in ("VM_EXIT_MSR_STORE", "VM_EXIT_MSR_LOAD", "VM_ENTRY_MSR_LOAD"):
            self.set(f"{area}_ADDRESS", self.rng.getrandbits(64))  # the counts are 0
        for field in ("CR0_GUEST_HOST_MASK", "CR4_GUEST_HOST_MASK", "CR0_READ_SHADOW",
                      "CR4_READ_SHADOW", "TSC_OFFSET"):
            self.set(field, self.rng.getrandbits(64))

    def transitions(self):
        exits = self.some("EXIT_SAVE_DEBUG_CONTROLS", "EXIT_ACKNOWLEDGE_INTERRUPT_ON_EXIT",
                          "EXIT_SAVE_IA32_PAT", "EXIT_LOAD_IA32_PAT", "EXIT_SAVE_IA32_EFER",
                          "EXIT_LOAD_IA32_EFER") | {"EXIT_HOST_ADDRESS_SPACE_SIZE"}
        if "PIN_ACTIVATE_VMX_PREEMPTION_TIMER" in self.pin:
            exits |= self.some("EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE")
            self.set("VMX_PREEMPTION_TIMER_VALUE", self.rng.getrandbits(32))
        self.entry = self.some("ENTRY_LOAD_DEBUG_CONTROLS", "ENTRY_LOAD_IA32_PAT",
                               "ENTRY_LOAD_IA32_EFER")
        if self.kind == "long":
            self.entry.add("ENTRY_IA32E_MODE_GUEST")
        self.controls("EXIT", exits)
        self.controls("ENTRY", self.entry)
        for side, loads in (("HOST", "EXIT_LOAD_IA32_PAT" in exits),
                            ("GUEST", "ENTRY_LOAD_IA32_PAT" in self.entry)):
            if has(self.msrs, "EXIT_LOAD_IA32_PAT"):
                self.set(f"{side}_IA32_PAT", int.from_bytes(
                    self.rng.choice((0, 1, 4, 5, 6, 7)) for _ in range(8)) if loads
                    else self.rng.getrandbits(64))
        if "EXIT_LOAD_IA32_EFER" in exits:
            self.set("HOST_IA32_EFER", 0x500 | self.bits(0x801))
        if "ENTRY_LOAD_IA32_EFER" in self.entry:
            modes = {"long": 0x500, "real": self.rng.choice((0, 0x100))}.get(self.kind, 0)
            self.set("GUEST_IA32_EFER", modes | self.bits(0x801))

    def host(self):
        self.set("HOST_CR0", PE_PG_NE | 0x10 | self.bits(0x5000E))
        features = 0x1307DC & self.msrs[0x489]
        self.set("HOST_CR4", VMXE | PAE | self.bits(features))
        for name in ("SS", "DS", "ES", "FS", "GS"):
            self.set(f"HOST_{name}_SELECTOR", self.rng.choice((0, 0x10)))
        self.set("HOST_TR_SELECTOR", self.rng.randrange(1, 0x2000) << 3)
        for name in ("FS_BASE", "GS_BASE", "TR_BASE", "IA32_SYSENTER_ESP", "IA32_SYSENTER_EIP"):
            self.set(f"HOST_{name}", self.canonical())
        self.set("HOST_IA32_SYSENTER_CS", self.rng.getrandbits(32))

    def registers(self):
        cr0 = PE_PG_NE | self.bits(CR0_FREE)
        if self.kind == "real":
            cr0 &= ~0x80000001
        allowed = self.msrs[0x489] & ~(PCIDE | CET | LA57)
        cr4 = VMXE | PSE | self.bits(allowed)
        if self.kind == "long":
            cr4 |= PAE | self.bits(PCIDE & self.msrs[0x489])
        self.set("GUEST_CR0", cr0)
        self.set("GUEST_CR4", cr4)
        table = "host_tables" if self.kind == "long" else "page" if cr4 & PAE else "directory"
        self.set("GUEST_CR3", self.labels[table] | self.bits(0x18))
        loads = "ENTRY_LOAD_DEBUG_CONTROLS" in self.entry
        self.set("GUEST_DR7", 0x400 | self.bits(0xFFFF23FF if loads else changes.ALL))
        self.debugctl = self.rng.choice((0, 0, 1, 2, 3))
        self.set("GUEST_IA32_DEBUGCTL", self.debugctl)
        self.set("GUEST_IA32_SYSENTER_CS", self.rng.getrandbits(32))
        self.set("GUEST_IA32_SYSENTER_ESP", self.canonical())
        self.set("GUEST_IA32_SYSENTER_EIP", self.canonical())

    def segment(self, name, selector, base, limit, rights):
        self.set(f"GUEST_{name}_SELECTOR", selector)
        self.set(f"GUEST_{name}_BASE", base)
        self.set(f"GUEST_{name}_LIMIT", limit)
        self.set(f"GUEST_{name}_ACCESS_RIGHTS", rights)

    def limit(self):
        """(limit, G)"""
        limit = self.rng.getrandbits(32) >> self.rng.randrange(0, 32, 4)
        if limit & 0xFFF00000:
            return limit | 0xFFF, 0x8000
        return limit, 0x8000 if limit & 0xFFF == 0xFFF and self.maybe() else 0

    def selector(self, rpl):
        return self.rng.getrandbits(16) & ~3 | rpl

    def segments(self):
        code = self.labels["guest_code"]
        if self.kind == "v86":
            for name in changes.SIX:
                selector = self.rng.getrandbits(16)
                if name == "CS":
                    back = self.rng.randrange(min(code >> 4, 0xFFF) + 1)
                    selector = (code >> 4) - back
                    self.set("GUEST_RIP", back << 4)
                self.segment(name, selector, selector << 4, 0xFFFF, 0xF3)
        else:
            self.code_segment(code)
            self.stack_segment()
            for name in ("DS", "ES", "FS", "GS"):
                self.data_segment(name)
        self.system_segments()
        for name in ("GDTR", "IDTR"):
            self.set(f"GUEST_{name}_BASE", self.canonical())
        self.set("GUEST_GDTR_LIMIT", self.rng.getrandbits(16))
        self.set("GUEST_IDTR_LIMIT", 0)

    def code_segment(self, code):
        long = self.kind == "long"
        base = 0 if long else self.rng.getrandbits(32)
        conforming = self.maybe(0.3)
        dpl = self.rng.randrange(self.cpl + 1) if conforming else self.cpl
        kind = self.rng.choice((13, 15) if conforming else (9, 11))
        rights = 0x8090 | kind | dpl << 5 | self.bits(0x1000) | (0x2000 if long else 0x4000)
        if self.kind == "real" and self.maybe():
            rights = 0xC093  # a data segment: its DPL is 0
        self.segment("CS", self.selector(self.cpl), base, 0xFFFFFFFF, rights)
        self.set("GUEST_RIP", (code - base) & 0xFFFFFFFF)

    def stack_segment(self):
        limit, g = self.limit()
        rights = 0x90 | self.rng.choice((3, 7)) | self.cpl << 5 | g | self.bits(0x5000)
        base = self.rng.getrandbits(32)
        if self.maybe(0.2):
            rights, base = UNUSABLE | self.cpl << 5 | self.bits(0xF09F), self.rng.getrandbits(64)
        self.segment("SS", self.selector(self.cpl), base, limit, rights)

    def data_segment(self, name):
        limit, g = self.limit()
        kind = self.rng.choice((1, 3, 5, 7, 11, 15))
        dpl = self.rng.randrange(4)
        rpl = self.rng.randrange(4 if kind == 15 or self.kind == "real" else dpl + 1)
        rights = 0x90 | kind | dpl << 5 | g | self.bits(0x5000)
        base = self.rng.getrandbits(32)
        if self.maybe(0.2):
            rights, base = UNUSABLE | self.bits(0xFFFF), self.rng.getrandbits(64)
        if name in ("FS", "GS"):
            base = self.canonical()
        self.segment(name, self.selector(rpl), base, limit, rights)

    def system_segments(self):
        limit, g = self.limit()
        kind = 11 if self.kind == "long" else self.rng.choice((3, 11))
        self.segment("TR", self.rng.getrandbits(16) & ~4, self.canonical(), limit,
                     0x80 | kind | self.bits(0x7060) | g)
        limit, g = self.limit()
        if self.maybe():
            self.segment("LDTR", self.rng.getrandbits(16), self.rng.getrandbits(64), limit,
                         UNUSABLE | self.bits(0xFFFF))
        else:
            self.segment("LDTR", self.rng.getrandbits(16) & ~4, self.canonical(), limit,
                         0x82 | self.bits(0x7060) | g)

    def state(self):
        """RFLAGS, activity, what blocks events, and an event to inject: one depends on another."""
        flags = 2 | self.bits(FLAGS) | (VM if self.kind == "v86" else 0)
        activity = self.rng.choice((ACTIVE, ACTIVE, ACTIVE, HLT, SHUTDOWN))
        if activity == HLT and self.cpl:
            activity = ACTIVE
        blocked = self.rng.choice((0, 0, STI, MOV_SS)) if activity == ACTIVE else 0
        if blocked == STI:
            flags |= IF
        kinds = {SHUTDOWN: (NMI,), HLT: (EXTERNAL, NMI)}.get(
            activity, (None, None, EXTERNAL, NMI, HARDWARE, SOFTWARE, PRIVILEGED,
                       SOFTWARE_EXCEPTION))
        kind = self.rng.choice(kinds)
        if blocked and kind in (EXTERNAL, NMI):
            kind = None
        if kind == EXTERNAL:
            flags |= IF
        if self.maybe(0.3) and not (kind == NMI and "PIN_VIRTUAL_NMIS" in self.pin):
            blocked |= NMI_BLOCK
        self.inject(kind)
        self.set("GUEST_RFLAGS", flags)
        self.set("GUEST_ACTIVITY_STATE", activity)
        self.set("GUEST_INTERRUPTIBILITY_STATE", blocked)
        pending = self.bits(0x100F) if self.maybe(0.4) else 0
        if blocked & (STI | MOV_SS) or activity == HLT:
            pending |= 0x4000 if flags & TF and not self.debugctl & 2 else 0
        elif pending:
            pending |= self.bits(0x4000)
        self.set("GUEST_PENDING_DEBUG_EXCEPTIONS", pending)

    def inject(self, kind):
        vector = self.rng.randrange(32, 256)
        code, length = self.rng.getrandbits(32), self.rng.getrandbits(32)
        if kind is None:
            self.set(EVENT, self.bits(0x7FFFFFFF))  # not valid: anything
        else:
            deliver = 0
            if kind == NMI:
                vector = 2
            elif kind == HARDWARE:
                vector = self.rng.randrange(32)
                if vector in WITH_ERROR_CODE and self.kind != "real":
                    deliver, code = 0x800, self.bits(0x7FFF)
            elif kind == PRIVILEGED:
                vector = 1
            elif kind == SOFTWARE_EXCEPTION:
                vector = self.rng.choice((3, 4))
            if kind in (SOFTWARE, PRIVILEGED, SOFTWARE_EXCEPTION):
                length = self.rng.randrange(1, 16)
            self.set(EVENT, 1 << 31 | kind << 8 | deliver | vector)
        self.set("VM_ENTRY_EXCEPTION_ERROR_CODE", code)
        self.set("VM_ENTRY_INSTRUCTION_LENGTH", length)


def variation(rng, msrs, labels):
    """(guest, changes) of one VMCS that a CPU with those MSRs (number → value) accepts.

    `labels`: name → address, of the program.
    """
    it = Variation(rng, msrs, labels)
    for part in (it.execution, it.transitions, it.host, it.registers, it.segments, it.state):
        part()
    return it.written()
