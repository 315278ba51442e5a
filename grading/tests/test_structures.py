"""grading/structures.py: descriptors and paging entries, against numbers made by hand from
the manual's pictures, and against a second way to compute them: bit by bit."""

import random

import pytest

from grading import structures
from grading.structures import Gate, Segment

ROUNDS = 300


def hexes(rows):
    """Names for the rows of a table: its first column."""
    return [hex(row[0]) for row in rows]


def system(base, limit, kind, dpl=0, present=True, pages=False):
    """A system segment."""
    return Segment(base, limit, kind, False, dpl, present, False, False, pages)


# SDM Vol. 3A, "Segment Descriptors": value, what is in it, and in words.
SEGMENTS = [
    (0x00CF9A000000FFFF, Segment(0, 0xFFFFF, 0xA, True, 0, True, False, True, True),
     "32-bit code, readable, base 0x0, limit 0xffffffff, DPL 0"),
    (0x00CF93000000FFFF, Segment(0, 0xFFFFF, 0x3, True, 0, True, False, True, True),
     "32-bit data, writable, base 0x0, limit 0xffffffff, DPL 0"),
    (0x00AF9A000000FFFF, Segment(0, 0xFFFFF, 0xA, True, 0, True, True, False, True),
     "64-bit code, readable, base 0x0, limit 0xffffffff, DPL 0"),
    (0x0000FF0012340FFF, Segment(0x1234, 0xFFF, 0xF, True, 3, True, False, False, False),
     "16-bit code, readable, conforming, base 0x1234, limit 0xfff, DPL 3"),
    (0x1240580056789ABC, Segment(0x12005678, 0x9ABC, 8, True, 2, False, False, True, False),
     "32-bit code, execute-only, base 0x12005678, limit 0x9abc, DPL 2, not present"),
    (0x0081B4000000FFFF, Segment(0, 0x1FFFF, 4, True, 1, True, False, False, True),
     "16-bit data, read-only, expand-down, base 0x0, limit 0x1fffffff, DPL 1"),
    (0x0000890191402088, system(0x19140, 0x2088, 0x9),
     "TSS, available, base 0x19140, limit 0x2088, DPL 0"),
    (0x00008B0191402088, system(0x19140, 0x2088, 0xB),
     "TSS, busy, base 0x19140, limit 0x2088, DPL 0"),
    (0xAB000201910F001F, system(0xAB01910F, 0x1F, 2, present=False),
     "LDT, base 0xab01910f, limit 0x1f, DPL 0, not present"),
    (0x00008A0000000000, system(0, 0, 0xA), "reserved type 0xa, base 0x0, limit 0x0, DPL 0"),
    (0, system(0, 0, 0, present=False), "an empty slot"),
    # Not present, and yet not empty.
    (1, system(0, 1, 0, present=False), "reserved type 0x0, base 0x0, limit 0x1, DPL 0, "
     "not present"),
    (0x10000, system(1, 0, 0, present=False), "reserved type 0x0, base 0x1, limit 0x0, DPL 0, "
     "not present"),
]


@pytest.mark.parametrize(("value", "segment", "words"), SEGMENTS, ids=hexes(SEGMENTS))
def test_a_segment_descriptor(value, segment, words):
    assert structures.segment(value) == segment
    assert str(segment) == words


def test_a_system_descriptor_of_long_mode_has_16_bytes():
    """SDM Vol. 3A, "TSS Descriptor in 64-bit mode": the base's upper half lies behind it."""
    low, high = 0x1200890034560067, 0x00000000FFFF8001
    assert structures.segment(high << 64 | low) == system(0xFFFF800112003456, 0x67, 9)
    assert structures.segment(low) == system(0x12003456, 0x67, 9)


# SDM Vol. 3A, "IDT Descriptors".
GATES = [
    (0x00018E0000081234, Gate(8, 0x11234, 0xE, 0, True), "interrupt gate, 0x08:0x11234, DPL 0"),
    (0x0000EF0000040033, Gate(4, 0x33, 0xF, 3, True), "trap gate, 0x04:0x33, DPL 3"),
    (0x0000050000280000, Gate(0x28, 0, 5, 0, False),
     "task gate, 0x28:0x0, DPL 0, not present"),
    (0x00008600F0001234, Gate(0xF000, 0x1234, 6, 0, True),
     "16-bit interrupt gate, 0xf000:0x1234, DPL 0"),
    (0x0000810000080000, Gate(8, 0, 1, 0, True), "16-bit TSS, available, 0x08:0x0, DPL 0"),
    (0x0000800000080000, Gate(8, 0, 0, 0, True), "reserved type 0x0, 0x08:0x0, DPL 0"),
    (0, Gate(0, 0, 0, 0, False), "an empty gate"),
]


@pytest.mark.parametrize(("value", "gate", "words"), GATES, ids=hexes(GATES))
def test_a_gate(value, gate, words):
    assert structures.gate(value) == gate
    assert str(gate) == words


def test_a_gate_of_long_mode_has_16_bytes():
    """SDM Vol. 3A, "64-Bit Mode IDT"."""
    low, high = 0x89AB8E050028CDEF, 0xFFFFFFFF00001234
    gate = structures.gate(high << 64 | low)
    assert gate == Gate(0x28, 0x123489ABCDEF, 0xE, 0, True, stack=5)
    assert str(gate) == "interrupt gate, 0x28:0x123489abcdef, DPL 0, IST 5"


# SDM Vol. 3A, "32-Bit Paging", "4-Level Paging and 5-Level Paging".
ENTRIES = [
    (0, "not present"), (0x86, "not present (0x86)"),
    (0x87, "large page at 0x0, present, writable, user"),
    (0x00018001, "next at 0x18000, present, read-only, supervisor"),
    (0x0001B063, "next at 0x1b000, present, writable, supervisor"),
    (0x00400085 | 0x60, "large page at 0x400000, present, read-only, user"),
    (0x0000119F, "large page at 0x1000, present, writable, user, flags 0x118"),
    (0x000FFFFF000E0009, "next at 0xfffff000e0000, present, read-only, supervisor, flags 0x8"),
    # Bits 52 to 63 are no part of the address: what software put there, and execute-disable.
    (0x8010000000018003, "next at 0x18000, present, writable, supervisor, "
     "flags 0x8010000000000000"),
]


@pytest.mark.parametrize(("value", "words"), ENTRIES, ids=hexes(ENTRIES))
def test_a_paging_entry_in_words(value, words):
    assert structures.paging_entry(value) == words


@pytest.mark.parametrize(("value", "words"), [
    (0, "0x0 (GDT slot 0, RPL 0)"), (0x08, "0x8 (GDT slot 1, RPL 0)"),
    (0x0C, "0xc (LDT slot 1, RPL 0)"), (0x2B, "0x2b (GDT slot 5, RPL 3)"),
    (0xFFFF, "0xffff (LDT slot 8191, RPL 3)")])
def test_a_selector_in_words(value, words):
    assert structures.selector(value) == words


def bits(value, *numbers):
    """The number made of these bits of `value`, lowest first."""
    return sum(1 << place for place, number in enumerate(numbers) if value & 2 ** number)


def low_and_high(low, high):
    """Bit numbers low to high, both included."""
    return range(low, high + 1)


def values(width):
    """Single bits, their complements, and random numbers, always the same."""
    rng = random.Random(f"structures {width}")
    yield from (1 << number for number in range(width))
    yield from ((1 << width) - 1 ^ 1 << number for number in range(width))
    yield from (rng.randrange(1 << width) for _ in range(ROUNDS))


@pytest.mark.parametrize("width", [64, 128])
def test_segments_by_bit_numbers(width):
    for value in values(width):
        segment = structures.segment(value)
        assert segment == (
            bits(value, *low_and_high(16, 39), *low_and_high(56, 63), *low_and_high(64, 95)),
            bits(value, *low_and_high(0, 15), *low_and_high(48, 51)),
            bits(value, *low_and_high(40, 43)), bits(value, 44), bits(value, 45, 46),
            bits(value, 47), bits(value, 53), bits(value, 54), bits(value, 55)), hex(value)
        pages = bits(value, 55)
        assert segment.last == (segment.limit + 1) * (4096 if pages else 1) - 1, hex(value)


@pytest.mark.parametrize("width", [64, 128])
def test_gates_by_bit_numbers(width):
    for value in values(width):
        assert structures.gate(value) == (
            bits(value, *low_and_high(16, 31)),
            bits(value, *low_and_high(0, 15), *low_and_high(48, 63), *low_and_high(64, 95)),
            bits(value, *low_and_high(40, 43)), bits(value, 45, 46), bits(value, 47),
            bits(value, 32, 33, 34)), hex(value)


def changed(decode, value, width):
    """The numbers of the bits that change the words."""
    return {number for number in range(width)
            if str(decode(value)) != str(decode(value ^ 1 << number))}


def test_every_bit_of_a_segment_that_means_something_changes_its_words():
    accessed, for_software, long, big = 40, 52, 53, 54
    code, data = 0x00409A12345678AB, 0x00409212345678AB
    everything = set(range(64)) - {accessed, for_software}
    assert changed(structures.segment, code, 64) == everything
    assert changed(structures.segment, data, 64) == everything - {long}
    assert changed(structures.segment, code | 1 << long, 64) == everything - {big}
    assert changed(structures.segment, 0x0000890191402088, 64) \
        == everything - {long, big} | {accessed}


def test_every_bit_of_a_gate_that_means_something_changes_its_words():
    reserved = set(range(35, 40)) | {44}
    assert changed(structures.gate, 0x00018E0000081234, 64) == set(range(64)) - reserved
    assert changed(structures.gate, 0x00018E0000081234, 128) == set(range(96)) - reserved


def test_only_present_entries_are_decoded():
    for value in values(64):
        words = structures.paging_entry(value)
        assert words.startswith("not present") == (value % 2 == 0), hex(value)
        if value % 2:
            at = bits(value, *low_and_high(12, 51)) << 12
            assert f" at {at:#x}," in words
            assert ("large page" in words) == bool(bits(value, 7))
            assert ("writable" in words) == bool(bits(value, 1))
            assert ("user" in words) == bool(bits(value, 2))
