"""The guest's files are also linked into a 64-bit monitor: nothing in them may depend on
the width of the program around them."""

import subprocess

import pytest

from grading import lab
from grading.lab import ROOT

LAB = lab.find("02")
FLAGS = ["-std=gnu11", "-Og", "-ffreestanding", "-fno-pic", "-mgeneral-regs-only", "-Wall",
         "-Wextra", "-Werror", "-I", str(ROOT / "common")]


@pytest.mark.parametrize("solved", (0, 99))
@pytest.mark.parametrize("width", ("-m32", "-m64"))
@pytest.mark.parametrize("name", (*LAB.edit, "show.S"))
def test_it_compiles_in_either_width(name, width, solved, tmp_path):
    command = ["gcc", width, f"-DSOLVED={solved}", *FLAGS, "-c", LAB.folder / name,
               "-o", tmp_path / "out.o"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


def machine_code(name, width, folder):
    """The bytes of section .v86."""
    out, flat = folder / f"{name}{width}.o", folder / f"{name}{width}.bin"
    subprocess.run(["gcc", width, "-DSOLVED=99", *FLAGS, "-c", LAB.folder / name, "-o", out],
                   check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".v86", out, flat], check=True)
    return flat.read_bytes()


def test_the_guest_s_code_is_the_same_in_both(tmp_path):
    """But for the operands that the linker fills in, which ELF64 keeps elsewhere, and for
    the NOPs of an alignment."""
    short, long = (machine_code("guest.S", width, tmp_path) for width in ("-m32", "-m64"))
    assert len(short) == len(long) > 1000
    assert sum(one != other for one, other in zip(short, long)) <= 2 * 3 + 4 * 2 + 3
