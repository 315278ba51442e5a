"""Names and numbers that the program has from common/x86/: read there, not copied."""

import re

from grading.lab import ROOT

X86 = ROOT / "common" / "x86"
DEFINE = re.compile(r"^#define (\w+)\s+(0x[0-9A-F]+)", re.MULTILINE)

HIGH, TYPE, WIDTH = 0x0001, 0x0C00, 0x6000  # parts of an encoding
READ_ONLY = 0x0400
BITS = {0x0000: 16, 0x2000: 64, 0x4000: 32, 0x6000: 64}  # by WIDTH

CLASSES = ("PIN", "CPU", "CPU2", "EXIT", "ENTRY")  # enum vmx_controls


def defines(header):
    """Name → number of the literals in a header of common/x86/."""
    return {name: int(value, 16) for name, value in DEFINE.findall((X86 / header).read_text())}


def fields():
    """Encoding → name of every VMCS field."""
    parts = ("VMCS_HIGH", "VMCS_INDEX", "VMCS_TYPE", "VMCS_WIDTH")
    return {value: name for name, value in defines("vmcs.h").items()
            if name.startswith("VMCS_") and not name.startswith(parts)}


def controls():
    """For each class the mask of all controls that have a name."""
    masks = dict.fromkeys(CLASSES, 0)
    for name, value in defines("vmx.h").items():
        of = name.split("_")[0]
        if of in masks and not name.endswith("_DEFAULT1"):
            masks[of] |= value
    return list(masks.values())


FIELDS = fields()


def mask(encoding):
    """All ones, as wide as the field is."""
    return (1 << BITS[encoding & WIDTH]) - 1


def field(encoding):
    """A field for people."""
    return f"{FIELDS.get(encoding, 'a field that no CPU has')} ({encoding:#06x})"
