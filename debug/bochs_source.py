"""Names and source lines of a built program, as `make` has left it in build/."""

import os
import re
from pathlib import Path

from grading.binutils import Labels, listing, tool
from grading.lab import ROOT

PLACE = re.compile(r"^(.*):(\d+)")
ENTRIES = ("vmlaunch", "vmresume")


class Source:
    """The names in an ELF file, both ways, and the source line of an address."""

    def __init__(self, elf):
        self.elf, self.labels = elf, Labels(elf)
        self.address = self.labels.address
        self.entries = {}  # address → "VMLAUNCH" or "VMRESUME"
        for address, _, text in listing(elf):
            if text.split(" ")[0] in ENTRIES:
                self.entries[address] = text.upper()

    def like(self, name):
        """Some names that begin like this, for one who has mistyped it."""
        return [each for each in self.labels.names
                if each.lower().startswith(name[:4].lower())][:5]

    def name(self, address):
        """ "host_entry+0x4"; "" if nothing is near."""
        label, behind = self.labels.before(address) or ("", 0)
        return label + (f"+{behind:#x}" if behind else "")

    def line(self, address):
        """ "labs/04-vmlaunch/launch.S:60  push %rdi", or "" where the ELF says no line."""
        match = PLACE.match(tool("addr2line", "-e", self.elf, f"{address:#x}"))
        if not match or match[2] == "0":
            return ""
        path = Path(os.path.normpath(match[1]))
        try:
            text = path.read_text(errors="replace").splitlines()[int(match[2]) - 1].strip()
        except (OSError, IndexError):
            text = ""
        if path.is_relative_to(ROOT):
            path = path.relative_to(ROOT)
        return f"{path}:{match[2]}  {text}".rstrip()
