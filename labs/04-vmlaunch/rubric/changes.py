"""Draws what is changed in a VMCS that the CPU must refuse: several fields, of which one is at
fault. Which one, only the rules tell: SDM Vol. 3C, "VM Entries". The guest never runs, so
that all others may have any value that breaks no rule.
"""

from typing import NamedTuple

# Which checks of the CPU a field must fail.
CONTROLS, HOST, GUEST = "controls", "host state", "guest state"
TOGETHER = 6  # fields that are changed in one VMCS

PE_PG_NE = 0x80000021
CR0_FREE = 0x5001E  # MP, EM, TS, ET, WP, AM
VMXE, PAE = 0x2000, 0x20
CR4_FREE = 0x7DF  # VME to OSXMMEXCPT, without PAE
FLAGS_FREE = 0x247ED5  # of RFLAGS; without VM
V86_LIMIT, V86_ACCESS = 0xFFFF, 0xF3


class Change(NamedTuple):
    """A VMWRITE behind fresh_vmcs()."""

    field: int
    value: int


class Spoiled(NamedTuple):
    """A VMCS with which the CPU must refuse the entry."""

    area: str
    field: int  # the one at fault
    changes: tuple  # of Change


# ---- Kinds of fields. Each: how to draw a value that breaks no rule, and one that does. -------

class Kind(NamedTuple):
    """A field; `good` and `bad` draw its value."""

    field: int
    good: object  # of a random.Random
    bad: object

    def draw(self, rng, harmful):
        """What is to be changed; the last one is at fault, if one is."""
        return [Change(self.field, (self.bad if harmful else self.good)(rng))]


class Segment(Kind):
    """The base of a segment in virtual-8086 mode, and its selector in front of it. `field` is
    that of the base."""

    def draw(self, rng, harmful):
        """The base is 16 times the selector, or it is not."""
        selector = rng.randrange(1 << 16)
        base = selector * 16 ^ (1 << rng.randrange(20) if harmful else 0)
        return [Change(self.field - 0x6806 + 0x0800, selector), Change(self.field, base)]


def some(rng, bits):
    """Some of these bits."""
    return rng.randrange(1 << 64) & bits


def one_of(rng, bits):
    """One of these bits."""
    return rng.choice([1 << bit for bit in range(64) if bits >> bit & 1])


def bits(field, must, free, missed=None):
    """Bits that must be 1, and others that may be. `missed`: those on which every CPU insists,
    if not on all."""
    good = lambda rng: must | some(rng, free)
    return Kind(field, good, lambda rng: good(rng) & ~one_of(rng, missed or must))


def clear(field, must, wrong, free):
    """Bits that must be 1, others that must be 0, others that may be either."""
    good = lambda rng: must | some(rng, free)
    return Kind(field, good, lambda rng: good(rng) | one_of(rng, wrong))


def exactly(field, value, wrong):
    """One value will do; one of the bits `wrong` is not as it is there."""
    return Kind(field, lambda rng: value, lambda rng: value ^ one_of(rng, wrong))


def up_to(field, last, worst):
    """A number from 0 to `last`; from there to `worst` it is wrong."""
    return Kind(field, lambda rng: rng.randrange(last + 1),
                lambda rng: rng.randrange(last + 1, worst + 1))


def page(field):
    """The physical address of a page."""
    good = lambda rng: rng.randrange(1 << 20) << 12
    return Kind(field, good, lambda rng: good(rng) | 1 << rng.randrange(12))


def canonical(field):
    """A linear address: bits 63:47 are alike."""
    good = lambda rng: some(rng, (1 << 47) - 1) | rng.choice((0, (1 << 64) - (1 << 47)))
    return Kind(field, good, lambda rng: good(rng) ^ 1 << 63)


def selector(field):
    """Of the host: RPL 0, in the GDT."""
    good = lambda rng: rng.randrange(1, 1 << 13) << 3
    return Kind(field, good, lambda rng: good(rng) | rng.randrange(1, 8))


def event(field):
    """An event to inject: valid, with a type that there is not; or not valid, whatever it says."""
    return Kind(field, lambda rng: some(rng, (1 << 31) - 1),
                lambda rng: 1 << 31 | 1 << 8 | rng.randrange(256))


# What is set, and what may be, are bits that every CPU has: SDM Vol. 3D, Appendix A.
KINDS = {
    CONTROLS: (
        bits(0x4000, 0x16, 0x9),  # pin-based
        bits(0x4002, 0x0601E172, 0x61801E80, 0x04006172),  # processor-based, with I/O bitmaps
        bits(0x400C, 0x36FFF, 0x8000, 0x36DFB),  # exit, to a 64-bit host
        bits(0x4012, 0x11FF, 0, 0x11FB),  # entry
        page(0x2000), page(0x2002),  # I/O bitmaps
        up_to(0x400A, 4, 255),  # CR3-target count
        event(0x4016),
    ),
    HOST: (
        *(selector(field) for field in range(0x0C00, 0x0C0E, 2)),
        *(canonical(field) for field in (0x6C06, 0x6C08, 0x6C0A, 0x6C0C, 0x6C0E)),
        canonical(0x6C10), canonical(0x6C12),  # SYSENTER_ESP, _EIP
        bits(0x6C00, PE_PG_NE, CR0_FREE),
        bits(0x6C04, VMXE | PAE, CR4_FREE),
        clear(0x6C02, 0, 0xFF << 52, (1 << 32) - 1),  # CR3
    ),
    GUEST: (
        *(Segment(field, None, None) for field in range(0x6806, 0x6812, 2)),
        *(exactly(field, V86_LIMIT, 0xFFFFFFFF) for field in range(0x4800, 0x480C, 2)),
        *(exactly(field, V86_ACCESS, 0xFF) for field in range(0x4814, 0x4820, 2)),
        exactly(0x4820, 0x82, 0x9F),  # LDTR's
        exactly(0x4822, 0x8B, 0x10097),  # TR's; type 3 is a TSS, too
        canonical(0x6812), canonical(0x6814), canonical(0x6816), canonical(0x6818),  # bases
        up_to(0x4810, 0xFFFF, 0xFFFFFFFF), up_to(0x4812, 0xFFFF, 0xFFFFFFFF),  # GDTR, IDTR
        bits(0x6800, PE_PG_NE, CR0_FREE),
        bits(0x6804, VMXE, CR4_FREE),
        clear(0x6802, 0, 0xFF << 52, (1 << 32) - 1),  # CR3
        clear(0x681E, 0, (1 << 64) - (1 << 32), (1 << 32) - 1),  # RIP
        clear(0x6820, 0x20002, 0xFFFFFFFFFFC08028, FLAGS_FREE),
        Kind(0x4826, lambda rng: 0, lambda rng: rng.randrange(4, 256)),  # activity state
        clear(0x4824, 0, 0xFFFFFFE0, 0x8),  # interruptibility
        clear(0x6822, 0, 0xFFFEA7F0, 0x100F),  # pending debug exceptions: Bochs 2.7 checks 32 bits
        Kind(0x2800, lambda rng: (1 << 64) - 1, lambda rng: rng.randrange(1 << 32) | 0x10),  # link
        canonical(0x6824), canonical(0x6826),  # SYSENTER_ESP, _EIP
    ),
}


def draw_spoiled(rng, area):
    """A VMCS that the CPU must refuse for one field of that area."""
    kinds = rng.sample(KINDS[area], TOGETHER)
    at_fault = rng.choice(kinds)
    changes = [change for kind in kinds for change in kind.draw(rng, kind is at_fault)]
    return Spoiled(area, at_fault.field, tuple(changes))
