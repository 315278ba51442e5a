"""Machine code in words: objdump reads it as the CPU would, in the mode the CPU is in."""

import os
import re
import subprocess
import tempfile

LONGEST = 15  # bytes of an instruction
MACHINE = {16: "i8086", 32: "i386", 64: "i386:x86-64"}
LINE = re.compile(r"^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*(?:\t(.*))?$", re.MULTILINE)
OBJDUMP = os.environ.get("TOOLPREFIX", "") + "objdump"


def instructions(code, address, bits):
    """(address, bytes, text) of each instruction in `code` (bytes), which lies at `address`.

    `bits`: 16, 32 or 64. A last one that is cut off is left out.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(code)
        file.flush()
        said = subprocess.run(
            [OBJDUMP, "-D", "-b", "binary", "-m", MACHINE[bits], f"--adjust-vma={address:#x}",
             "--insn-width", str(LONGEST), file.name], stdout=subprocess.PIPE, text=True,
            check=True, start_new_session=True).stdout  # a Ctrl-C is not for it
    found = [(int(where, 16), bytes.fromhex(code), (text or "").split("#")[0].strip())
             for where, code, text in LINE.findall(said)]
    return [each for each in found if each[2] != "(bad)" or each[0] + LONGEST < address + len(code)]


def listing(elf):
    """(address, bytes, text) of every instruction of a program, read as its file says."""
    said = subprocess.run([OBJDUMP, "-d", elf], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    return [(int(where, 16), bytes.fromhex(code), (text or "").strip())
            for where, code, text in LINE.findall(said)]


def returns(elf):
    """The addresses of all IRET instructions of a program: ways out of a handler."""
    return [where for where, _, text in listing(elf) if text.startswith("iret")]
