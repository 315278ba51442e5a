"""The state of QEMU's CPU, from what its monitor says to `info registers`.

GDB alone shows offsets without their segments, and does not know in which mode the CPU
reads its code. SDM Vol. 3A, "Modes of Operation"; addresses are linear.
"""

import re
from typing import NamedTuple

REGISTER = re.compile(r"\b([ER][A-Z]{2}|R[89 ]\d? ?|R1[0-5]|CR[0234]|EFER|EFL|RFL)=([0-9a-f]{8,16})\b")
SEGMENT = re.compile(r"^(\wS|LDT|TR) ?=([0-9a-f]{4}) ([0-9a-f]{8,16}) ([0-9a-f]{8}) ([0-9a-f]{8})",
                     re.MULTILINE)
TABLE = re.compile(r"^(GDT|IDT)= +([0-9a-f]{8,16}) ([0-9a-f]{8})", re.MULTILINE)
CPL = re.compile(r"CPL=([0-3])")

CR0_BITS = {0: "PE", 1: "MP", 2: "EM", 3: "TS", 4: "ET", 5: "NE", 16: "WP", 18: "AM", 29: "NW",
            30: "CD", 31: "PG"}
CR4_BITS = {0: "VME", 4: "PSE", 5: "PAE", 11: "UMIP", 13: "VMXE"}
EFER_BITS = {8: "LME", 10: "LMA"}
EFLAGS_BITS = {0: "CF", 2: "PF", 4: "AF", 6: "ZF", 7: "SF", 8: "TF", 9: "IF", 10: "DF", 11: "OF",
               14: "NT", 16: "RF", 17: "VM"}
CR0_PE, CR0_PG, CR4_PSE, CR4_PAE, EFER_LMA, VM = 1, 1 << 31, 1 << 4, 1 << 5, 1 << 10, 1 << 17
CODE_LONG, CODE_BIG = 1 << 21, 1 << 22  # of a descriptor's high dword

REAL, V86, COMPATIBILITY, LONG = ("real mode", "virtual-8086 mode", "compatibility mode",
                                  "64-bit mode")


class Cached(NamedTuple):
    """A segment register, with the part that the CPU keeps to itself."""

    selector: int
    base: int
    limit: int  # in bytes
    attributes: int  # of the descriptor's high dword


class State(NamedTuple):
    """All of it."""

    registers: dict  # "EAX" or "RAX", "EIP" or "RIP", "CR0", "EFER", ...
    segments: dict  # "CS", ..., "LDT", "TR" → Cached
    tables: dict  # "GDT", "IDT" → (base, limit)
    cpl: int

    @property
    def flags(self):
        """EFLAGS or RFLAGS."""
        return self.registers.get("EFL", self.registers.get("RFL", 0))

    @property
    def ip(self):
        """The offset of the next instruction in its code segment."""
        return self.registers.get("EIP", self.registers.get("RIP", 0))

    @property
    def sp(self):
        """ESP or RSP."""
        return self.registers.get("ESP", self.registers.get("RSP", 0))

    @property
    def mode(self):
        """In which mode the CPU is, as the manual calls it."""
        code = self.segments["CS"].attributes
        if not self.registers["CR0"] & CR0_PE:
            return REAL
        if self.flags & VM:
            return V86
        if self.registers.get("EFER", 0) & EFER_LMA:
            return LONG if code & CODE_LONG else COMPATIBILITY
        return f"{32 if code & CODE_BIG else 16}-bit protected mode"

    @property
    def bits(self):
        """How the CPU reads its code: as 16-, 32- or 64-bit."""
        if self.mode == LONG:
            return 64
        return 32 if self.mode not in (REAL, V86) and \
            self.segments["CS"].attributes & CODE_BIG else 16

    @property
    def linear(self):
        """The linear address of the next instruction."""
        if self.mode == LONG:
            return self.ip
        return (self.segments["CS"].base + self.ip) & 0xFFFFFFFF


def parse(text):
    """The State in an answer to `info registers`; ValueError if it is none."""
    registers = {name.replace(" ", ""): int(value, 16) for name, value in REGISTER.findall(text)}
    segments = {name: Cached(*(int(value, 16) for value in values))
                for name, *values in SEGMENT.findall(text)}
    tables = {name: (int(base, 16), int(limit, 16)) for name, base, limit in TABLE.findall(text)}
    ring = CPL.search(text)
    if not ring or "CR0" not in registers or not {"CS", "LDT", "TR"} <= set(segments) \
            or len(tables) < 2:
        raise ValueError("this is no answer to `info registers`")
    return State(registers, segments, tables, int(ring[1]))


def names(value, bits):
    """The bits of `value` that are set, by name, the highest first; others by number."""
    return " ".join(bits.get(bit, f"bit{bit}") for bit in reversed(range(32))
                    if value >> bit & 1 and (bit in bits or bits is not EFLAGS_BITS)) or "-"
