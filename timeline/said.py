"""What Bochs' debugger says at a stop, made values: the state, an instruction, the VMCS."""

import re

from grading import manual
from grading.emulators import bochs_vmcs
from grading.emulators.bochs_stops import MODE_SWITCH
from grading.emulators.bochs_record import FLAGS, controls, registers

from timeline.recorder import FIELDS

MODE = re.compile(re.escape(MODE_SWITCH) + r"'(.*)'")
TRACE = re.compile(r"^\(0\)\.\[(\d+)\] \[0x([0-9a-f]+)\] ([0-9a-f]{4}:[0-9a-f]+) \(.*?\): "
                   r"(.*?) *; ([0-9a-f]+)$", re.MULTILINE)
CODE_AT_STOP = re.compile(r"^\(0\) \[0x([0-9a-f]+)\] ([0-9a-f]{4}:[0-9a-f]+) \(.*?\): "
                          r"(.*?) *; ([0-9a-f]+)$", re.MULTILINE)
WORD = re.compile(r"\t0x([0-9a-f]{8})")


def state_of(shown, control):
    """The registers, as the debugger shows them."""
    values = registers(shown)
    values["ip"] = values.pop("rip", None)
    values["flags"] = flags_of(shown)
    control = controls(control)
    return values | {f"cr{number}": control[number] for number in (0, 3) if number in control}


def flags_of(shown):
    """RFLAGS, as the debugger shows it."""
    flags = FLAGS.search(shown)
    return int(flags[1], 16) if flags else None


def fields_of(pieces):
    """Name → value of the FIELDS of the VMCS, from Bochs' memory of it; None if not read."""
    found = [[int(word, 16) for word in WORD.findall(piece)] for piece in pieces]
    if [len(words) for words in found] != [2] * len(FIELDS):
        return None
    return {name: (low | high << 32) & (1 << 8 * bochs_vmcs.width(bochs_vmcs.number(field))) - 1
            for (name, field), (low, high) in zip(FIELDS.items(), found)}


def operands(name, text, old, new):
    """(field, value, "read" or "write") of a VMREAD or VMWRITE between registers."""
    if name not in ("vmread", "vmwrite"):
        return None
    parts = [part.strip().lstrip("%") for part in text.partition(" ")[2].split(",")]
    if len(parts) != 2:
        return None
    source, target = parts
    encoding = old.get(source if name == "vmread" else target)
    value = (new.get(target) if name == "vmread" else old.get(source))
    if encoding is None:
        return None
    return manual.vmcs_field(encoding), value, name[2:]
