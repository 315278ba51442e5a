"""Where an instruction comes from: function, file, line, by the program's own debug information;
and what its bytes say, where nobody has said it yet. nm, addr2line and objdump know."""

import os.path
import re
from functools import cache
from pathlib import Path

from grading import intake
from grading.binutils import LONGEST, MACHINE, Labels, instructions, tool
from grading.lab import ROOT, all_labs

NOP = b"\x90"
BUILT_HEADERS = ("given", "include")  # where a student's file finds the labs' (common/lab.mk)


@cache
def given():
    """Path → name for people, of the sources that students do not write and may see. Which file
    a line is from is said by the student's: a #line may name any."""
    found = [path for each in all_labs() for path in
             (*each.folder.glob("*.h"), *(each.folder / name for name in each.given))]
    found += [path for pattern in ("*.[chS]", "x86/*.h") for path in (ROOT / "common").glob(pattern)]
    return {path: str(path.relative_to(ROOT)) for path in found}


class Program:
    """A built program: `elf`, the lab, and the folder its copies of the student's files are in."""

    def __init__(self, elf, lab, files):
        self.elf, self.lab, self.copies = elf, lab, Path(files)
        self.labels = Labels(elf, "Tt")
        self.address = self.labels.address
        self.foreign = range(0)  # addresses that the challenge of a seed has overwritten
        self.texts = {}  # shown name → text of a source file

    def label(self, address):
        """The label in front of an address, for code that says no line; "" if it is outside."""
        found = None if address in self.foreign else self.labels.before(address)
        return found[0] if found else ""

    def lines(self, addresses):
        """Address → (function, file as the student knows it, line), where the ELF says so.

        Of code that the compiler has put into another function it is the line in that one.
        """
        addresses = sorted(set(addresses) - set(filter(self.foreign.__contains__, addresses)))
        said = tool("addr2line", "-a", "-f", "-i", "-e", self.elf,
                    given="".join(f"{address:#x}\n" for address in addresses))
        places, address, frames = {}, None, []
        for line in [*said.splitlines(), "0xffffffffffffffff"]:
            if re.fullmatch(r"0x[0-9a-f]{8,16}", line):
                if frames and address is not None:
                    places[address] = frames
                address, frames = int(line, 16), []
            else:
                frames.append(line)
        return {address: place for address, frames in places.items()
                if (place := self.place(frames))}

    def place(self, frames):
        """(function, file, line) of addr2line's frames: of the last, which holds the others."""
        function, where = frames[-2:] if len(frames) > 1 else ("??", "??:0")
        match = re.fullmatch(r"(.*):(\d+)(?: \(discriminator \d+\))?", where)
        if not match or match[2] == "0":
            return None
        name = self.shown(match[1])
        return (function, name, int(match[2])) if name else None

    def shown(self, path):
        """The name of a source file for people; its text is kept. None if we do not have it."""
        path = Path(os.path.normpath(self.lab.folder / path))
        if path.name in self.lab.sources and path.parent == self.copies:
            name = f"labs/{self.lab.sources[path.name]}/{path.name}"
        else:
            path = self.original(path)
            name = given().get(path)
        if name and name not in self.texts:
            try:
                self.texts[name] = intake.read_regular(path).decode(errors="replace")
            except intake.Incomplete:
                self.texts[name] = ""
        return name if self.texts.get(name) else None

    def original(self, path):
        """The header that the one at `path` is a copy of; `path`, if it is none."""
        if path.parts[-4:-1] != (self.lab.name, *BUILT_HEADERS):
            return path
        named = [each for each in given() if each.name == path.name and each.suffix == ".h"]
        return min(named, key=lambda each: each.parent != self.lab.folder, default=path)

    def mine(self, name):
        """True of a file that the student writes."""
        return name in {f"labs/{owner}/{file}" for file, owner in self.lab.sources.items()}

    def outs(self, name, bits):
        """The addresses of the OUT instructions in a function."""
        said = tool("objdump", "-d", "-m", MACHINE[bits], f"--disassemble={name}", self.elf)
        return [int(line.split(":")[0], 16) for line in said.splitlines()
                if re.search(r"\tout[bwl]? ", line)]


def disassemble(codes, bits):
    """Bytes → (what its first instruction is in AT&T syntax, how long), for all of `codes`."""
    codes = list(dict.fromkeys(codes))
    padded = b"".join(code[:LONGEST].ljust(2 * LONGEST, NOP) for code in codes)
    return {codes[where // (2 * LONGEST)]: (" ".join(text.split()), len(raw))
            for where, raw, text in instructions(padded, 0, bits) if where % (2 * LONGEST) == 0}
