"""Draws a challenge for lab 05: tasks, and a guest's memory, that no monitor has seen before.

The layout is struct challenge in ../testbed.h; a test compares the two.
"""

import random
import struct
from typing import NamedTuple

from grading.guest import ARITHMETIC, FLAG_DF
from grading.witness import REGISTERS

from . import machine
from .machine import CODE_PAGES, IDLE, PAGE_SIZE
from .paged import PagedGuest

HEADER = 4096  # then the guest's memory, then a page behind it: see decoy()
STRUCT = 1228
CODES, TASKS, POOL_PAGES = 64, 40, 8
HONEST = 1
NEITHER = 0xFFFFFFFF  # what the decoders say of anything else

GENERAL = [name for name in REGISTERS if name != "esp"]
FROM, TO = 0x20, 0x22  # the opcode's second byte


class Task(NamedTuple):
    """One program for virtual-8086 mode."""

    guest: PagedGuest
    start: dict  # what run_task() is given: cs, ip, ss, sp, ds, es, fs, gs
    writes: bool  # it writes CR3, or tries to
    ends: str  # "halt"; "forbidden"; "departure": a refused write without stack or vector
    mapping: list  # at its end, by the guest's frames
    cr3: int | None  # at its end, the guest's; None: it has not written it
    directory: int = 0  # pages of the pool
    table: int = 0


class Challenge(NamedTuple):
    """What a monitor is confronted with, and what is known of it."""

    id: int
    content: bytes  # of the region
    codes: list
    tasks: list


def decoded(code, opcode):
    """What decode_mov_from_cr3() (opcode FROM) or decode_mov_to_cr3() (TO) must say."""
    right = code & 0xFF == 0x0F and code >> 8 & 0xFF == opcode and code >> 19 & 0x1F == 0b11011
    return code >> 16 & 7 if right else NEITHER


def draw_codes(rng):
    """All sixteen, their neighbours, and every single wrong bit."""
    codes = {bytes([0x0F, opcode, 0xD8 + register])
             for opcode in (FROM, TO) for register in range(8)}
    codes |= {bytes([0x0F, opcode, 0xC0 | cr << 3 | rng.randrange(8)])
              for opcode in (FROM, TO) for cr in (0, 2, 4)}
    for opcode in (FROM, TO):
        for bit in range(24):
            # Bits 16 to 18 name the register; the CPU itself ignores 22 and 23 (mod); with
            # bit 9 it is the other direction, and right.
            if bit not in (9, 16, 17, 18, 22, 23):
                right = int.from_bytes([0x0F, opcode, 0xD8 + rng.randrange(8)], "little")
                codes.add((right ^ 1 << bit).to_bytes(3, "little"))
    codes = sorted(codes)
    rng.shuffle(codes)
    return [int.from_bytes(code + rng.randbytes(1), "little") for code in codes]


def forbidden(rng):
    """Instructions that trap in virtual-8086 mode and are nobody's business."""
    register = lambda: rng.randrange(8)
    reads = [[0x0F, FROM, 0xC0 | cr << 3 | register()] for cr in (2, 4)]
    writes = [[0x0F, TO, 0xC0 | cr << 3 | register()] for cr in (0, 2, 4)]
    debug = [[0x0F, opcode, 0xF8 + register()] for opcode in (0x21, 0x23)]
    codes = [*reads, *writes, rng.choice(debug), rng.choice([[0x0F, 0x06], [0xFA], [0x9C]])]
    rng.shuffle(codes)
    return codes


class Writer:
    """Writes the tasks one behind the other into the guest's memory."""

    def __init__(self, rng, region):
        self.rng = rng
        self.region = region  # physical; the monitor's linear address of it, too
        self.machine, self.layout = machine.draw_machine(rng)
        self.initial = bytearray(self.machine.memory)
        self.next = CODE_PAGES.start * PAGE_SIZE + rng.randrange(256)
        self.tasks = []

    def value(self):
        """A random register value."""
        return self.rng.randrange(1 << 32)

    def code_segment(self, address):
        """One that reaches code at `address`."""
        return self.rng.randrange(address // 16 + 1)

    def stack(self):
        """SS and SP somewhere in the stack's page, with room for ten words."""
        top = self.layout.stack * PAGE_SIZE + self.rng.randrange(20, PAGE_SIZE + 1)
        ss = self.rng.randrange(max(0, top - 0xFFF0) // 16 + 1, (top - 20) // 16)
        return ss, top - ss * 16

    def new(self, stack=None):
        """A guest at the next free place, with random registers; `stack`: SS, SP."""
        rng = self.rng
        cs = self.code_segment(self.next)
        ss, sp = stack or self.stack()
        start = {"cs": cs, "ip": self.next - cs * 16, "ss": ss, "sp": sp, "ds": rng.randrange(4)}
        start |= {name: rng.randrange(0x500) for name in ("es", "fs", "gs")}
        guest = PagedGuest(self.next, cs, start, self.machine)
        guest.load_flags(rng.randrange(0x10000), self.value())
        for register in rng.sample(REGISTERS, 8):
            if register != "esp":
                guest.load(register, self.value())
        guest.expect_no_gp()
        return guest

    def done(self, guest, writes, ends="halt"):
        """The task is written; the next one starts behind it."""
        if ends == "halt":
            if writes:
                guest.doubt_stack()  # the testbed tries a #GP there
            guest.halt()
        end = guest.start + len(guest.code)
        if end > IDLE:
            raise ValueError("the tasks do not fit into their pages")
        self.initial[guest.start:end] = self.machine.memory[guest.start:end] = guest.code
        self.next = end + self.rng.randrange(1, 32)
        self.tasks.append(Task(guest, guest.start_values, writes, ends,
                               list(self.machine.mapping), self.machine.cr3))

    def prepare(self, guest, keep):
        """Up to three instructions that do not trap and leave register `keep` alone."""
        rng = self.rng
        free = [name for name in REGISTERS if name not in (keep, "esp")]
        for _ in range(rng.randrange(4)):
            kind = rng.randrange(6)
            if kind == 0:
                guest.load(rng.choice(free), self.value())
            elif kind == 1 and keep != "eax":
                guest.load_flags(rng.randrange(0x10000) & (ARITHMETIC | FLAG_DF), self.value())
            elif kind == 2:
                guest.overflow(rng.choice(free))
            elif kind == 3 and keep != "esp":
                self.load_esp(guest)
                guest.push_pop(self.value(), rng.choice(free))
            elif kind == 4:
                guest.exchange(*rng.sample(free, 2))
            elif kind == 5:
                guest.far_jump(self.code_segment(guest.start))

    def load_esp(self, guest):
        """The stack as the task was given it, and an upper half of ESP for nobody to lose."""
        guest.load("esp", guest.start_values["sp"] | self.rng.randrange(1, 0x10000) << 16)

    def read(self, guest, instructions):
        """`mov %cr3, reg` and `mov %cr0, reg`, with other instructions in between."""
        last = None
        for take, register in instructions:
            if guest.traps:  # up to the first trap, ESP stays as the task was given it
                self.prepare(guest, last)
                if register != last:  # so that what it holds is not the answer already
                    guest.load(register, self.value())
            take(guest, register)
            last = register

    def reading_task(self, rounds, others):
        """Every register `rounds` times from CR3, and `others` from CR0."""
        guest = self.new()
        reads = [(PagedGuest.mov_from_cr3, register) for register in list(REGISTERS) * rounds]
        reads += [(PagedGuest.mov_from_cr0, self.rng.choice(REGISTERS)) for _ in range(others)]
        self.rng.shuffle(reads)
        self.read(guest, reads)
        self.done(guest, False)

    def forbidden_task(self, code):
        """Ends at an instruction that the monitor must refuse."""
        guest = self.new()
        self.read(guest, [(PagedGuest.mov_from_cr3, register) for register in
                          self.rng.sample(GENERAL, self.rng.randrange(3))])
        guest.doubt_stack()  # a monitor may take it for one of its own, and push
        guest.trap(code, None, "an instruction that is refused")
        guest.emit(0xF4)  # a monitor that skips what it should refuse ends here
        self.done(guest, False, "forbidden")


def draw(seed, region):
    """The challenge of that seed, for a region at physical address `region`."""
    from .writes import write_tasks

    rng = random.Random(f"05-cr3-exercise {seed}")
    writer = Writer(rng, region)
    number = rng.randrange(1, 1 << 32)
    codes = draw_codes(rng)
    writer.reading_task(3, 6)
    for code in forbidden(rng):
        writer.forbidden_task(code)
    writer.reading_task(1, 2)
    write_tasks(writer)
    writer.reading_task(1, 2)
    tasks = draw_pool(rng, writer.tasks)
    content = pack(number, codes, tasks) + writer.initial + decoy(rng, writer.layout)
    return Challenge(number, bytes(content), codes, tasks)


def draw_pool(rng, tasks):
    """Gives each task two pages of the pool, and never one that the task before it has:
    the CPU works with that one's structures while the next one's are built.

    Those of the first task, of the last one, and of the one before it, are nobody's
    afterwards, so that what is in them can be read at the end.
    """
    pages = rng.sample(range(POOL_PAGES), POOL_PAGES)
    first, last, previous, others = pages[:2], pages[2:4], pages[4:6], pages[2:]
    pairs = [first, last[::-1]]  # these hold garbage of the other kind when they come again
    for number in range(len(tasks) - 4):
        taken = pairs[-1] + (previous if number == len(tasks) - 5 else [])
        pairs.append(rng.sample([page for page in others if page not in taken], 2))
    pairs += [previous, last]
    return [task._replace(directory=pair[0], table=pair[1]) for task, pair in zip(tasks, pairs)]


def decoy(rng, layout):
    """The page behind the guest's memory: would do as a directory, and as a table."""
    page = bytearray(machine.even(rng, PAGE_SIZE))
    page[:4] = machine.entry_for(rng, layout.tables[0], machine.PS).to_bytes(4, "little")
    return page


def pack(number, codes, tasks):
    """The bytes of struct challenge, and the rest of its page, into which a task pushes."""
    if len(codes) > CODES or len(tasks) > TASKS:
        raise ValueError("more than struct challenge holds")
    header = struct.pack(f"<II{CODES}I", number, len(codes), *codes,
                         *[0] * (CODES - len(codes)))
    header += struct.pack("<I", len(tasks))
    for task in tasks:
        header += struct.pack("<8HIHH", *(task.start[name] for name in
                              ("cs", "ip", "ss", "sp", "ds", "es", "fs", "gs")), HONEST,
                              task.directory, task.table)
    return header.ljust(STRUCT, b"\0").ljust(HEADER, b"\x5a")
