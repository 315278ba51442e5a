"""Names and source lines of a built program, as `make` has left it in build/."""

import os
import re
import stat
from pathlib import Path

from grading.binutils import Labels, listing, tool
from grading.errors import one_line
from grading.lab import ROOT

PLACE = re.compile(r"^(.*):(\d+)")
FIRST = re.compile(r"^[^:\n]+: +(\S+)")  # of a .d file: the source that was compiled
LARGEST = 1 << 20  # bytes of a source file
ENTRIES = ("vmlaunch", "vmresume")


class Source:
    """The names in an ELF file, both ways, and the source line of an address.

    A program says of itself which files it is made of (#line): what it names is shown only if
    it lies in the tree, or if the build compiled it.
    """

    def __init__(self, elf):
        self.elf, self.labels = elf, Labels(elf)
        self.address = self.labels.address
        self.compiled = compiled(elf.parent / "edit")
        self.entries = {}  # address → "VMLAUNCH" or "VMRESUME"
        for address, _, text in listing(elf):
            if text.split(" ")[0] in ENTRIES:
                self.entries[address] = text.upper()

    def like(self, name):
        """Some names that begin like this, for one who has mistyped it."""
        return [one_line(each) for each in self.labels.names
                if each.lower().startswith(name[:4].lower())][:5]

    def name(self, address):
        """ "host_entry+0x4"; "" if nothing is near."""
        label, behind = self.labels.before(address) or ("", 0)
        return one_line(label) + (f"+{behind:#x}" if behind else "")

    def line(self, address):
        """ "labs/04-vmlaunch/launch.S:60  push %rdi", or "" where the ELF says no line."""
        match = PLACE.match(tool("addr2line", "-e", self.elf, f"{address:#x}"))
        if not match or match[2] == "0":
            return ""
        path = Path(os.path.normpath(match[1]))
        text = self.lines(path)[int(match[2]) - 1:int(match[2])]
        if path.is_relative_to(ROOT):
            path = path.relative_to(ROOT)
        return one_line(f"{path}:{match[2]}  {''.join(text).expandtabs().strip()}".rstrip())

    def lines(self, path):
        """The lines of a source file; none if it is not there, or not ours to show."""
        path = Path(os.path.realpath(path))
        if ROOT.resolve() not in path.parents and path not in self.compiled:
            return []
        try:
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return []
                return file.read(LARGEST).decode(errors="replace").split("\n")
        except OSError:
            return []


def compiled(objects):
    """The files that were compiled into the folder `objects`; a link is not what it leads to."""
    records = (record.read_text(errors="replace").replace("\\\n", " ")
               for record in objects.glob("*.d"))
    named = (Path(found[1]) for each in records if (found := FIRST.match(each)))
    return {path.parent.resolve() / path.name for path in named if path.is_absolute()}
