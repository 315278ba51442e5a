"""The guest's structures, as they must stand in the machine's memory.

Each check reads what run.memory holds at a symbol, decodes it, and compares field by
field. It returns None if nothing has been written there: the step is not done yet.
"""

from typing import NamedTuple

from grading import structures
from grading.rubric import PASSED, failed
from grading.structures import Segment

TSS_BYTES = 136 + 8192 + 1  # with redirection map, I/O map, and the last byte
IO_MAP = 136
TSS, LDT = 0x08, 0x10
LDT_CODE, LDT_DATA, LDT_VRAM, LDT_FLAT = 0x04, 0x0C, 0x14, 0x1C
LDT_NAMES = ("code", "data", "vram", "flat")
VECTORS = 32
GP = 13
UART = range(0x3F8, 0x400)

# What a register's value is, where the number does not tell.
MEANING = {"cr4": " (PSE)", "rflags": " (VM, and bit 1)", "rip": ", the offset of guest_task",
           "rsp": ", the offset of guest_stack3", "tr": ", the TSS's selector",
           "ldtr": ", the LDT's selector", "gdtr_limit": ", the last byte's offset",
           "idtr_limit": ", the last byte's offset"}
MEANING |= dict.fromkeys(("cs", "ss", "ds", "es"), ", the segment of v86_base")
CR0_BITS = {1 << 0: "PE", 1 << 4: "ET", 1 << 5: "NE", 1 << 31: "PG"}
EFLAGS_VM, EFLAGS_FIXED = 0x20000, 0x2

MEMORY = {"guest_tss": TSS_BYTES, "guest_gdt": 24, "guest_ldt": 32, "guest_idt": VECTORS * 8,
          "guest_page_directory": 4096, "guest_cpu": 88, "v86_base": 8192, "guest_gdt_pointer": 6}
WRITTEN = {"02-1": "guest_tss", "02-2": "guest_tss.io_map", "02-3": "guest_gdt",
           "02-4": "guest_ldt", "02-5": "guest_idt", "02-6": "guest_page_directory",
           "02-7": "guest_cpu"}
LABELS = ("guest_task", "guest_isrGPF", "guest_stack0", "guest_stack3", "guest_code")


class GuestCpu(NamedTuple):
    """struct guest_cpu in ../vmxstep1.h: offset and bytes of each field."""

    cr0: tuple = (0, 8)
    cr3: tuple = (8, 8)
    cr4: tuple = (16, 8)
    rip: tuple = (24, 8)
    rsp: tuple = (32, 8)
    rflags: tuple = (40, 8)
    gdtr_base: tuple = (48, 8)
    idtr_base: tuple = (56, 8)
    gdtr_limit: tuple = (64, 4)
    idtr_limit: tuple = (68, 4)
    cs: tuple = (72, 2)
    ss: tuple = (74, 2)
    ds: tuple = (76, 2)
    es: tuple = (78, 2)
    ldtr: tuple = (84, 2)
    tr: tuple = (86, 2)


class Guest:
    """What the run shows of the guest's structures."""

    def __init__(self, run):
        self.run = run
        self.symbols = run.symbols
        # LTR sets the busy bit. It has been executed if the testbed has got there, and
        # neither it nor the LLDT before it faulted.
        loading = {self.symbols[f"while_loading_{name}"] for name in ("ldtr", "tr")}
        self.tr_loaded = any(self.bytes("guest_gdt_pointer")) \
            and not any(trap.ip in loading for trap in run.traps)

    def bytes(self, symbol, offset=0, length=None):
        """Bytes at a symbol; zeros if they were not read."""
        length = MEMORY[symbol] - offset if length is None else length
        content = self.run.memory.read(self.symbols.get(symbol, 0) + offset, length)
        return content or bytes(length)

    def number(self, symbol, offset, length):
        """The same as a number."""
        return int.from_bytes(self.bytes(symbol, offset, length), "little")

    def cpu(self, name):
        """A field of guest_cpu."""
        return self.number("guest_cpu", *getattr(GuestCpu(), name))

    def offset(self, symbol):
        """Where a symbol lies in the guest's memory."""
        return self.symbols[symbol] - self.symbols["v86_base"]

    def registers(self, **wanted):
        """None, or the first of guest_cpu's fields that is not as wanted."""
        for name, value in wanted.items():
            if self.cpu(name) != value:
                return failed(f"guest_cpu.{name} = {value:#x}{MEANING.get(name, '')}",
                              f"{self.cpu(name):#x}")
        return None


def check_tss(guest):
    """02-1"""
    if not any(guest.bytes("guest_tss", 0, IO_MAP)) and not guest.bytes("guest_tss")[-1]:
        return None
    ss0, esp0 = guest.number("guest_tss", 8, 4), guest.number("guest_tss", 4, 4)
    if ss0 != LDT_DATA:
        return failed(f"TSS: SS0 = {structures.selector(LDT_DATA)}", structures.selector(ss0))
    if esp0 != guest.offset("guest_stack0"):
        return failed(f"TSS: ESP0 = {guest.offset('guest_stack0'):#x}, the offset of "
                      "guest_stack0 in the guest's memory", f"{esp0:#x}")
    base = guest.number("guest_tss", 102, 2)
    if base != IO_MAP:
        return failed(f"TSS: I/O map base = {IO_MAP}, behind the redirection map", f"{base}")
    if any(guest.bytes("guest_tss", 104, 32)):
        return failed("TSS: an interrupt redirection map of zeros",
                      guest.bytes("guest_tss", 104, 32).hex())
    last = guest.number("guest_tss", TSS_BYTES - 1, 1)
    return PASSED if last == 0xFF else \
        failed("TSS: a last byte of ones (0xff) behind the I/O map", f"{last:#04x}")


def check_io_map(guest):
    """02-2, the map itself."""
    bitmap = guest.bytes("guest_tss", IO_MAP, 8192)
    if not any(bitmap):
        return None
    wanted = bytearray(b"\xFF" * 8192)
    for port in UART:
        wanted[port >> 3] &= ~(1 << (port & 7))
    if bitmap == wanted:
        return PASSED
    wrong = [port for port in range(0x10000)
             if (bitmap[port >> 3] ^ wanted[port >> 3]) >> (port & 7) & 1]
    port = wrong[0]
    say = ("allowed (0)", "denied (1)")
    return failed(f"I/O map: port {port:#x} {say[port not in UART]}: bit {port & 7} of byte "
                  f"{port >> 3:#x}", f"{say[port in UART]}; ports that are wrong: {len(wrong)}")


FIELDS = {"base": "base", "last": "limit", "type": "type", "s": "S, system or not", "dpl": "DPL",
          "present": "P, present", "long": "L, 64-bit code", "big": "D/B, 32-bit"}


def check_segment(what, wanted, value, busy=False):
    """None, or how a descriptor differs. The CPU sets accessed, and busy if `busy`."""
    got = structures.segment(value)
    set_by_cpu = 1 if got.s else 2 if busy and got.type == structures.TSS_BUSY else 0
    ours = got._replace(type=got.type & ~set_by_cpu)
    for name, spoken in FIELDS.items():
        if getattr(ours, name) != getattr(wanted, name):
            return failed(f"{what}: {wanted}", f"{got} (first difference: {spoken})")
    return None


def system_segment(base, limit, kind):
    """A present system segment, DPL 0."""
    return Segment(base, limit, kind, False, 0, True, False, False, False)


def check_gdt(guest):
    """02-3"""
    if not any(guest.bytes("guest_gdt")):
        return None
    slots = {
        TSS: ("TSS", system_segment(guest.symbols["guest_tss"], TSS_BYTES - 1,
                                    structures.TSS_AVAILABLE)),
        LDT: ("LDT", system_segment(guest.symbols["guest_ldt"], 31, structures.LDT)),
    }
    if guest.number("guest_gdt", 0, 8):
        return failed("GDT slot 0: null", str(structures.segment(guest.number("guest_gdt", 0, 8))))
    for selector, (name, wanted) in slots.items():
        wrong = check_segment(f"GDT slot {selector >> 3} ({name})", wanted,
                              guest.number("guest_gdt", selector, 8), guest.tr_loaded)
        if wrong:
            return wrong
    return guest.registers(gdtr_base=guest.symbols["guest_gdt"], gdtr_limit=23,
                           tr=TSS, ldtr=LDT) or PASSED


def check_ldt(guest):
    """02-4"""
    if not any(guest.bytes("guest_ldt")):
        return None
    base = guest.symbols["v86_base"]
    slots = (
        Segment(base, 0xFFFF, 0xA, True, 0, True, False, True, False),
        Segment(base, 0xFFFF, 0x2, True, 0, True, False, True, False),
        Segment(0xB8000, 3999, 0x2, True, 0, True, False, True, False),
        Segment(0, 0xFFFFF, 0x2, True, 0, True, False, True, True),
    )
    for number, wanted in enumerate(slots):
        wrong = check_segment(f"LDT slot {number} ({LDT_NAMES[number]})", wanted,
                              guest.number("guest_ldt", 8 * number, 8))
        if wrong:
            return wrong
    return PASSED


def interrupt_gate(selector, offset):
    """The 8 bytes of a present one, DPL 0."""
    return (offset & 0xFFFF0000) << 32 | 0x8E << 40 | selector << 16 | offset & 0xFFFF


def in_words(gate):
    """A gate, and its bytes: they show what the words do not."""
    return f"{structures.gate(gate)}" + (f" ({gate:#018x})" if gate else "")


def check_idt(guest):
    """02-5"""
    if not any(guest.bytes("guest_idt")):
        return None
    for vector in range(VECTORS):
        got, wanted = guest.number("guest_idt", 8 * vector, 8), 0
        if vector == GP:
            wanted = interrupt_gate(LDT_CODE, guest.offset("guest_isrGPF"))
        if got != wanted:
            return failed(f"IDT gate {vector}: {in_words(wanted)}", in_words(got))
    return guest.registers(idtr_base=guest.symbols["guest_idt"],
                           idtr_limit=8 * VECTORS - 1) or PASSED


def check_page_directory(guest):
    """02-6"""
    if not any(guest.bytes("guest_page_directory")):
        return None
    start = guest.symbols["guest_page_directory"]
    if start % structures.PAGE_SIZE:
        return failed("guest_page_directory at the start of a page", f"at {start:#x}")
    kept = ~(structures.ACCESSED | structures.DIRTY)
    for number in range(1024):
        got = guest.number("guest_page_directory", 4 * number, 4)
        wanted = 0x87 if number == 0 else 0
        if got & kept != wanted:
            return failed(f"page directory entry {number}: {structures.paging_entry(wanted)}",
                          structures.paging_entry(got))
    cr0, wanted = guest.cpu("cr0"), sum(CR0_BITS)
    if cr0 != wanted:
        return failed(f"guest_cpu.cr0 = {wanted:#x} ({', '.join(CR0_BITS.values())})",
                      f"{cr0:#x}")
    return guest.registers(cr3=start, cr4=0x10) or PASSED


def check_entry(guest):
    """02-7, the registers with which the guest starts."""
    names = ("rip", "rsp", "rflags", "cs", "ss", "ds", "es")
    if not any(guest.cpu(name) for name in names):
        return None
    segment = guest.symbols["v86_base"] >> 4
    return guest.registers(cs=segment, ss=segment, ds=segment, es=segment,
                           rip=guest.offset("guest_task"), rsp=guest.offset("guest_stack3"),
                           rflags=EFLAGS_VM | EFLAGS_FIXED) or PASSED
