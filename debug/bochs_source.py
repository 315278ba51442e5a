"""Names and source lines of a built program, as `make` has left it in build/."""

import os
import re
from bisect import bisect_right
from pathlib import Path

from debug import disassemble
from timeline.binary import tool

SYMBOL = re.compile(r"^([0-9a-f]+) (\w) (\S+)$", re.MULTILINE)
PLACE = re.compile(r"^(.*):(\d+)")
NEAR = 4096  # bytes behind a name that still count as its own
ENTRIES = ("vmlaunch", "vmresume")


class Source:
    """The names in an ELF file, both ways, and the source line of an address."""

    def __init__(self, elf):
        self.elf = elf
        found = sorted((int(address, 16), name) for address, kind, name in
                       SYMBOL.findall(tool("nm", elf)) if kind not in "aA")
        self.starts = [address for address, _ in found]
        self.labels = [name for _, name in found]
        self.folder = Path(__file__).resolve().parent.parent
        self.entries = {}  # address → "VMLAUNCH" or "VMRESUME"
        for address, _, text in disassemble.listing(elf):
            if text.split(" ")[0] in ENTRIES:
                self.entries[address] = text.upper()

    def address(self, name):
        """The address of a name; None if there is none."""
        return self.starts[self.labels.index(name)] if name in self.labels else None

    def like(self, name):
        """Some names that begin like this, for one who has mistyped it."""
        return [each for each in self.labels if each.lower().startswith(name[:4].lower())][:5]

    def name(self, address):
        """ "host_entry+0x4"; "" if nothing is near."""
        at = bisect_right(self.starts, address) - 1
        if at < 0 or address - self.starts[at] > NEAR:
            return ""
        # Of names for one address, the first.
        at = self.starts.index(self.starts[at])
        behind = address - self.starts[at]
        return self.labels[at] + (f"+{behind:#x}" if behind else "")

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
        if path.is_relative_to(self.folder):
            path = path.relative_to(self.folder)
        return f"{path}:{match[2]}  {text}".rstrip()
