"""What nm and objdump know of a built program: its labels, and its instructions in words.

The tools are those of the compiler: TOOLPREFIX in the environment stands before their names.
"""

import re
import subprocess
import tempfile
from bisect import bisect_right

from grading.build import PREFIX

LONGEST = 15  # bytes of an instruction
NEAR = 4096  # bytes behind a label that still count as its own
MACHINE = {16: "i8086", 32: "i386", 64: "i386:x86-64"}
SYMBOL = re.compile(r"^([0-9a-f]+) (\w) (\S+)$", re.MULTILINE)
LINE = re.compile(r"^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*(?:\t(.*))?$", re.MULTILINE)
SECONDS = 60  # by the clock, for one call: longer is a hang


def tool(name, *arguments, given=""):
    """What a tool of binutils says; "" if it fails: then less is shown."""
    try:
        done = subprocess.run([PREFIX + name, *map(str, arguments)], input=given, check=False,
                              capture_output=True, text=True, errors="replace", timeout=SECONDS,
                              start_new_session=True)  # a Ctrl-C is not for it
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


class Labels:
    """The labels of an ELF file, both ways; those of nm's `kinds`, all but constants if None."""

    def __init__(self, elf, kinds=None):
        found = sorted((int(address, 16), name) for address, kind, name in
                       SYMBOL.findall(tool("nm", elf))
                       if (kind in kinds if kinds else kind not in "aA"))
        self.starts = [address for address, _ in found]
        self.names = [name for _, name in found]

    def address(self, name):
        """The address of a label; None if there is none."""
        return self.starts[self.names.index(name)] if name in self.names else None

    def before(self, address):
        """(the nearest label at or in front of an address, bytes from there); None if none is near.

        Of labels for one address, the first.
        """
        at = bisect_right(self.starts, address) - 1
        if at < 0 or address - self.starts[at] > NEAR:
            return None
        at = self.starts.index(self.starts[at])
        return self.names[at], address - self.starts[at]


def instructions(code, address, bits):
    """(address, bytes, text) of each instruction in `code` (bytes), which lies at `address`.

    Read as the CPU does in a mode of 16, 32 or 64 `bits`. A last one that is cut off is left out.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(code)
        file.flush()
        said = tool("objdump", "-D", "-z", "-b", "binary", "-m", MACHINE[bits],
                    f"--adjust-vma={address:#x}", f"--insn-width={LONGEST}", file.name)
    found = [(where, raw, text.split("#")[0].strip()) for where, raw, text in lines(said)]
    return [each for each in found if each[2] != "(bad)" or each[0] + LONGEST < address + len(code)]


def listing(elf):
    """(address, bytes, text) of every instruction of a program, read as its file says."""
    return lines(tool("objdump", "-d", elf))


def lines(said):
    """The same, of what objdump says."""
    return [(int(where, 16), bytes.fromhex(raw), (text or "").strip())
            for where, raw, text in LINE.findall(said)]
