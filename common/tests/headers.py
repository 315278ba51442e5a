"""The macros of common/x86, as a test reads them."""

import re

from grading.lab import ROOT


def sections(header):
    """Heading → name → value: the macros of a header in common/x86, under the first line
    of the comment above them."""
    text = (ROOT / "common" / "x86" / header).read_text()
    found, heading = {}, None
    for comment, name, value in re.findall(
            r"^/\* (.*?)(?: \*/)?$|^#define (\w+) +(0x[0-9A-F]+|\d+)\b", text, re.MULTILINE):
        if comment:
            heading = comment
        else:
            found.setdefault(heading, {})[name] = int(value, 0)
    return found


def macros(header, prefix=""):
    """Name → value: the macros whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): value for group in sections(header).values()
            for name, value in group.items() if name.startswith(prefix)}


def vmcs_groups():
    """(Heading, pattern) → name → encoding: the tables of vmcs.h."""
    groups = {}
    for heading, group in sections("vmcs.h").items():
        if found := re.fullmatch(r"(.+ Fields?) \(([01x_]+[0A])B\)", heading):
            groups[found.groups()] = {name.removeprefix("VMCS_"): value
                                      for name, value in group.items()}
    return groups


def encodings():
    """Name → encoding, of all fields, in the header's order."""
    return {name: value for group in vmcs_groups().values() for name, value in group.items()}


def macro(name):
    """How the macro of that name is spelled."""
    plain = name.removeprefix("VM entry failed: ").replace("I/O", "IO").replace("IA-32e", "IA32e")
    return re.sub(r"[^A-Z0-9]+", "_", plain.upper()).strip("_")
