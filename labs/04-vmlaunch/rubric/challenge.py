"""Draws a challenge for lab 04: programs for the guest that no monitor has run before.

The layout is struct challenge in ../testbed.h; a test compares the two.
"""

import random
import struct
from typing import NamedTuple

from grading.guest import Guest
from grading.witness import CF, ZF, Told

from . import programs
from .changes import CONTROLS, GUEST, HOST, Change, Spoiled, draw_spoiled

BYTES = 20480  # of the region
HEADER = 1024
CANARIES = 6  # drawn, for the registers that vmlaunch() and vmresume() must keep
RUNS = 10
CHANGES, CHANGES_AT = 32, 512  # of fields: how many, behind the runs
TURNS = 5  # exits of watch_switch()
LAUNCHES = ("vmlaunch", "vmresume")
# How many of each it executes before those that are refused again, by turns: the first enters,
# and so do the others up to the last exit; then three that are refused.
BEFORE = {"vmlaunch": 1 + 2, "vmresume": TURNS - 1 + 1}
REFUSALS = 8
MIXED_EXITS = 1000  # in the long run, at least

GUEST_CR0 = 0x6800  # the field, and what it must hold: PG, NE, ET, PE
CR0 = 0x80000031
PE, PG, NE = 0x00000001, 0x80000000, 0x20
HARMLESS = (0x2, 0x4, 0x8, 0x10000, 0x40000)  # to this guest: MP, EM, TS, WP, AM
GP_EXITS = 1 << 13
RDTSC_EXITING = 0x1000


class Program(NamedTuple):
    """A program for the guest's virtual-8086 mode, and how the monitor is to run it."""

    guest: Guest | None  # None: guest_task
    cr0: int  # what it has
    mask: int
    shadow: int
    bitmap: int = GP_EXITS
    text: str = ""  # what it sends
    spoiled: Spoiled | None = None

    @property
    def changes(self):
        """What is written to its VMCS before the launch: of Change."""
        return self.spoiled.changes if self.spoiled else (Change(GUEST_CR0, self.cr0),)


class Challenge(NamedTuple):
    """What the monitor is confronted with."""

    id: int
    region: int
    content: bytes
    registers: list  # 16 values, with which every program starts
    canaries: list  # of watch_switch()
    turns: Guest  # of watch_switch()
    runs: list  # of Program
    told: tuple = ()  # of witness.Told


def draw_cr0(rng):
    """The guest's CR0, mask and shadow: of what it is told, PE, PG and other bits are made up.

    Of those that are not, at least one is set in the guest's CR0 alone, not in the host's;
    and one in the shadow alone, where it must not count.
    """
    own, ghost = rng.sample(HARMLESS, 2)
    cr0 = CR0 | own | sum(bit for bit in HARMLESS if bit != ghost and rng.randrange(2))
    mask = PE | PG | sum(bit for bit in (*HARMLESS, NE)
                         if bit not in (own, ghost) and rng.randrange(2))
    shadow = rng.randrange(1 << 32) & 0x8005003F & ~(PE | PG) | ghost | rng.choice((0, PE, PG))
    return cr0, mask, shadow


def draw_told(seed):
    """Which of the entries that are refused again are VMfailValid to the program, not
    VMfailInvalid: from the seed, which it does not know."""
    rng = random.Random(f"04-vmlaunch told {seed}")
    again = [(name, BEFORE[name] + number) for number in range(REFUSALS // len(LAUNCHES))
             for name in LAUNCHES]
    return tuple(Told(*each, CF, ZF) for each in again if rng.randrange(2))


def draw(seed, region):
    """The challenge of that seed, for a region at physical address `region`."""
    rng = random.Random(f"04-vmlaunch {seed}")
    number = rng.randrange(1, 1 << 32)
    writer = programs.Writer(rng, region + HEADER)
    turns = programs.turns(writer, TURNS + 1)
    sent, mixed = (f"{word} {rng.randrange(1 << 64):016x}\n" for word in ("sent", "mixed"))
    end = rng.choice(programs.STRINGS if seed % 2 else programs.WIDE)  # both kinds in a grade
    run = lambda guest, **how: Program(guest, *draw_cr0(rng), **how)
    runs = [
        run(programs.only_rdtsc(writer)),
        run(programs.cr0_alone(writer)),
        run(programs.both_ways(writer), bitmap=0),
        run(programs.sends(writer, sent, end), text=sent),
        run(None),
        run(None, bitmap=0),
        run(programs.mixed(writer, MIXED_EXITS, mixed), text=mixed),
    ]
    runs += [run(None, spoiled=draw_spoiled(rng, area)) for area in (CONTROLS, HOST, GUEST)]
    canaries = [rng.randrange(1, 1 << 64) for _ in range(CANARIES)]
    challenge = Challenge(number, region, b"", writer.registers, canaries, turns, runs,
                          draw_told(seed))
    return challenge._replace(content=pack(challenge))


def pack(challenge):
    """The bytes of struct challenge, and the programs' code behind it."""
    turns = challenge.turns
    header = struct.pack("<2I2HI", challenge.id, len(challenge.runs), turns.cs,
                         turns.start - turns.cs * 16, REFUSALS)
    header += struct.pack(f"<{16 + CANARIES}Q", *challenge.registers, *challenge.canaries)
    for run in challenge.runs:
        start = (run.guest.cs, run.guest.start - run.guest.cs * 16) if run.guest else (0, 0)
        header += struct.pack("<2HI2Q2I", *start, len(run.changes), run.mask, run.shadow,
                              run.bitmap, RDTSC_EXITING)
    header = header.ljust(CHANGES_AT, b"\0")
    changes = [change for run in challenge.runs for change in run.changes]
    header += b"".join(struct.pack("<2Q", *change) for change in changes)
    guests = [turns, *(run.guest for run in challenge.runs if run.guest)]
    content = header.ljust(HEADER, b"\0") + b"".join(bytes(guest.code) for guest in guests)
    if len(challenge.runs) > RUNS or len(changes) > CHANGES or len(content) > BYTES:
        raise ValueError(f"{len(content)} bytes do not fit into the challenge region")
    return content.ljust(BYTES, b"\0")
