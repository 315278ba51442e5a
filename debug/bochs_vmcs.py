"""The current VMCS of a machine in Bochs: its fields, and the program's tables of them.

A lab's tables (machine_guest[] and so on: struct parameter of labs/03-host-vmx/vmxstep2.h)
say which fields the program means to write, and from which variables; the region says what
is in the VMCS. Both are read out of the machine's memory, so both are as they are now.
"""

import re

from debug import cpu
from grading import manual
from grading.emulators import bochs_vmcs
from grading.witness import GENERAL as NAMES

GENERAL = tuple(map(str.upper, NAMES))
TABLES = re.compile(r"machine(_\w+)?|table")  # of `struct parameter`, in labs 03 to 05
ROW = 16  # bytes of a struct parameter
MOST_ROWS = 256
IA32E_MODE_GUEST = 0x200  # of the VM-entry controls


class Complaint(Exception):
    """What a command says when it cannot do what was asked."""


class Current:
    """The VMCS that is current now."""

    def __init__(self, machine, source, version):
        """`version`: "bochs 2.7"."""
        self.machine, self.source = machine, source
        self.layout = bochs_vmcs.major(version)
        self.known = None  # True if the fields were seen to lie as we think; False if not

    def pointer(self):
        """The address of its region; a Complaint if no VMCS is current."""
        pointer = self.machine.parameters("cpu0.VMX").get("vmcsptr", 0)
        if not pointer or pointer >= 1 << 48:
            raise Complaint("no VMCS is current: that takes VMXON, VMCLEAR and VMPTRLD")
        return pointer

    def fields(self):
        """Its fields; a Complaint if they cannot be had."""
        region = self.machine.physical(self.pointer(), bochs_vmcs.REGION)
        if self.known is False:
            raise Complaint("this Bochs keeps its VMCS in a way that is not known here: no field "
                            "can be shown")
        return bochs_vmcs.Fields(region, self.layout)

    def check(self):
        """At a VM exit: does Bochs itself say the same of the host's state? Looked at once."""
        if self.known is None:
            self.known = self.fields().agrees(self.machine.parameters("cpu0.VMX"))

    def guest(self):
        """The guest as a cpu.State."""
        general = self.machine.state().registers
        return guest(self.fields(), {name: general[name] for name in GENERAL})

    def rows(self):
        """Encoding → address of the variable, of all rows of the program's tables."""
        known, found = set(bochs_vmcs.encodings()), {}
        for name, start in zip(self.source.labels.names, self.source.labels.starts):
            if not TABLES.fullmatch(name):
                continue
            for line in range(MOST_ROWS):
                row = self.machine.physical(start + line * ROW, ROW)
                what, where = (int.from_bytes(row[at:at + 8], "little") for at in (0, 8))
                if not where or what & ~1 not in known:
                    break
                found[what] = where
        return found

    def lines(self, word):
        """All fields that are in a table or not zero; or those with the word in the name."""
        fields, rows = self.fields(), self.rows()
        every = sorted({*bochs_vmcs.encodings(), *rows})
        shown = named(word, every) if word else [each for each in every
                                                 if each in rows or fields[each]]
        lines = [f"VMCS at {self.pointer():#x}"]
        for area in bochs_vmcs.AREAS:
            lines += [self.line(fields, each, rows) for each in shown if bochs_vmcs.area(each) == area]
        if any(line.endswith("  +") for line in lines):
            lines.append("(+ in no table of the program's: by a VMWRITE elsewhere, or by the CPU)")
        return lines

    def line(self, fields, encoding, rows):
        """One field; with its variable, if that has another value now."""
        value, size = fields[encoding], bochs_vmcs.width(encoding)
        line = f"{manual.vmcs_field(encoding):44} {encoding:#06x}  {value:#0{2 + 2 * size}x}"
        if encoding in rows:
            held = int.from_bytes(self.machine.physical(rows[encoding], size), "little")
            return line if held == value else f"{line}   (its variable: {held:#x})"
        return f"{line}  +" if rows and value else line


def named(word, encodings):
    """Those whose names have a word that begins like this; else those that have it anywhere."""
    for beginning in (r"\b", ""):
        pattern = re.compile(beginning + re.escape(word), re.IGNORECASE)
        if found := [each for each in encodings if pattern.search(manual.vmcs_field(each))]:
            return found
    raise Complaint(f"vmcs {word}: no field's name has that in it")


def guest(fields, general):
    """The guest as a cpu.State; `general`: RAX and so on, which are in no VMCS."""
    segments = {}
    for name in bochs_vmcs.SEGMENTS:
        rights = fields.named(f"GUEST_{name}_ACCESS_RIGHTS")
        segments["LDT" if name == "LDTR" else name] = cpu.Cached(
            fields.named(f"GUEST_{name}_SELECTOR"), fields.named(f"GUEST_{name}_BASE"),
            fields.named(f"GUEST_{name}_LIMIT"), (rights & 0xF0FF) << 8)
    registers = dict(general) | {
        name: fields.named(f"GUEST_{name}") for name in ("CR0", "CR3", "CR4", "RIP", "RSP")}
    registers["RFL"] = fields.named("GUEST_RFLAGS")
    long = fields.named("VM_ENTRY_CONTROLS") & IA32E_MODE_GUEST
    registers["EFER"] = cpu.EFER_LMA if long else 0
    tables = {name[:3]: (fields.named(f"GUEST_{name}_BASE"), fields.named(f"GUEST_{name}_LIMIT"))
              for name in ("GDTR", "IDTR")}
    ring = segments["SS"].attributes >> 13 & 3
    return cpu.State(registers, segments, tables, ring)
