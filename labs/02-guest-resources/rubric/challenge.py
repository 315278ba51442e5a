"""Draws a challenge for lab 02: tasks that try ports which nobody can foresee.

The layout is struct challenge in ../trystep1.h; a test compares the two.
"""

import random
import struct
from typing import NamedTuple

from grading.guest import ARITHMETIC, FLAG_DF, Guest
from grading.witness import REGISTERS

BYTES = 6144  # of the region
HEADER = 524
TASKS = 64

UART = 0x3F8
ALLOWED = range(UART, UART + 8)

# Harmless here. SMSW with 16 bits does not show the last two.
CR0_LOW, CR0_HIGH = (0x2, 0x4, 0x8), (0x10000, 0x40000)  # MP, EM, TS; WP, AM

# Ports at which something may happen if a wrong bitmap lets a task reach them: DMA, CMOS,
# A20 and reset; disks, screen, power management; the emulators' own.
DANGEROUS = ({0x604, 0x8900, 0x8A00} | set(range(0x00, 0x100)) | set(range(0x170, 0x178))
             | set(range(0x1CE, 0x1D2)) | set(range(0x1F0, 0x1F8)) | set(range(0x370, 0x378))
             | set(range(0x3B0, 0x3E0)) | set(range(0x3F0, 0x3F8)) | set(range(0x400, 0x410))
             | set(range(0x500, 0x520)) | set(range(0xCF8, 0xD00)) | set(range(0xB000, 0xB140))
             | set(range(0xC000, 0xC010)))


class Probe(NamedTuple):
    """An IN or OUT of a task."""

    port: int
    size: int  # bytes
    out: bool

    @property
    def allowed(self):
        """True if the bitmap lets it pass: all its ports must be allowed."""
        return all(port in ALLOWED for port in range(self.port, self.port + self.size))

    def __str__(self):
        width = {1: "byte", 2: "word", 4: "doubleword"}[self.size]
        return f"{'OUT' if self.out else 'IN'} of a {width} at port {self.port:#x}"


class Task(NamedTuple):
    """One program for virtual-8086 mode."""

    guest: Guest
    ip: int
    probes: list
    skip: int = 0
    answer: int = 0


class Challenge(NamedTuple):
    """What the guest's resources are confronted with."""

    id: int
    region: int  # its physical address
    content: bytes
    tasks: list

    def code(self, address):
        """The four bytes at a physical address in the region."""
        start = address - self.region
        return int.from_bytes(self.content[start:start + 4], "little")


def instruction(probe):
    """The machine code of IN and OUT with the port in DX; 16-bit code."""
    opcode = (0xEE if probe.out else 0xEC) + (probe.size > 1)
    return bytes([0x66] * (probe.size == 4) + [opcode])


def allowed_probes():
    """All that may be done with the UART's ports, and leaves the line as it was.

    With the values written: MSR and SCR take any; LCR 3 is 8N1; IER, FCR 0.
    """
    reads = [(Probe(port, size, False), None) for size in (1, 2, 4) for port in ALLOWED
             if port + size - 1 in ALLOWED]
    writes = [(Probe(UART + 7, 1, True), 0xA5), (Probe(UART + 6, 1, True), 0),
              (Probe(UART + 3, 1, True), 3), (Probe(UART + 1, 1, True), 0),
              (Probe(UART + 6, 2, True), 0x5A00), (Probe(UART + 2, 2, True), 0x0300)]
    return reads, writes


def draw_probes(rng):
    """(Probe, value to write) pairs: the UART, its edges, ports anywhere."""
    reads, writes = allowed_probes()
    probes = [(Probe(port, 1, False), None) for port in ALLOWED]
    probes += rng.sample([each for each in reads if each[0].size == 2], 3)
    probes += rng.sample([each for each in reads if each[0].size == 4], 2)
    probes += rng.sample(writes, 3)
    # The neighbours, and what straddles the lower edge: reading does no harm there. At the
    # upper edge it does: if the bitmap lets it pass, QEMU's UART ends the run.
    edges = [(UART - 1, 1), (UART + 8, 1), (UART - 1, 2), (UART - 1, 4), (UART - 3, 4)]
    probes += [(Probe(port, size, False), None) for port, size in edges]
    probes.append((Probe(UART - 1, 2, True), 0))
    # Elsewhere: all bits of the port's number, and of its place in its byte.
    for size in (1, 2, 4):
        for out in (False, True):
            for _ in range(3):
                probes.append((Probe(harmless(rng), size, out), rng.randrange(1 << 32)))
    probes += [(Probe(port, size, False), None)
               for port, size in ((0, 1), (0xFFFF, 1), (0xFFFE, 2), (0xFFFC, 4))]
    probes.append((Probe(UART ^ 1 << rng.randrange(11, 16), 1, False), None))
    rng.shuffle(probes)
    return probes


def harmless(rng):
    """A port where nothing happens, even if it can be reached."""
    while True:
        port = rng.randrange(0x100, 0xFFF0)
        if not DANGEROUS & set(range(port - 4, port + 8)) and port not in range(0x3E0, 0x410):
            return port


class Writer:
    """Writes the tasks one behind the other into the region."""

    def __init__(self, rng, region):
        self.rng = rng
        self.next = region + HEADER

    def new(self):
        """A guest at the next free place, with random registers."""
        lowest = max(0, (self.next + 512 - 0x10000 + 15) // 16)
        guest = Guest(self.next, self.rng.randint(lowest, self.next // 16))
        guest.load_flags(self.rng.randrange(0x10000) & (ARITHMETIC | FLAG_DF), self.value())
        for register in REGISTERS:
            if register != "esp":
                guest.load(register, self.value())
        return guest

    def value(self):
        """A random register value."""
        return self.rng.randrange(1 << 32)

    def done(self, guest, probes, skip=0, answer=0):
        """The finished task; the next one starts behind it."""
        guest.halt()
        self.next = guest.start + len(guest.code)
        return Task(guest, guest.start - guest.cs * 16, probes, skip, answer)

    def probe(self, probe, value):
        """A task of one IN or OUT, then hlt."""
        guest = self.new()
        guest.load("edx", self.rng.randrange(1 << 16) << 16 | probe.port)
        if value is not None:
            guest.load("eax", value)
        guest.trap(instruction(probe))
        return self.done(guest, [probe])

    def going_on(self):
        """A task whose INs of a byte are all denied, and emulated by the testbed."""
        guest = self.new()
        answer = self.rng.randrange(0x100)
        probes = []
        for _ in range(self.rng.randrange(4, 8)):
            probes.append(Probe(harmless(self.rng), 1, False))
            guest.load("edx", self.rng.randrange(1 << 16) << 16 | probes[-1].port)
            guest.load("eax", self.value() & ~0xFF | answer ^ self.rng.randrange(1, 0x100))
            if self.rng.randrange(2):
                guest.exchange(*self.rng.sample(("ecx", "ebx", "ebp", "esi", "edi"), 2))
            guest.trap(instruction(probes[-1]))
            guest.registers["eax"] = guest.registers["eax"] & ~0xFF | answer
        return self.done(guest, probes, 1, answer)


def draw(seed, region):
    """The challenge of that seed, for a region at physical address `region`."""
    rng = random.Random(f"02-guest-resources {seed}")
    writer = Writer(rng, region)
    number = rng.randrange(1, 1 << 32)
    tasks = [writer.probe(*each) for each in draw_probes(rng)]
    tasks += [writer.going_on() for _ in range(2)]
    cr0_bits = sum(rng.sample(CR0_LOW, rng.randrange(4)) + rng.sample(CR0_HIGH, rng.randint(1, 2)))
    return Challenge(number, region, pack(number, cr0_bits, tasks), tasks)


def pack(number, cr0_bits, tasks):
    """The bytes of struct challenge, and the tasks' code behind it."""
    if len(tasks) > TASKS:
        raise ValueError("more than struct challenge holds")
    header = struct.pack("<3I", number, cr0_bits, len(tasks))
    for task in tasks:
        header += struct.pack("<4H", task.guest.cs, task.ip, task.skip, task.answer)
    content = header.ljust(HEADER, b"\0") + b"".join(bytes(task.guest.code) for task in tasks)
    if len(content) > BYTES:
        raise ValueError(f"{len(content)} bytes do not fit into the challenge region")
    return content.ljust(BYTES, b"\0")
