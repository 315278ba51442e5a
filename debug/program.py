"""The program that is debugged: is all there that a debugger of it needs?"""

import shutil

from grading.binutils import PREFIX, Labels
from grading.errors import UsageError

MAGIC = b"\x7fELF"


def require(elf, *programs, binutils=()):
    """UsageError if something is not there; `binutils`: those that TOOLPREFIX is for."""
    for program in (*programs, *(PREFIX + tool for tool in binutils)):
        if not shutil.which(program):
            raise UsageError(f"{program} is not installed; ./setup.sh installs it")
    for path in (elf, elf.with_suffix(".img")):
        built(path)
    with open(elf, "rb") as file:
        opens = file.read(len(MAGIC))
    if opens != MAGIC or not Labels(elf).names:
        raise UsageError(f"{elf} is no program with names in it; make builds one")


def built(path):
    """UsageError if a file of the build is not there."""
    if not path.is_file():
        raise UsageError(f"{path} is not built yet; make builds it")
