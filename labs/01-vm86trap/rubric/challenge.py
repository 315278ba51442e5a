"""Draws a challenge for lab 01: tasks that no monitor has seen before.

The layout is struct challenge in ../testbed.h; a test compares the two.
"""

import random
import struct
from typing import NamedTuple

from grading.guest import ARITHMETIC, FLAG_DF, Guest
from grading.witness import REGISTERS

BYTES = 8192  # of the region
HEADER = 932
STACK = 256  # at the region's end
ROOM = 3072  # more than any task has
GPS, ADDRESSES, CODES, WRITES, TASKS = 8, 8, 48, 12, 24
HONEST, REAL_MODE = 1, 2

SEL_CODE32 = 0x08  # ring 0's CS; and that of a task
FREE = range(0x1000, 0x7000)  # memory that neither the BIOS nor the program uses
DWORDS = 18  # of struct v86_trap

PROBES = 64  # `mov %cr0, reg` in the first task, at least

CR0_PE, CR0_PG = 0x00000001, 0x80000000
CR0_ALWAYS = 0x50020  # NE, WP, AM: harmless here, and to be told as they are
CR0_SOMETIMES = (0x2, 0x4, 0x8)  # MP, EM, TS

NO_REGISTER = 0xFFFFFFFF  # what decode_mov_from_cr0() says of anything else


class Task(NamedTuple):
    """One program for virtual-8086 mode."""

    guest: Guest
    personality: int
    start: dict  # what run_task() is given: cs, ip, ss, sp, ds, es, fs, gs
    refused: bool  # it ends at an instruction that the monitor must refuse


class Gp(NamedTuple):
    """A #GP of ring 0 at 0008:ip, for the handler to tell from a task's."""

    ip: int
    selector: int  # SS is loaded with it

    @property
    def error(self):
        """The error code that the CPU pushes."""
        return self.selector & 0xFFFC


class Challenge(NamedTuple):
    """What a monitor is confronted with, and what is known of it."""

    id: int
    content: bytes  # of the region
    greeting: str
    gps: list
    addresses: list  # of (cs, ip)
    codes: list
    picture: list  # the dwords that set_register() finds in its dry runs
    writes: list  # of (register's number, value)
    tasks: list


def is_mov_from_cr0(code):
    """Three bytes 0F 20 11000rrr, lowest first, in a 32-bit number."""
    return code & 0xFF == 0x0F and code >> 8 & 0xFF == 0x20 and code >> 19 & 0x1F == 0b11000


def decoded(code):
    """What decode_mov_from_cr0() must say of `code`."""
    return code >> 16 & 7 if is_mov_from_cr0(code) else NO_REGISTER


def draw_codes(rng):
    """All eight `mov %cr0, reg`, their neighbours, and every single wrong bit."""
    codes = [bytes([0x0F, 0x20, 0xC0 + register]) for register in range(8)]
    codes += [bytes([0x0F, 0x20, 0xC0 | cr << 3 | rng.randrange(8)]) for cr in (2, 3, 4)]
    codes += [bytes([0x0F, opcode, 0xC0 + rng.randrange(8)]) for opcode in (0x21, 0x22, 0x23)]
    for bit in range(24):
        # Bits 16 to 18 name the register; the CPU itself ignores 22 and 23 (mod).
        if bit not in (16, 17, 18, 22, 23):
            right = int.from_bytes([0x0F, 0x20, 0xC0 + rng.randrange(8)], "little")
            codes.append((right ^ 1 << bit).to_bytes(3, "little"))
    rng.shuffle(codes)
    return [int.from_bytes(code + rng.randbytes(1), "little") for code in codes]


def draw_addresses(rng):
    """CS:IP pairs; in each, CS*16 and IP share bits, so that adding is not oring."""
    pairs = [(0xFFFF, 0xFFFF)]
    while len(pairs) < ADDRESSES:
        cs, ip = rng.randrange(0x10000), rng.randrange(0x10000)
        if cs * 16 & ip:
            pairs.append((cs, ip))
    rng.shuffle(pairs)
    return pairs


def draw_gps(rng):
    """#GPs of ring 0: how many is drawn, too, but two at least. About half of them have no error
    code, as a task's."""
    gps = [Gp(rng.choice(FREE), rng.choice(selectors))
           for selectors in (range(4), range(0x100, 0x10000)) for _ in range(GPS // 2)]
    one, other, *others = gps[0], gps[-1], *gps[1:-1]
    gps = [one, other, *rng.sample(others, rng.randint(0, len(others)))]
    rng.shuffle(gps)
    return gps


def draw_writes(rng):
    """Every register, in no order, some twice; and what lies on the stack: no value that is
    written, nor any dword twice."""
    numbers = [*range(8), *rng.choices(range(8), k=rng.randint(1, WRITES - 8))]
    rng.shuffle(numbers)
    drawn = rng.sample(range(1, 1 << 32), DWORDS + len(numbers))
    return drawn[:DWORDS], list(zip(numbers, drawn[DWORDS:]))


def forbidden(rng):
    """Instructions that trap in virtual-8086 mode and that the monitor must refuse.

    Not WBINVD: QEMU 10 reports its trap two bytes too far.
    """
    register = lambda: rng.randrange(8)
    codes = [[0x0F, 0x20, 0xC0 | cr << 3 | register()] for cr in (2, 3, 4)]
    codes += [
        [0x0F, 0x22, 0xC0 + register()],  # mov reg, %cr0
        [0x0F, 0x22, 0xD8 + register()],  # mov reg, %cr3
        [0x0F, 0x21, 0xC0 + register()],  # mov %dr0, reg
        [0x0F, 0x21, 0xF8 + register()],  # mov %dr7, reg
        [0x0F, 0x23, 0xF8 + register()],  # mov reg, %dr7
        [0x0F, 0x06],  # clts
        [0x0F, 0x01, 0xF0 + register()],  # lmsw reg
        [0x0F, 0x32],  # rdmsr
        [0xFA], [0xFB], [0x9C],  # cli, sti, pushf: IOPL decides
        [0xCD, rng.randrange(32, 256)],  # int n
    ]
    rng.shuffle(codes)
    return codes


class Writer:
    """Writes the tasks one behind the other into the region."""

    def __init__(self, rng, region):
        self.rng = rng
        self.stack_top = region + BYTES
        self.next = region + HEADER

    def segment(self, address, room):
        """A segment that reaches `room` bytes from `address`."""
        lowest = max(0, (address + room - 0x10000 + 15) // 16)
        return self.rng.randint(lowest, address // 16)

    def code_segment(self, address):
        """One for code at `address`, where CS*16 + IP is never CS*16 | IP."""
        while True:
            cs = self.segment(address, ROOM)
            ip = address - cs * 16
            if cs * 16 & ip & ip + ROOM & 0xF000:
                return cs

    def new(self):
        """A guest at the next free place, and where it starts."""
        return self.started(Guest(self.next, self.code_segment(self.next)))

    def low(self):
        """The same below the program, where a task can have ring 0's CS."""
        base = SEL_CODE32 * 16
        return self.started(Guest(base + (self.rng.choice(FREE) | base), SEL_CODE32))

    def started(self, guest):
        """A guest, and where it starts."""
        ss = self.segment(self.stack_top - STACK, STACK + 16)
        start = {"cs": guest.cs, "ip": guest.ip, "ss": ss, "sp": self.stack_top - ss * 16 & 0xFFFF}
        for segment in ("ds", "es", "fs", "gs"):
            start[segment] = self.rng.randrange(0x10000)
        guest.registers["esp"] = start["sp"]
        return guest, start

    def task(self, guest, start, personality=HONEST, refused=False):
        """The finished task; the next one starts behind it."""
        self.next = guest.start + len(guest.code)
        return Task(guest, personality, start, refused)

    def value(self):
        """A random register value."""
        return self.rng.randrange(1 << 32)

    def load_all(self, guest):
        """Random values everywhere, ESP apart."""
        for register in self.rng.sample(REGISTERS, 8):
            if register != "esp":
                guest.load(register, self.value())

    def prepare(self, guest, keep, start):
        """Up to three instructions that do not trap and leave register `keep` alone."""
        rng = self.rng
        free = [register for register in REGISTERS if register != keep]
        for _ in range(rng.randrange(4)):
            kind = rng.randrange(7)
            if kind == 0:
                guest.load(rng.choice(free), self.value())
            elif kind == 1 and keep != "eax":
                guest.load_flags(rng.randrange(0x10000) & (ARITHMETIC | FLAG_DF), self.value())
            elif kind == 2:
                guest.overflow(rng.choice([name for name in free if name != "esp"]))
            elif kind == 3 and keep != "esp":
                guest.load("esp", start["sp"] | rng.randrange(0x10000) << 16)
                guest.push_pop(self.value(), rng.choice([name for name in free if name != "esp"]))
            elif kind == 4:
                guest.exchange(*rng.sample([name for name in free if name != "esp"], 2))
            elif kind == 5:
                guest.smsw(rng.choice(free))
            elif kind == 6:
                guest.far_jump(self.code_segment(guest.start))

    def probe(self, guest, destinations, start):
        """`mov %cr0, reg` for each register, with other instructions in between."""
        for register in destinations:
            if guest.traps:  # up to the first trap, ESP stays as the task was given it
                last = guest.traps[-1].destination
                self.prepare(guest, last, start)
                if register != last:  # so that what it holds is not the answer already
                    guest.load(register, self.value())
            guest.mov_from_cr0(register)


def draw(seed, region):
    """The challenge of that seed, for a region at physical address `region`."""
    rng = random.Random(f"01-vm86trap {seed}")
    writer = Writer(rng, region)
    number = rng.randrange(1, 1 << 32)
    greeting = f"Hello from Virtual-8086 mode, {rng.randrange(1 << 64):016x}\n"
    tasks = []

    guest, start = writer.new()
    guest.say(greeting)
    guest.load_flags(rng.randrange(0x10000), writer.value())
    writer.load_all(guest)
    destinations = list(REGISTERS) * (PROBES // 8) + rng.choices(REGISTERS, k=rng.randrange(8))
    rng.shuffle(destinations)
    writer.probe(guest, destinations, start)
    guest.halt()
    tasks.append(writer.task(guest, start))

    for code in forbidden(rng):
        guest, start = writer.new()
        writer.load_all(guest)
        writer.probe(guest, rng.sample(REGISTERS, rng.randrange(3)), start)
        guest.trap(code)
        guest.emit(0xF4)  # a monitor that skips what it should refuse ends here
        tasks.append(writer.task(guest, start, refused=True))

    guest, start = writer.low()
    guest.halt()
    tasks.append(Task(guest, HONEST, start, refused=False))

    for _ in range(2):
        guest, start = writer.new()
        writer.load_all(guest)
        guest.smsw("ecx")
        writer.probe(guest, rng.sample(REGISTERS, 8), start)
        guest.halt()
        tasks.append(writer.task(guest, start, REAL_MODE))

    challenge = Challenge(number, b"", greeting, draw_gps(rng), draw_addresses(rng),
                          draw_codes(rng), *draw_writes(rng), tasks)
    cr0_bits = CR0_ALWAYS | sum(bit for bit in CR0_SOMETIMES if rng.randrange(2))
    return challenge._replace(content=pack(challenge, cr0_bits))


def rows(form, values, room):
    """An array of struct challenge, of `room` elements: how many there are, then they."""
    if len(values) > room:
        raise ValueError("more than struct challenge holds")
    packed = b"".join(struct.pack("<" + form, *value) for value in values)
    return struct.pack("<I", len(values)) + packed.ljust(room * struct.calcsize("<" + form), b"\0")


def pack(challenge, cr0_bits):
    """The bytes of struct challenge, and the tasks' code behind it."""
    names = ("cs", "ip", "ss", "sp", "ds", "es", "fs", "gs")
    header = struct.pack("<2I", challenge.id, cr0_bits)
    header += rows("2H", challenge.gps, GPS)
    header += rows("2H", challenge.addresses, ADDRESSES)
    header += rows("I", [(code,) for code in challenge.codes], CODES)
    header += struct.pack(f"<{DWORDS}I", *challenge.picture)
    header += rows("2I", challenge.writes, WRITES)
    header += rows("8HI", [(*(task.start[name] for name in names), task.personality)
                           for task in challenge.tasks], TASKS)
    content = header.ljust(HEADER, b"\0") + b"".join(
        bytes(task.guest.code) for task in challenge.tasks if task.start["cs"] != SEL_CODE32)
    if len(content) > BYTES - STACK:
        raise ValueError(f"{len(content)} bytes do not fit into the challenge region")
    return content.ljust(BYTES, b"\0")
