"""Are the facts of two logs the same? Where a program's parts lie, linkers decide; what
registers held before anybody set them, compilers do; the rest is the CPU's law.

A fact is [name, value, places]: places say what of the program the value can mean, such as
"v86_base+0x12", so that addresses of two builds can be compared.
"""

import re
from bisect import bisect_right
from typing import NamedTuple

from grading.image import ARENA

SYMBOL = re.compile(r"^([0-9a-f]{8,16}) [A-Za-z] (\S+)$", re.MULTILINE)
V86_BYTES = 0x10000  # of the guest's memory, from v86_base on (ldscript)
LOCAL = re.compile(r"\.\d+$|^\.L")  # numbered by the compiler as it likes


class Known(NamedTuple):
    """A difference that is understood: who makes it, where, and why."""

    by: str  # compiler, qemu, bochs
    lab: str  # a pattern of the lab's name
    names: str  # a pattern of the facts' names
    bits: int  # that may differ
    why: str


REGISTER = (1 << 32) - 1
ALLOWED_1 = REGISTER << 32  # half of a capability MSR. SDM Vol. 3D, "VM-Execution Controls"
CR4_SMXE, EFLAGS_RF = 1 << 14, 1 << 16
RESUME = ("EFLAGS.RF, pushed by a fault: QEMU up to 8.2 leaves it clear; Bochs and QEMU 10 set it, "
          "as the SDM says")
KNOWN = (
    Known("compiler", "01-.*", r"trap\.e([abcd]x|[sd]i|bp)", REGISTER,
          "registers that the task of lab 01 does not set: as compiled code left them"),
    Known("qemu", "01-.*", r"trap\.eflags", EFLAGS_RF, RESUME),
    Known("qemu", "05-cr3-exercise", r"dry\.gp\.eflags", EFLAGS_RF, RESUME),
    Known("bochs", "03-.*", r"control\.capability\.[0-4]", ALLOWED_1,
          "what the CPU models offer: Bochs 3.0 allows controls that 2.7 does not"),
    Known("bochs", "03-.*", r"cr4\.fixed1", CR4_SMXE,
          "CR4.SMXE of the Core 2: Bochs 3.0 has no SMX there"),
)


class Map:
    """The symbols of one program."""

    def __init__(self, text):
        """`text`: the output of nm."""
        found = sorted((int(address, 16), name) for address, name in SYMBOL.findall(text)
                       if not LOCAL.search(name))
        names = {}
        for address, name in found:  # of several at one place, always the same
            names[address] = min(name, names.get(address, name))
        self.addresses, self.names = list(names), list(names.values())
        self.v86 = next((address for address, name in found if name == "v86_base"), None)
        self.end = next((address for address, name in found if name == "bss_end"), 0)

    def name(self, address):
        """ "symbol+0x12" of an address in the program; None outside."""
        if not ARENA <= address < self.end:
            return None
        place = bisect_right(self.addresses, address) - 1
        return f"{self.names[place]}+{address - self.addresses[place]:#x}" if place >= 0 else None

    def places(self, value):
        """What `value` can mean: an address, a real-mode segment, an offset in the guest."""
        offset = self.v86 + value if self.v86 and value < V86_BYTES else 0
        return [self.name(value), self.name(16 * value), self.name(offset)]


class Difference(NamedTuple):
    """Between two logs: nothing left in `unknown` is the same."""

    addresses: int  # facts that name the same place, which lies elsewhere
    known: tuple  # of Known
    unknown: tuple  # lines


def compare(lab, ours, theirs, makers):
    """The Difference of two lists of facts; `makers`: whose differences may count as known."""
    if [fact[0] for fact in ours] != [fact[0] for fact in theirs]:
        return Difference(0, (), (first_other_name(ours, theirs),))
    addresses, known, unknown = 0, {}, []
    for (name, value, places), (_, other, elsewhere) in zip(ours, theirs):
        if value == other:
            continue
        if any(one and one == two for one, two in zip(places, elsewhere)):
            addresses += 1
            continue
        for each in KNOWN:
            if each.by in makers and re.fullmatch(each.lab, lab) \
                    and re.fullmatch(each.names, name) and not (value ^ other) & ~each.bits:
                known[each] = True
                break
        else:
            unknown.append(f"{name} is {value:#x}, was {other:#x}")
    return Difference(addresses, tuple(known), tuple(unknown))


def first_other_name(ours, theirs):
    """Where two logs begin to tell other facts."""
    for number, (one, two) in enumerate(zip(ours, theirs)):
        if one[0] != two[0]:
            return f"fact {number} is {one[0]}, was {two[0]}"
    return f"{len(ours)} facts, {len(theirs)} before"
