"""How the cases and the variations are written down: changes to a good VMCS.

Fields and controls have their names of common/x86, and their values from there.
"""

from dataclasses import dataclass

from common.tests.test_vmx import encodings, macros

ENCODINGS, CONTROLS = encodings(), macros("vmx.h")
ALL = (1 << 64) - 1
SIX = "ES CS SS DS FS GS".split()
V86, PROTECTED = "v86", "protected"  # the program's guests: enum guest in trials.h

# By the prefix of a control's name: its field, the MSR that says what may be 1 there, and
# the MSR that knows best what must be.
CLASSES = {"PIN": "PIN_BASED_CONTROLS", "CPU": "PRIMARY_PROCESSOR_BASED_CONTROLS",
           "CPU2": "SECONDARY_PROCESSOR_BASED_CONTROLS", "EXIT": "PRIMARY_VM_EXIT_CONTROLS",
           "ENTRY": "VM_ENTRY_CONTROLS"}
MSRS = {"PIN": 0x481, "CPU": 0x482, "CPU2": 0x48B, "EXIT": 0x483, "ENTRY": 0x484}
TRUE_MSRS = {"PIN": 0x48D, "CPU": 0x48E, "CPU2": 0x48B, "EXIT": 0x48F, "ENTRY": 0x490}


@dataclass(frozen=True)
class Change:
    """A field becomes (old & keep) ^ flip. `flip` may be the name of a label."""

    field: str
    keep: int
    flip: int | str


def to(field, value):
    return Change(field, 0, value)


def on(field, bits):
    return Change(field, ALL & ~bits, bits)


def off(field, bits):
    return Change(field, ALL & ~bits, 0)


def flip(field, bits):
    return Change(field, ALL, bits)


def prefix(control):
    return control.partition("_")[0]


def control(*names):
    """Those controls, all of one class, become 1."""
    return on(CLASSES[prefix(names[0])], sum(CONTROLS[name] for name in names))


def secondary(*names):
    """Those secondary controls become 1, and are activated."""
    return (control("CPU_ACTIVATE_SECONDARY_CONTROLS"), control(*names))


def has(msrs, name):
    """May that control be 1 on a CPU with those MSRs (number → value)?"""
    return bool(msrs.get(MSRS[prefix(name)], 0) >> 32 & CONTROLS[name])
