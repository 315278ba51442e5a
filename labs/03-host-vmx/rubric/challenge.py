"""Draws a challenge for lab 03: values that no host has seen before.

The layout is struct challenge in ../testbed.h; a test compares the two.
"""

import random
import struct
from typing import NamedTuple

from .attempts import TWICE, WRONG_REVISION, draw_told
from .manual import CLASSES, FIELDS, controls, mask

BYTES = 4784
PAIRS = 224
ATTEMPTS = 8
UNKNOWN = 8  # encodings that no CPU has

CPUID_VMX = 1 << 5
LOCK, IN_SMX, OUTSIDE_SMX = 1, 2, 4  # IA32_FEATURE_CONTROL
OTHER_FEATURES = 0x16FF02
TRUE_MSRS = 1 << 55  # IA32_VMX_BASIC
PAGE_2M = 0x200000
MUST = 1 << 4  # of made-up controls: must be 1, and nobody wants it


class Control(NamedTuple):
    """A made-up capability MSR, and what is wanted of it."""

    capability: int
    wanted: int


class Challenge(NamedTuple):
    """What a host is confronted with."""

    id: int
    content: bytes  # of the region
    leaf1_ecx: list
    feature_control: list
    port92: list
    fixed: list  # of (value, fixed0, fixed1)
    vmx_basic: list
    attempts: list
    revision_error: int
    misalignment: int
    selector: int
    window_va: int
    window_pa: int
    window_word: int
    control: list  # of Control
    wanted: list  # by class
    poison: int
    machine: list  # of (encoding, cell)
    results: list  # of encodings
    told: tuple = ()  # of witness.Told


def shuffled(rng, values):
    """The same in random order."""
    values = list(values)
    rng.shuffle(values)
    return values


def draw_leaf1(rng):
    """With bit 5 and without; its neighbours are the other way round."""
    anything = lambda: rng.getrandbits(32)
    return shuffled(rng, [
        CPUID_VMX, ~CPUID_VMX & 0xFFFFFFFF,
        (anything() | CPUID_VMX) & ~(CPUID_VMX << 1 | CPUID_VMX >> 1),
        (anything() & ~CPUID_VMX) | CPUID_VMX << 1 | CPUID_VMX >> 1,
        anything() | CPUID_VMX])


def draw_feature_control(rng):
    """Every combination of lock, VMX and VMX in SMX that matters."""
    others = lambda: rng.getrandbits(24) & OTHER_FEATURES & ~IN_SMX
    return shuffled(rng, [
        others(), others() | IN_SMX | 1 << 20, others() | OUTSIDE_SMX,
        others() | LOCK, others() | LOCK | IN_SMX, others() | LOCK | OUTSIDE_SMX])


def draw_port92(rng):
    """Each combination of A20 and reset, other bits anyhow but never all clear."""
    return shuffled(rng, [rng.randrange(1, 64) << 2 | low for low in range(4)])


def draw_fixed(rng):
    """Values that lack bits they must have and have bits they must not have."""
    drawn = []
    while len(drawn) < 3:
        value, fixed1 = rng.getrandbits(64), rng.getrandbits(64)
        fixed0 = rng.getrandbits(64) & fixed1
        if fixed0 & ~value and value & ~fixed1:
            drawn.append((value, fixed0, fixed1))
    return drawn


def draw_controls(rng):
    """Nothing, something, and the highest bit alone cannot be had; something must be 1."""
    drawn = []
    for missing in shuffled(rng, [0, 1 << 31, None, None]):
        if missing is None:
            missing = 0
            while missing.bit_count() < 4:
                missing = rng.getrandbits(32) & ~MUST
        may_be_1 = rng.getrandbits(32) & ~missing | MUST
        must_be_1 = rng.getrandbits(32) & may_be_1 | MUST
        wanted = rng.getrandbits(32) & may_be_1 & ~MUST | missing
        drawn.append(Control(may_be_1 << 32 | must_be_1, wanted))
    return drawn


def draw_window(rng):
    """A linear address in another PML4 slot than 0, no two indices alike, and a page
    of existing memory."""
    slot, directory, page = rng.sample(range(1, 512), 3)
    va = slot << 39 | directory << 30 | page << 21
    return va | (0xFFFF << 48 if slot & 256 else 0), rng.randrange(1, 14) * PAGE_2M


def draw_pairs(rng):
    """Every field there is, and some that there are not, with random values whose
    upper bits, beyond the field's width, are no zeros."""
    encodings = list(FIELDS)
    while len(encodings) < len(FIELDS) + UNKNOWN:
        encoding = rng.randrange(4) << 13 | rng.randrange(4) << 10 | rng.randrange(256, 512) << 1
        if encoding not in encodings:
            encodings.append(encoding)
    return [(what, rng.getrandbits(64) | ~mask(what) & 0x8001000100010000)
            for what in shuffled(rng, encodings)]


def draw(seed, region):
    """The challenge of that seed; `region` does not matter here."""
    rng = random.Random(f"03-host-vmx {seed}")
    window_va, window_pa = draw_window(rng)
    basic = rng.getrandbits(63) | 1 << 31
    machine = draw_pairs(rng)
    challenge = Challenge(
        id=rng.randrange(1, 1 << 32), content=b"",
        leaf1_ecx=draw_leaf1(rng), feature_control=draw_feature_control(rng),
        port92=draw_port92(rng), fixed=draw_fixed(rng),
        vmx_basic=shuffled(rng, [basic | TRUE_MSRS,
                                 (rng.getrandbits(63) | 1 << 31) & ~TRUE_MSRS]),
        attempts=shuffled(rng, range(WRONG_REVISION, TWICE + 1)),
        revision_error=rng.randrange(1, 1 << 31), misalignment=rng.randrange(1, 4096),
        selector=rng.randrange(5, 1 << 13) << 3 | rng.randrange(4),
        window_va=window_va, window_pa=window_pa, window_word=rng.getrandbits(64),
        control=draw_controls(rng),
        wanted=[rng.getrandbits(32) & known for known in controls()],
        poison=int.from_bytes(bytes(rng.randrange(1, 256) for _ in range(8)), "little"),
        machine=machine, results=shuffled(rng, [what for what, _ in machine]))
    return challenge._replace(content=pack(challenge),
                              told=draw_told(seed, challenge.attempts))


def pack(challenge):
    """The bytes of struct challenge."""
    if len(challenge.machine) > PAIRS:
        raise ValueError("more pairs than struct challenge holds")
    each = challenge
    content = struct.pack("<6I", each.id, *each.leaf1_ecx)
    content += struct.pack("<6Q4BI", *each.feature_control, *each.port92, each.revision_error)
    content += struct.pack("<9Q2Q", *(part for row in each.fixed for part in row),
                           *each.vmx_basic)
    content += bytes(each.attempts).ljust(ATTEMPTS, b"\0")
    content += struct.pack("<2HI", each.misalignment, each.selector, len(each.machine))
    content += struct.pack("<3Q", each.window_va, each.window_pa, each.window_word)
    content += b"".join(struct.pack("<Q2I", *control, 0) for control in each.control)
    content += struct.pack(f"<{len(CLASSES)}IIQ", *each.wanted, 0, each.poison)
    content += b"".join(struct.pack("<2IQ", what, 0, cell) for what, cell in each.machine) \
        .ljust(16 * PAIRS, b"\0")
    content += b"".join(struct.pack("<I", what) for what in each.results).ljust(4 * PAIRS, b"\0")
    return content
