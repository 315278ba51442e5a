"""Draws a challenge for CR3 under VMX: the guest's memory, and programs in it.

The layout is struct challenge in ../testbed.h; a test compares the two. The guest's memory
and the programs are made with what the rubric of 05-cr3-exercise has.
"""

import importlib
import random
import struct
from typing import NamedTuple

from grading import lab
from grading.witness import REGISTERS

NATIVE = lab.find("05-cr3-exercise").rubric().__name__
machines = importlib.import_module(f"{NATIVE}.machine")
paged = importlib.import_module(f"{NATIVE}.paged")

PAGE_SIZE = machines.PAGE_SIZE
HEADER = PAGE_SIZE
BYTES = HEADER + machines.BYTES
RUNS = 24
GP_EXITS = 1 << 13
GENERAL = tuple(name for name in REGISTERS if name != "esp")
SWITCHES = 24  # writes of CR3 in the run without exits, beside the first ones

STRAIGHT, KERNEL, TARGETS = "straight", "through the kernel", "without exits"


class Program(NamedTuple):
    """A program for the guest's virtual-8086 mode, and the way its CR3 goes."""

    guest: object  # VmxGuest
    way: str


class Challenge(NamedTuple):
    """What the monitor is confronted with."""

    id: int
    content: bytes
    registers: list  # 16 values, with which every program starts
    runs: list  # of Program


class VmxGuest(paged.PagedGuest):
    """A guest whose kernel says in CF whether a write of CR3 was refused."""

    def show_cf(self, register, carry):
        """sbb %register, %register: all ones if CF is set."""
        number = REGISTERS.index(register)
        self.emit(0x66, 0x19, 0xC0 | number << 3 | number)
        self.registers[register] = 0xFFFFFFFF if carry else 0
        self.notes[register] = f"CF behind the {self.traps[-1].step}"

    def try_cr3(self, register, value, shown):
        """A write of CR3, accepted or refused; what CF says of it goes to `shown`."""
        self.load(register, value)
        self.emit(0xF8)  # clc
        self.mov_to_cr3(register)
        self.show_cf(shown, self.traps[-1].refused)


class Writer:
    """Writes the programs one behind the other into the pages for code."""

    def __init__(self, rng):
        self.rng = rng
        self.machine, self.layout = machines.draw_machine(rng)
        self.initial = bytearray(self.machine.memory)  # the programs change it as they run
        self.registers = [rng.randrange(1 << 64) for _ in range(16)]
        self.next = machines.CODE_PAGES.start * PAGE_SIZE

    def new(self):
        """A guest at the next free place; all its segments are 0."""
        start = dict.fromkeys(("es", "cs", "ss", "ds", "fs", "gs"), 0)
        start["sp"] = self.layout.stack * PAGE_SIZE + self.rng.randrange(0x200, PAGE_SIZE, 4)
        guest = VmxGuest(self.next, 0, start, self.machine)
        guest.registers |= {name: self.registers[number] & 0xFFFFFFFF
                            for number, name in enumerate(REGISTERS) if name != "esp"}
        guest.sp = start["sp"]
        return guest

    def done(self, guest, way):
        """The finished program; its code is part of the guest's memory."""
        guest.halt()
        end = guest.start + len(guest.code)
        if end > machines.CODE_PAGES.stop * PAGE_SIZE:
            raise ValueError(f"the programs end at {end:#x}: too much code")
        self.initial[guest.start:end] = self.machine.memory[guest.start:end] = guest.code
        self.next = end
        return Program(guest, way)

    def other(self, *registers):
        """A general register that is none of these, and not ESP."""
        return self.rng.choice([name for name in GENERAL if name not in registers])

    def look(self, guest, count=2):
        """Loads from pages that the directories map differently."""
        pages = [page for page in range(machines.FIRST, machines.PAGES)
                 if guest.machine.mapping[page] is not None]
        for register in self.rng.sample(GENERAL, count):
            linear = self.rng.choice(pages) * PAGE_SIZE + self.rng.randrange(0, PAGE_SIZE, 4)
            guest.load_memory(register, linear, "ds")

    def directory(self):
        """The address of one of the guest's directories."""
        return self.rng.choice(self.layout.directories) * PAGE_SIZE

    def write(self, guest, register, value):
        """An accepted write, and what is seen then. ESP is put right again."""
        sp = guest.registers["esp"]
        guest.try_cr3(register, value, self.other(register))
        if register == "esp":
            guest.load("esp", sp)
        self.look(guest)

    def read(self, guest, register):
        """mov %cr3, %register; what ESP was told is copied, and ESP put right again."""
        sp = guest.registers["esp"]
        if register != "esp":
            guest.load(register, self.rng.randrange(1 << 32))
        guest.mov_from_cr3(register)
        if register == "esp":
            to = self.other()
            guest.emit(0x66, 0x89, 0xE0 | REGISTERS.index(to))  # mov %esp, %to
            guest.registers[to] = guest.registers["esp"]
            guest.notes[to] = "after mov %cr3, %esp, copied there"
            guest.load("esp", sp)

    def change_a_table(self, guest):
        """Writes into the table that is in force, where it may. It does not count yet."""
        table = guest.machine.entry(guest.machine.cr3 // PAGE_SIZE) // PAGE_SIZE
        if table not in guest.machine.mapping:
            return
        page = self.rng.choice([page for page in range(machines.FIRST, machines.PAGES)
                                if guest.machine.mapping[page] not in (None, table)
                                and page != self.layout.stack])
        frame = self.rng.choice(self.layout.spare)
        guest.store_entry(table, page, machines.entry_for(self.rng, frame))
        guest.load_memory(self.other(), page * PAGE_SIZE, "ds")


def reads(writer, way):
    """CR3 before anything was written: the truth; CR0 beside it. Then a value, and its like."""
    guest, rng = writer.new(), writer.rng
    for register in rng.sample(REGISTERS, 8):
        writer.read(guest, register)
        if register != "esp" and rng.randrange(2):
            guest.mov_from_cr0(writer.other(register))
    writer.write(guest, rng.choice(GENERAL), writer.directory())
    for register in rng.sample(REGISTERS, 4):
        writer.read(guest, register)
    return writer.done(guest, way)


def writes(writer, way):
    """CR3 from all registers; tables changed in between; read back now and then."""
    guest, rng = writer.new(), writer.rng
    for register in rng.sample(REGISTERS, 8):
        writer.write(guest, register, writer.directory())
        if rng.randrange(2):
            writer.change_a_table(guest)
        if rng.randrange(2):
            writer.read(guest, rng.choice(REGISTERS))
    writer.write(guest, rng.choice(GENERAL), guest.machine.cr3)  # now the changes count
    return writer.done(guest, way)


def refusals(writer, way):
    """Values that must be refused; everything stays as it was."""
    guest, rng, layout = writer.new(), writer.rng, writer.layout
    good = writer.directory()
    guest.try_cr3("ebx", good, "ecx")
    bad = [good | 1 << rng.randrange(12), layout.pair * PAGE_SIZE + layout.misaligned,
           machines.BYTES, 0xFFFFF000, layout.stack * PAGE_SIZE, 0]
    for value in rng.sample(bad, len(bad)):
        if not guest.machine.refusal(value):
            continue
        register = rng.choice(GENERAL)
        guest.try_cr3(register, value, writer.other(register))
        writer.look(guest, 1)
        writer.read(guest, rng.choice(GENERAL))
    return writer.done(guest, way)


def switches(writer):
    """Back and forth between directories whose tables nobody changes: exits at first only; and
    for what no monitor publishes, at any time, and at the end."""
    guest, rng = writer.new(), writer.rng
    for directory in rng.sample(writer.layout.directories, 3):
        writer.write(guest, rng.choice(GENERAL), directory * PAGE_SIZE)
        guest.try_cr3("edi", 0, "esi")  # no value of the monitor's, however many it has
    refused = {*rng.sample(range(SWITCHES), 3), SWITCHES - 1}
    for number in range(SWITCHES):
        writer.write(guest, rng.choice(REGISTERS), writer.directory())
        if rng.randrange(3) == 0:
            writer.read(guest, rng.choice(REGISTERS))
        if number in refused:
            guest.try_cr3("edi", 0, "esi")
    return writer.done(guest, TARGETS)


def draw(seed, region):
    """The challenge of that seed; wherever `region` is, it is the same."""
    rng = random.Random(f"05-cr3-vmx {seed}")
    number = rng.randrange(1, 1 << 32)
    writer = Writer(rng)
    runs = [reads(writer, STRAIGHT), writes(writer, STRAIGHT), refusals(writer, STRAIGHT),
            reads(writer, KERNEL), writes(writer, KERNEL), refusals(writer, KERNEL),
            switches(writer)]
    challenge = Challenge(number, b"", writer.registers, runs)
    return challenge._replace(content=pack(challenge, writer.initial))


def pack(challenge, memory):
    """The bytes of struct challenge, and the guest's memory behind it."""
    header = struct.pack("<2I16Q", challenge.id, len(challenge.runs), *challenge.registers)
    for run in challenge.runs:
        header += struct.pack("<2H2I", run.guest.start, run.guest.sp,
                              GP_EXITS if run.way == STRAIGHT else 0, run.way == TARGETS)
    if len(challenge.runs) > RUNS or len(memory) != machines.BYTES:
        raise ValueError("more than struct challenge holds")
    return header.ljust(HEADER, b"\0") + bytes(memory)
