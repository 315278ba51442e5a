"""Writes a program for virtual-8086 mode whose memory is mapped, and follows it.

What the program does to the guest's memory and CR3 is done to a Machine at once: the code
is one straight line, and the tasks run in the order in which they are written.
"""

from typing import NamedTuple

from grading.guest import CR0, TOLD, Guest
from grading.witness import REGISTERS, SEGMENTS

from .machine import IDLE, PAGE_SIZE, VECTOR

PREFIXES = {"es": 0x26, "cs": 0x2E, "ss": 0x36, "ds": None, "fs": 0x64, "gs": 0x65}
FLAGS_FIXED = 2


class Want(NamedTuple):
    """What the CPU must show when an instruction traps."""

    cs: int
    ip: int
    registers: dict  # name → value, TOLD (the monitor's CR3) or CR0
    segments: dict
    flags: int
    code: bytes  # the instruction that traps
    cr3: int | None  # what the guest has in CR3; None: it has not written it
    notes: dict  # register → where its value comes from, in words
    step: str  # in words, what the instruction asks for
    refused: str | None = None  # why a value of CR3 must be refused

    @property
    def address(self):
        """The instruction's linear address."""
        return self.cs * 16 + self.ip


class PagedGuest(Guest):
    """A program under construction. Addresses are linear, unless they are called physical."""

    def __init__(self, address, cs, start, machine):
        """`start`: where the task starts, and its segments; `machine`: Machine."""
        super().__init__(address, cs)
        self.machine = machine
        self.start_values = start
        self.segments = {name: start[name] for name in SEGMENTS}
        self.registers["esp"] = start["sp"]
        self.notes = {}
        machine.start()

    def trap(self, code, destination=None, step="", refused=None):
        """An instruction that traps."""
        segments = self.segments | {"cs": self.cs}
        self.traps.append(Want(self.cs, self.ip, dict(self.registers), segments, self.flags,
                               bytes(code), self.machine.cr3, self.notes, step, refused))
        self.notes = {}
        self.emit(bytes(code))

    def mov_from_cr0(self, register):
        """mov %cr0, %register, which lab 01's part of the monitor emulates"""
        self.trap([0x0F, 0x20, 0xC0 + REGISTERS.index(register)], register,
                  f"mov %cr0, %{register}")
        self.registers[register] = CR0
        self.notes[register] = f"after mov %cr0, %{register}"

    def mov_from_cr3(self, register):
        """mov %cr3, %register: what the guest wrote there, or else the real one"""
        self.trap([0x0F, 0x20, 0xD8 + REGISTERS.index(register)], register,
                  f"mov %cr3, %{register}")
        self.registers[register] = TOLD if self.machine.cr3 is None else self.machine.cr3
        self.notes[register] = f"after mov %cr3, %{register}"

    def mov_to_cr3(self, register):
        """mov %register, %cr3: as its value deserves. A refused one goes on in attempt()."""
        value = self.registers[register]
        refused = self.machine.refusal(value)
        self.trap([0x0F, 0x22, 0xD8 + REGISTERS.index(register)], None,
                  f"mov %{register}, %cr3 of {value:#x}", refused)
        if not refused:
            self.machine.load_cr3(value)

    def write_cr3(self, register, value, calm=True):
        """A value that must be accepted; `calm`: a monitor that refuses it ends the task."""
        if calm:
            self.expect_no_gp()
        self.load(register, value)
        self.mov_to_cr3(register)
        if self.traps[-1].refused:
            raise ValueError(f"{value:#x} {self.traps[-1].refused}")

    def attempt(self, register, value, cs):
        """A value that must be refused: the next instruction is in the handler, under `cs`.

        A monitor that goes on behind the instruction finds a hlt there.
        """
        self.expect_gp(cs, 6 + 3 + 1)
        self.load(register, value)
        self.mov_to_cr3(register)
        if not self.traps[-1].refused:
            raise ValueError(f"{value:#x} would be accepted")
        self.emit(0xF4)
        for word in (self.flags | FLAGS_FIXED, self.cs, self.traps[-1].ip):
            self.push(word)
        self.cs = cs
        self.notes["esp"] = "after three words were pushed"

    def last_attempt(self, register, value):
        """The same where the task's stack or vector is not there: the task is over."""
        self.load(register, value)
        self.mov_to_cr3(register)
        if not self.traps[-1].refused:
            raise ValueError(f"{value:#x} would be accepted")
        self.emit(0xF4)
        self.doubt_stack()

    def doubt_stack(self):
        """Three words may have been pushed, or may not."""
        for byte in range(1, 7):
            sp = self.registers["esp"] - byte & 0xFFFF
            self.machine.doubt(self.segments["ss"] * 16 + sp)

    def expect_gp(self, cs, distance):
        """The #GP vector: `distance` bytes behind this instruction, under `cs`."""
        length = 9  # of the instruction
        handler = self.start + len(self.code) + length + distance
        self.store(VECTOR, cs << 16 | handler - cs * 16, "ds")

    def expect_no_gp(self):
        """The #GP vector: a hlt."""
        if self.machine.read(VECTOR, 4) != IDLE.to_bytes(4, "little"):
            self.store(VECTOR, IDLE, "ds")

    def push(self, word):
        """What the monitor does to the stack; no instruction."""
        esp = self.registers["esp"]
        sp = esp - 2 & 0xFFFF
        self.machine.write(self.segments["ss"] * 16 + sp, word.to_bytes(2, "little"))
        self.registers["esp"] = esp & 0xFFFF0000 | sp

    def pop(self, register, size, note=""):
        """pop %register, 2 or 4 bytes"""
        esp = self.registers["esp"]
        content = self.machine.read(self.segments["ss"] * 16 + (esp & 0xFFFF), size)
        self.registers["esp"] = esp & 0xFFFF0000 | esp + size & 0xFFFF
        kept = self.registers[register] & 0xFFFF0000 if size == 2 else 0
        self.registers[register] = kept | int.from_bytes(content, "little")
        self.notes[register] = note or "popped"
        self.emit(*[0x66] * (size == 4), 0x58 + REGISTERS.index(register))

    def push_pop(self, value, register):
        """push $value; pop %register"""
        esp = self.registers["esp"]
        self.machine.write(self.segments["ss"] * 16 + (esp - 4 & 0xFFFF),
                           value.to_bytes(4, "little"))
        super().push_pop(value, register)

    def exchange(self, one, other):
        """xchg %one, %other"""
        super().exchange(one, other)
        for register in (one, other):
            self.notes.pop(register, None)

    def set_segment(self, name, value, eax):
        """mov %ax, %segment; the upper half of EAX is that of `eax`."""
        self.load("eax", eax & 0xFFFF0000 | value)
        self.emit(0x8E, 0xC0 | SEGMENTS.index(name) << 3)
        self.segments[name] = value

    def operand(self, linear, segment, opcode, number):
        """An instruction with a 32-bit operand at segment:disp16."""
        displacement = linear - self.segments[segment] * 16
        if not 0 <= displacement <= 0xFFFC:
            raise ValueError(f"{segment} does not reach {linear:#x}")
        prefix = PREFIXES[segment]
        self.emit(*[] if prefix is None else [prefix], 0x66, opcode, number << 3 | 6,
                  displacement.to_bytes(2, "little"))

    def reaching(self, linear):
        """The data segments that reach a doubleword there."""
        return [name for name in ("ds", "es", "fs", "gs")
                if 0 <= linear - self.segments[name] * 16 <= 0xFFFC]

    def load_memory(self, register, linear, segment):
        """mov segment:disp16, %register"""
        self.operand(linear, segment, 0x8B, REGISTERS.index(register))
        self.registers[register] = int.from_bytes(self.machine.read(linear, 4), "little")
        self.notes[register] = (f"loaded from linear {linear:#x}, which is "
                                f"{self.machine.physical(linear):#x} of the guest's memory")

    def store(self, linear, value, segment):
        """movl $value, segment:disp16"""
        self.operand(linear, segment, 0xC7, 0)
        self.emit(value.to_bytes(4, "little"))
        self.machine.write(linear, value.to_bytes(4, "little"))

    def store_entry(self, page, number, value):
        """Changes an entry of a directory or table in that physical page. One segment does."""
        self.store(self.machine.alias(page * PAGE_SIZE + 4 * number), value, "ds")

    def load(self, register, value):
        """mov $value, %register"""
        super().load(register, value)
        self.notes.pop(register, None)

    def halt(self):
        """hlt, which ends the task"""
        self.trap([0xF4], None, "hlt")
