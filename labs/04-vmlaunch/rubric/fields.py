"""The VMCS as the first VMWRITEs of a run leave it: 04-1 to 04-3.

By the CPU's record: each VMWRITE with its field and value. Encodings are those of
common/x86/vmcs.h; what must be in them: SDM Vol. 3C, "VM Entries".
"""

from grading.manual import numbers
from grading.rubric import PASSED, failed

from .challenge import RDTSC_EXITING
from .programs import UART

SEGMENTS = ("ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR")
ANY_SELECTOR = ("FS", "GS")  # nothing of the guest is there
V86_ACCESS, LDT_ACCESS, TSS_ACCESS = 0xF3, 0x82, 0x8B
TSS_LIMIT = 136 + 8192
EFLAGS = 0x20002  # VM, and bit 1
CR0, CR4, VMXE = 0x80000031, 0x2010, 0x2000
ALL_ONES = (1 << 64) - 1

# Bits that somebody wants (or not): field, bit, value, name.
PIN, CPU, EXIT, ENTRY = (("pin-based controls", 0x4000),
                         ("primary processor-based controls", 0x4002),
                         ("VM-exit controls", 0x400C), ("VM-entry controls", 0x4012))
BIT_BY_BIT = (
    (*PIN, 1, False, "external-interrupt exiting"),
    (*CPU, 1 << 25, True, "use I/O bitmaps"),
    (*CPU, RDTSC_EXITING, True, "RDTSC exiting, of monitor.extra_controls"),
    (*EXIT, 1 << 9, True, "host address-space size"),
    (*ENTRY, 1 << 9, False, "IA-32e mode guest"),
    ("CR4 guest/host mask", 0x6002, VMXE, True, "VMXE"),
    ("CR4 read shadow", 0x6006, VMXE, False, "VMXE"),
)
# What every CPU insists on: SDM Vol. 3D, Appendix A, "Reserved Controls and Default
# Settings", without what the TRUE MSRs may allow to clear.
INSISTED = ((*PIN, 0x16), (*CPU, 0x04006172), (*EXIT, 0x36DFB), (*ENTRY, 0x11FB))

# The fields that `monitor` is about.
MONITORED = {"exception bitmap": 0x4004, "CR0 guest/host mask": 0x6000, "CR0 read shadow": 0x6004}

HOST_CODE, HOST_DATA, HOST_TSS = 0x08, 0x10, 0x18
PARTS = ("VMCS_TYPE", "VMCS_WIDTH")  # of an encoding: no fields
BITS = {0: 16, 1: 64, 2: 32, 3: 64}  # by bits 14:13 of an encoding


def field(encoding):
    """A field for people: its name in the program, and the encoding."""
    name = next((name for name, number in numbers().items()
                 if number == encoding and name.startswith("VMCS_")
                 and not name.startswith(PARTS)), "")
    return f"{name} ({encoding:#06x})".strip()


def masked(encoding, value):
    """As much of a value as the field holds."""
    return value & (1 << BITS[encoding >> 13 & 3]) - 1


def written(steps):
    """Field → value of the VMWRITEs before the first VMLAUNCH."""
    fields = {}
    for step in steps:
        if step.name == "vmlaunch":
            break
        if step.name == "vmwrite" and not step.flags & 0x41 and step.faulted is None:
            fields.pop(step.field, None)
            if step.value is not None:  # out of memory: nobody saw it
                fields[step.field] = masked(step.field, step.value)
    return fields


def compare(fields, wanted):
    """PASSED, None if none of the fields was written, or the first that is wrong.

    `wanted`: name → (encoding, value or a tuple of values that will do, what it means).
    """
    if not any(encoding in fields for encoding, *_ in wanted.values()):
        return None
    for name, (encoding, value, *meaning) in wanted.items():
        values = value if isinstance(value, tuple) else (value,)
        if fields.get(encoding) not in values:
            return failed(f"{name} ({encoding:#06x}) = {values[0]:#x}{''.join(meaning)}",
                          value_of(fields, encoding))
    return PASSED


def value_of(fields, encoding):
    """What was written to a field, in words."""
    return f"{fields[encoding]:#x}" if encoding in fields else "it is never written"


def check_guest(fields, challenge, symbols):
    """04-1: the guest-state area."""
    wanted = guest_segments(fields, challenge, symbols) | {
        "guest GDTR base": (0x6816, symbols["guest_gdt"], ", guest_gdt"),
        "guest GDTR limit": (0x4810, 23, ", its last offset"),
        "guest IDTR base": (0x6818, symbols["guest_idt"], ", guest_idt"),
        "guest IDTR limit": (0x4812, 255, ", its last offset"),
        "guest CR0": (0x6800, CR0, " (PG, NE, ET, PE)"),
        "guest CR3": (0x6802, symbols["guest_page_directory"], ", guest_page_directory"),
        "guest CR4": (0x6804, CR4, " (VMXE, PSE)"),
        "guest RIP": (0x681E, challenge.turns.start - challenge.turns.cs * 16,
                      ", guest_cpu.rip: an offset in CS"),
        "guest RSP": (0x681C, symbols["guest_stack3"] - symbols["v86_base"],
                      ", guest_cpu.rsp: an offset in SS"),
        "guest RFLAGS": (0x6820, EFLAGS, " (VM, and bit 1)"),
        "guest DR7": (0x681A, 0x400, ", as behind a reset"),
        "VMCS link pointer": (0x2800, ALL_ONES, ", all ones"),
        "guest interruptibility state": (0x4824, 0), "guest activity state": (0x4826, 0),
        "guest pending debug exceptions": (0x6822, 0), "guest IA32_DEBUGCTL": (0x2802, 0),
        "guest IA32_SYSENTER_CS": (0x482A, 0), "guest IA32_SYSENTER_ESP": (0x6824, 0),
        "guest IA32_SYSENTER_EIP": (0x6826, 0),
    }
    return compare(fields, wanted)


def guest_segments(fields, challenge, symbols):
    """The part of check_guest() that is about segment registers."""
    own = symbols["v86_base"] >> 4
    selectors = {"ES": own, "CS": challenge.turns.cs, "SS": own, "DS": own, "FS": 0, "GS": 0,
                 "LDTR": 0x10, "TR": 0x08}
    hidden = {"LDTR": (symbols["guest_ldt"], ", guest_ldt", 31, LDT_ACCESS, "an LDT"),
              "TR": (symbols["guest_tss"], ", guest_tss", TSS_LIMIT, TSS_ACCESS, "a busy TSS")}
    wanted = {}
    for number, name in enumerate(SEGMENTS):
        field = 2 * number
        selector = fields.get(0x0800 + field, 0) if name in ANY_SELECTOR else selectors[name]
        base, where, limit, access, kind = hidden.get(name, (
            selector * 16, ", 16 times the selector", 0xFFFF, V86_ACCESS,
            "DPL 3, data, writable, accessed"))
        wanted |= {
            f"guest {name} selector": (0x0800 + field, selector),
            f"guest {name} base": (0x6806 + field, base, where),
            f"guest {name} limit": (0x4800 + field, limit, ", in bytes"),
            f"guest {name} access rights": (0x4814 + field, access, f" (present, {kind})")}
    return wanted


def check_host(fields, run, symbols):
    """04-2: the host-state area. HOST_RSP is launch.S' business."""
    there = [step for step in run.vmx if step.name in ("vmptrld", "vmlaunch")]
    if not there:
        return None
    data = (HOST_DATA, 0)
    return compare(fields, {
        "host CR0": (0x6C00, tuple(step.cr0 for step in there), ", as it is"),
        "host CR3": (0x6C02, symbols["host_pml4"], ", host_pml4"),
        "host CR4": (0x6C04, tuple(step.cr4 for step in there), ", as it is"),
        "host RIP": (0x6C16, symbols["host_entry"], ", host_entry"),
        "host CS selector": (0x0C02, HOST_CODE, ", HOST_CODE"),
        "host SS selector": (0x0C04, data), "host DS selector": (0x0C06, data),
        "host ES selector": (0x0C00, data), "host FS selector": (0x0C08, data),
        "host GS selector": (0x0C0A, data),
        "host TR selector": (0x0C0C, HOST_TSS, ", HOST_TSS"),
        "host TR base": (0x6C0A, symbols["host_tss"], ", host_tss"),
        "host GDTR base": (0x6C0C, symbols["host_gdt"], ", host_gdt"),
        "host IDTR base": (0x6C0E, symbols["host_idt"], ", host_idt"),
        "host FS base": (0x6C06, 0), "host GS base": (0x6C08, 0),
        "host IA32_SYSENTER_CS": (0x4C00, 0), "host IA32_SYSENTER_ESP": (0x6C10, 0),
        "host IA32_SYSENTER_EIP": (0x6C12, 0),
    })


def check_controls(fields, challenge, lives, run):
    """04-3: the controls, and the bitmap behind one of them."""
    finding = compare(fields, monitored(challenge.runs[0]) | {
        "address of I/O bitmap A": (0x2000, run.symbols["io_bitmap_a"], ", io_bitmap_a"),
        "address of I/O bitmap B": (0x2002, run.symbols["io_bitmap_b"], ", io_bitmap_b"),
        "page-fault error-code mask": (0x4006, 0), "page-fault error-code match": (0x4008, 0),
        "CR3-target count": (0x400A, 0), "VM-entry interruption information": (0x4016, 0),
        "VM-exit MSR-store count": (0x400E, 0), "VM-exit MSR-load count": (0x4010, 0),
        "VM-entry MSR-load count": (0x4014, 0),
    })
    if finding is not PASSED:
        return finding
    return check_bits(fields) or check_later(challenge, lives) or check_bitmap(run) or PASSED


def monitored(program):
    """The fields that `monitor` is about, in the run of a program."""
    values = program.bitmap, program.mask, program.shadow
    return {name: (field, value, ", that of `monitor`")
            for (name, field), value in zip(MONITORED.items(), values)}


def check_bits(fields):
    """The fields of which single bits count: what is wanted, and what the CPU insists on."""
    for name, encoding, bits, want, what in BIT_BY_BIT:
        if encoding not in fields or (fields[encoding] & bits == bits) != want:
            return failed(f"{name} ({encoding:#06x}) with {'' if want else 'no '}{what} "
                          f"({bits:#x})", value_of(fields, encoding))
    for name, encoding, bits in INSISTED:
        value = fields.get(encoding, 0)
        if value & bits != bits:
            return failed(f"{name} ({encoding:#06x}) with {bits:#x} set, on which every CPU "
                          "insists", value_of(fields, encoding),
                          "controls() adds what the CPU insists on")
    return None


def check_later(challenge, lives):
    """`monitor` changes from run to run, and so must these fields."""
    for number, (program, life) in enumerate(zip(challenge.runs, lives[1:])):
        fields = written(life.steps)
        for name, (encoding, value, _) in monitored(program).items():
            if encoding in fields and fields[encoding] != value:
                return failed(f"{name} ({encoding:#06x}) = {value:#x} in run {number}",
                              f"{fields[encoding]:#x}", "`monitor` is another one in each run")
    return None


def check_bitmap(run):
    """I/O bitmap A, in memory."""
    bits = run.memory.read(run.symbols["io_bitmap_a"] + UART // 8, 1)
    return None if bits == b"\xFF" else failed(
        "I/O bitmap A: the UART's eight ports, 0x3f8 to 0x3ff, all 1: 0xff in byte 0x7f",
        f"{bits[0]:#04x}" if bits else "not read")
