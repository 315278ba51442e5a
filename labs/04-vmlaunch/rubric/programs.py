"""Writes the programs that a challenge has for the guest's virtual-8086 mode."""

from typing import NamedTuple

from grading.guest import ARITHMETIC, FLAG_DF, Guest
from grading.witness import REGISTERS

ROOM = 16 * 1024  # more than any program has
STACK = "stack"  # the value of ESP with which a program starts
TOLD_IN_ESP = "told in esp"  # TOLD, which was in ESP before; ESP is not seen at an exit
FREE = tuple(name for name in REGISTERS if name != "esp")  # what a program may work with

UART, LSR = 0x3F8, 0x3FD
READY = 0x60  # THRE and TEMT: what the guest's UART always says
QUIET = (UART, UART + 1, UART + 2, UART + 3, UART + 4, UART + 6, UART + 7)  # IN: 0
# What a guest may set up there: port → value, which leaves the real line as it is.
SETUP = {UART + 1: 0, UART + 2: 0, UART + 3: 3, UART + 6: 0, UART + 7: 0xA5}

HYPERVISOR = 0x40000000
SIGNATURE = {"eax": HYPERVISOR, "ebx": int.from_bytes(b"Ring", "little"),
             "ecx": int.from_bytes(b"Minu", "little"), "edx": int.from_bytes(b"sOne", "little")}
# Of CPUID, beside HYPERVISOR: leaf → subleaf, or none. What they are: trace.cpuid_of().
LEAVES = {0: None, 1: None, 2: None, 4: 1, 0x80000000: None}

RDTSC, CPUID, IN, OUT = bytes([0x0F, 0x31]), bytes([0x0F, 0xA2]), bytes([0xEC]), bytes([0xEE])
MOV_FROM_CR3, VMCALL = bytes([0x0F, 0x20, 0xD8]), bytes([0x0F, 0x01, 0xC1])
# IN and OUT of words and doublewords; then INS and OUTS. The UART has none of them.
WIDE = (b"\xED", b"\xEF", b"\x66\xED", b"\x66\xEF")
STRINGS = (b"\x6C", b"\x6E")

TRAP_FLAGS = 0x20202  # of the task in a made-up struct v86_trap


class Writer:
    """Writes the programs one behind the other into the region."""

    def __init__(self, rng, start):
        self.rng = rng
        self.next = start
        self.registers = [rng.randrange(1 << 64) for _ in range(16)]

    def new(self):
        """A guest at the next free place; its general registers are the challenge's.

        Wherever the region is, it takes as much of the generator: all else stays the same.
        """
        lowest = max(0, (self.next + ROOM - 0x10000 + 15) // 16)
        spread = int(self.rng.random() * (self.next // 16 - lowest + 1))
        guest = Guest(self.next, lowest + spread)
        guest.registers |= {name: self.registers[number] & 0xFFFFFFFF
                            for number, name in enumerate(REGISTERS)}
        guest.registers["esp"] = STACK
        return guest

    def done(self, guest):
        """The finished program; the next one starts behind it."""
        self.next = guest.start + len(guest.code)
        return guest

    def value(self):
        """A random register value."""
        return self.rng.randrange(1 << 32)

    def disturb(self, guest):
        """Up to three instructions that make no exit; ESP stays as it is."""
        rng = self.rng
        for _ in range(rng.randrange(4)):
            kind = rng.randrange(5)
            if kind == 0:
                guest.load(rng.choice(FREE), self.value())
            elif kind == 1:
                guest.load_flags(rng.randrange(0x10000) & (ARITHMETIC | FLAG_DF), self.value())
            elif kind == 2:
                guest.overflow(rng.choice(FREE))
            elif kind == 3:
                guest.exchange(*rng.sample(FREE, 2))
            else:
                guest.smsw(rng.choice(FREE))  # makes no exit: mask and shadow answer

    def ask_for_cr0(self, guest, register):
        """mov %cr0, %register; ESP is put right again."""
        if register != "esp":
            guest.load(register, self.value())
        else:
            guest.emit(0x66, 0x89, 0xE5)  # mov %esp, %ebp
            guest.registers["ebp"] = STACK
        guest.mov_from_cr0(register)
        if register == "esp":
            guest.emit(0x66, 0x89, 0xE3)  # mov %esp, %ebx: what it was told, to be seen
            guest.registers["ebx"] = TOLD_IN_ESP
            guest.emit(0x66, 0x89, 0xEC)  # mov %ebp, %esp
            guest.registers["esp"] = STACK

    def cpuid(self, guest, leaf):
        """cpuid of a leaf; what it tells is known when the program has run."""
        guest.load("eax", leaf)
        subleaf = LEAVES.get(leaf)
        guest.load("ecx", self.value() if subleaf is None else subleaf)
        guest.trap(CPUID)
        guest.registers |= answer(leaf)

    def read(self, guest, port=LSR):
        """in %dx, %al; all of EAX and EDX has something in it before."""
        guest.load("edx", self.rng.randrange(1 << 16) << 16 | port)
        guest.load("eax", self.value() & ~0xFF | self.rng.choice((0x01, 0x9F, 0xFF)))
        guest.trap(IN)
        guest.registers["eax"] = guest.registers["eax"] & ~0xFF | status(port)

    def write(self, guest, port, byte):
        """out %al, %dx"""
        guest.load("edx", self.rng.randrange(1 << 16) << 16 | port)
        guest.load("eax", self.value() & ~0xFF | byte)
        guest.trap(OUT)

    def set_up(self, guest):
        """Something that a driver does to a UART beside sending."""
        if self.rng.randrange(2):
            self.read(guest, self.rng.choice(QUIET))
        else:
            self.write(guest, *self.rng.choice(list(SETUP.items())))

    def end_with_io(self, guest, code):
        """IN or OUT of another kind, which nobody emulates."""
        guest.load("edx", self.rng.randrange(1 << 16) << 16 | UART)
        guest.trap(code)

    def end_with_vmcall(self, guest):
        """vmcall of the task itself, with what looks like struct v86_trap on its stack.

        At the CS:IP in there stands a `mov %cr0, reg`, at which the guest was before.
        """
        bait = next(trap for trap in guest.traps if trap.destination)
        frame = [bait.ip, bait.cs, TRAP_FLAGS] + [self.value() & 0xFFFF for _ in range(6)]
        for value in [*frame[::-1], 0, *(self.value() for _ in range(8)), self.value()]:
            guest.emit(0x66, 0x68, value.to_bytes(4, "little"))  # push $value
        guest.registers["esp"] = None  # nothing that is looked at
        guest.trap(VMCALL)


class Answer(NamedTuple):
    """What CPUID says to the host; the number is known when the CPU is."""

    leaf: int
    register: str


def answer(leaf):
    """Register → what the guest must be told of a CPUID leaf: a number, or an Answer."""
    return {name: SIGNATURE[name] if leaf == HYPERVISOR else Answer(leaf, name)
            for name in SIGNATURE}


def status(port):
    """What an IN of a byte must give."""
    return READY if port == LSR else 0


def turns(writer, count):
    """The program of watch_switch(): exits that are skipped, and other registers at each."""
    guest = writer.new()
    for _ in range(count):
        guest.trap(CPUID)
        guest.exchange(*writer.rng.sample(FREE, 2))
        guest.load(writer.rng.choice(FREE), writer.value())
        guest.load_flags(writer.rng.randrange(0x10000) & (ARITHMETIC | FLAG_DF), writer.value())
    return writer.done(guest)


def only_rdtsc(writer):
    """Run 0: an exit that nobody handles; the way there shows in the registers."""
    guest = writer.new()
    writer.disturb(guest)
    guest.load(writer.rng.choice(FREE), writer.value())
    guest.trap(RDTSC)
    return writer.done(guest)


def cr0_alone(writer):
    """Run 1: `mov %cr0, reg`, all registers; then one that is not emulated."""
    guest = writer.new()
    for register in writer.rng.sample(REGISTERS, 8) + writer.rng.choices(REGISTERS, k=8):
        writer.disturb(guest)
        writer.ask_for_cr0(guest, register)
    guest.trap(MOV_FROM_CR3)
    return writer.done(guest)


def both_ways(writer):
    """Run 2: #GP goes to the guest's own handler; CPUID does not."""
    guest = writer.new()
    leaves = writer.rng.sample((*LEAVES, HYPERVISOR, 1, HYPERVISOR), 8)
    for register in writer.rng.sample(REGISTERS, 8):
        writer.disturb(guest)
        writer.ask_for_cr0(guest, register)
        if leaves:
            writer.cpuid(guest, leaves.pop())
    writer.end_with_vmcall(guest)
    return writer.done(guest)


def sends(writer, text, end):
    """Run 3: a line of text, byte by byte, each behind a look at the status; what a driver
    does beside; then an exit that nobody handles."""
    guest = writer.new()
    for byte in text.encode("ascii"):
        writer.read(guest)
        writer.write(guest, UART, byte)
        if writer.rng.randrange(3) == 0:
            writer.set_up(guest)
    for port in QUIET:
        writer.read(guest, port)
    for port, byte in SETUP.items():
        writer.write(guest, port, byte)
    writer.end_with_io(guest, end)
    return writer.done(guest)


def mixed(writer, exits, text):
    """Run 6: everything, many times, to its hlt."""
    guest = writer.new()
    rng = writer.rng
    sending = list(text.encode("ascii"))
    while len(guest.traps) < exits or sending:
        kind = rng.randrange(16)
        if kind < 8:
            writer.ask_for_cr0(guest, rng.choice(REGISTERS))
        elif kind < 10:
            writer.cpuid(guest, rng.choice((*LEAVES, HYPERVISOR)))
        elif kind < 13:
            writer.read(guest)
        elif kind < 14:
            writer.set_up(guest)
        elif sending:
            writer.write(guest, UART, sending.pop(0))
        if rng.randrange(4) == 0:
            writer.disturb(guest)
    guest.halt()
    return writer.done(guest)
