"""What the manual calls it. Read from common/, where the programs have their names from too."""

import re
from functools import cache

from grading.lab import ROOT
from grading.witness import GENERAL

DEFINE = re.compile(r"^#define (VMCS_\w+|EXIT_REASON_\w+)\s+(0x[0-9A-Fa-f]+|\d+)\b", re.MULTILINE)
FIELD = re.compile(r'\{ (VMCS_\w+), "([^"]+)" \}')
REASON = re.compile(r'\[(EXIT_REASON_\w+)\] = "([^"]+)"')


@cache
def numbers():
    """Name → number of all that exit.h and vmcs.h define."""
    folder = ROOT / "common" / "x86"
    return {name: int(value, 0) for file in ("exit.h", "vmcs.h")
            for name, value in DEFINE.findall((folder / file).read_text())}


@cache
def table(file, pattern):
    """Number → name, of a table in a C file of common/."""
    found = pattern.findall((ROOT / "common" / file).read_text())
    return {numbers()[name]: said for name, said in found if name in numbers()}


def exit_reason(reason):
    """The name of a basic exit reason."""
    return table("vmx_names.c", REASON).get(reason, f"exit reason {reason}")


def vmcs_field(encoding):
    """The name of a VMCS field."""
    high = encoding & 1
    name = table("vmcs_names.c", FIELD).get(encoding & ~1)
    return f"{name}{', high half' if high else ''}" if name else f"field {encoding:#x}"


def qualification(reason, value):
    """The exit qualification in words, for the reasons that the labs meet; "" for others.

    SDM Vol. 3C, "Exit Qualification".
    """
    if reason == numbers()["EXIT_REASON_IO_INSTRUCTION"]:
        size, port = (value & 7) + 1, value >> 16 & 0xFFFF
        way = "in from" if value & 8 else "out to"
        text = ", string" if value & 16 else ""
        return f"{way} port {port:#x}, {size} byte{'s' if size > 1 else ''}{text}"
    if reason == numbers()["EXIT_REASON_CONTROL_REGISTER_ACCESS"]:
        number, access = value & 15, value >> 4 & 3
        general = GENERAL[value >> 8 & 15]
        return (f"mov {general} to CR{number}", f"mov CR{number} to {general}", "CLTS",
                f"LMSW of {value >> 16 & 0xFFFF:#x}")[access]
    return ""
