"""The VMCS as Bochs keeps it: its region of memory, field by field, by the manual's names.

How the fields lie in the region is the CPU's own affair (SDM Vol. 3C, "VMCS Region"), and
Bochs' two layouts were found by writing fields and looking. So what is read here is only
believed if Bochs, asked in another way, says the same of the host's state (agrees()).
"""

import re

from grading import manual

REGION = 4096
START = 0x10  # of the first field
STEP = 8  # bytes from one field to the next
# How many fields of each type there is room for, by width: 16 bits, 64, 32, natural.
ROOM = {2: (32, 32, 32, 32), 3: (16, 40, 24, 24)}  # by Bochs' major version
SEGMENTS = ("ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR")
AREAS = ("controls", "exit information", "guest-state area", "host-state area")
WIDTHS = (2, 8, 4, 8)  # bytes
PROBES = {"CR3": "HOST_CR3", "RSP": "HOST_RSP", "RIP": "HOST_RIP",
          "CS": "HOST_CS_SELECTOR", "TR_BASE": "HOST_TR_BASE",
          "vmexit_ctrls": "PRIMARY_VM_EXIT_CONTROLS", "vmcs_linkptr": "LINK_POINTER"}


MAJOR = re.compile(r" (\d+)\.")


def major(version):
    """Which of the layouts a Bochs has: "bochs 2.7". One that is not known is read as the newest."""
    found = MAJOR.search(version)
    return min(max(int(found[1]), min(ROOM)), max(ROOM)) if found else max(ROOM)


def number(name):
    """The encoding of a field: "GUEST_RIP"."""
    return manual.numbers()[f"VMCS_{name}"]


def encodings():
    """Every field's encoding, in order."""
    return sorted(manual.table("vmcs_names.c", manual.FIELD))


def width(encoding):
    """Bytes of a field; of the high half of a 64-bit field, its own 4."""
    return 4 if encoding & 1 else WIDTHS[encoding >> 13 & 3]


def area(encoding):
    """In which of AREAS a field is."""
    return AREAS[encoding >> 10 & 3]


def offset(encoding, layout):
    """Where a field begins in the region, by major(); None: nowhere."""
    room = ROOM[layout]
    size, kind, index = encoding >> 13 & 3, encoding >> 10 & 3, encoding >> 1 & 0x1FF
    if index >= room[size]:
        return None
    before = 4 * sum(room[:size]) + kind * room[size]
    return START + STEP * (before + index) + 4 * (encoding & 1)


class Fields:
    """All fields of one region, as they are now."""

    def __init__(self, region, layout):
        """`region`: its bytes; `layout`: of major()."""
        self.region, self.layout = region, layout

    def __getitem__(self, encoding):
        at = offset(encoding, self.layout)
        if at is None:  # a field that this Bochs has not
            return 0
        value = int.from_bytes(self.region[at:at + width(encoding)], "little")
        if is_rights(encoding):  # Bochs keeps them as a descriptor does, 8 bits higher
            value = (value >> 8 | value << 24) & 0xFFFFFFFF
        return value

    def named(self, name):
        """The value of a field: "GUEST_RIP"."""
        return self[number(name)]

    def agrees(self, said):
        """True if Bochs' own copy of what it took at the last entry says the same.

        `said`: name → value, of its parameters below cpu0.VMX, at a VM exit.
        """
        return all(said.get(name) == self.named(field) for name, field in PROBES.items())


def is_rights(encoding):
    """True of the access rights of a guest segment register."""
    first = number("GUEST_ES_ACCESS_RIGHTS")
    return first <= encoding <= first + 2 * (len(SEGMENTS) - 1)
