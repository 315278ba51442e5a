"""Descriptors and paging entries: from bits to the manual's terms.

SDM Vol. 3A, "Segment Descriptors", "System Descriptor Types", "IDT Descriptors",
"32-Bit Paging", "4-Level Paging and 5-Level Paging".
"""

from typing import NamedTuple

PAGE_SIZE = 0x1000

SYSTEM_TYPES = {
    0x1: "16-bit TSS, available", 0x2: "LDT", 0x3: "16-bit TSS, busy", 0x4: "16-bit call gate",
    0x5: "task gate", 0x6: "16-bit interrupt gate", 0x7: "16-bit trap gate",
    0x9: "TSS, available", 0xB: "TSS, busy", 0xC: "call gate",
    0xE: "interrupt gate", 0xF: "trap gate",
}
TSS_AVAILABLE, TSS_BUSY, LDT, CALL_GATE, INTERRUPT_GATE = 0x9, 0xB, 0x2, 0xC, 0xE

P, RW, US, ACCESSED, DIRTY, PS = 0x01, 0x02, 0x04, 0x20, 0x40, 0x80
ADDRESS = 0x000FFFFFFFFFF000
PAGING_FLAGS = ((P, "present", "not present"), (RW, "writable", "read-only"),
                (US, "user", "supervisor"))


class Segment(NamedTuple):
    """A segment descriptor."""

    base: int
    limit: int  # the field of 20 bits
    type: int  # 4 bits
    s: bool  # code or data, not a system segment
    dpl: int
    present: bool
    long: bool  # L: 64-bit code
    big: bool  # D/B
    pages: bool  # G: the limit counts 4-KB pages

    @property
    def last(self):
        """The limit in bytes: the highest offset."""
        return self.limit << 12 | 0xFFF if self.pages else self.limit

    @property
    def kind(self):
        """What it is, in words; without the accessed bit, which the CPU sets."""
        if not self.s:
            return SYSTEM_TYPES.get(self.type, f"reserved type {self.type:#x}")
        if self.type & 8:
            size = "64-bit" if self.long else "32-bit" if self.big else "16-bit"
            kind = f"{size} code, {'readable' if self.type & 2 else 'execute-only'}"
            return kind + (", conforming" if self.type & 4 else "")
        kind = f"{'32-bit' if self.big else '16-bit'} data, "
        kind += "writable" if self.type & 2 else "read-only"
        return kind + (", expand-down" if self.type & 4 else "")

    def __str__(self):
        if not (self.present or self.type or self.base or self.limit):
            return "an empty slot"
        return (f"{self.kind}, base {self.base:#x}, limit {self.last:#x}, DPL {self.dpl}"
                f"{'' if self.present else ', not present'}")


class Gate(NamedTuple):
    """A gate of an IDT."""

    selector: int
    offset: int
    type: int
    dpl: int
    present: bool
    stack: int = 0  # IST, in long mode

    def __str__(self):
        if not any(self):
            return "an empty gate"
        kind = SYSTEM_TYPES.get(self.type, f"reserved type {self.type:#x}")
        return (f"{kind}, {self.selector:#04x}:{self.offset:#x}, DPL {self.dpl}"
                f"{f', IST {self.stack}' if self.stack else ''}"
                f"{'' if self.present else ', not present'}")


def segment(value):
    """The Segment in a descriptor: 8 bytes, or 16 (system segments of long mode)."""
    return Segment(
        base=(value >> 16 & 0xFFFFFF) | (value >> 56 & 0xFF) << 24 | (value >> 64 & 0xFFFFFFFF) << 32,
        limit=(value & 0xFFFF) | value >> 32 & 0xF0000,
        type=value >> 40 & 0xF, s=bool(value >> 44 & 1), dpl=value >> 45 & 3,
        present=bool(value >> 47 & 1), long=bool(value >> 53 & 1), big=bool(value >> 54 & 1),
        pages=bool(value >> 55 & 1))


def gate(value):
    """The Gate in a descriptor of an IDT: 8 bytes, or 16 (long mode)."""
    return Gate(selector=value >> 16 & 0xFFFF,
                offset=(value & 0xFFFF) | value >> 32 & 0xFFFF0000
                | (value >> 64 & 0xFFFFFFFF) << 32,
                type=value >> 40 & 0xF, dpl=value >> 45 & 3, present=bool(value >> 47 & 1),
                stack=value >> 32 & 7)


def paging_entry(value):
    """An entry of a paging structure, in words; without accessed and dirty."""
    if not value & P:
        return "not present" if not value else f"not present ({value:#x})"
    words = [yes if value & flag else no for flag, yes, no in PAGING_FLAGS]
    other = value & ~(ADDRESS | P | RW | US | PS | ACCESSED | DIRTY)
    return (f"{'large page' if value & PS else 'next'} at {value & ADDRESS:#x}, "
            f"{', '.join(words)}{f', flags {other:#x}' if other else ''}")


def selector(value):
    """A selector in words: which table, which slot."""
    return f"{value:#x} ({'LDT' if value & 4 else 'GDT'} slot {value >> 3}, RPL {value & 3})"
