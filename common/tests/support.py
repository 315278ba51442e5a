"""What these tests share: building the programs, booting them, reading their logs."""

import re
import subprocess

from grading import emulators
from grading.build import PREFIX
from grading.lab import ROOT
from grading.process import Limits

EMULATORS = emulators.NAMES
PROGRAMS = ROOT / "common" / "tests" / "programs"
FACT = re.compile(r"^@ (\S+) 0x([0-9a-f]+)$", re.MULTILINE)

REBOOT = b"Hit any key to reboot system\r\n"  # the loader's prompt


def run(*command):
    """The command's output; AssertionError, with all that it said, if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    assert done.returncode == 0, f"{command} ended with code {done.returncode}: {done.stdout}"
    return done.stdout


def build(name, out, *variables):
    """Makes the image of programs/`name` in folder `out`; its path, with .sym beside it.

    Another width needs another `out`: the program's objects have one place for both.
    """
    run("make", "-s", "-C", PROGRAMS / name, "image", f"OUT={out}", *variables)
    return out / name / f"{name}.img"


def build_loader(out):
    """Makes the loader in folder `out`; the path of boot.bin."""
    run("make", "-s", "-C", PROGRAMS / "fault", "loader", f"OUT={out}")
    return out / "common32" / "boot.bin"


def build_old_style(out):
    """The bytes of programs/old-style, whose labels count from 0 and which has no Makefile."""
    out.mkdir(parents=True, exist_ok=True)
    parts = [out / f"program{suffix}" for suffix in (".o", ".elf", ".b")]
    run(f"{PREFIX}gcc", "-m32", f"-I{ROOT}/common", "-c", "-o", parts[0],
        PROGRAMS / "old-style" / "program.S")
    run(f"{PREFIX}ld", "-m", "elf_i386", "-Ttext", "0", "-o", parts[1], parts[0])
    run(f"{PREFIX}objcopy", "-O", "binary", "-j", ".text", parts[1], parts[2])
    return parts[2].read_bytes()


def boot(name, image, folder):
    """One boot, as the grader boots, of an image (bytes) on emulator `name`."""
    folder.mkdir()
    return emulators.boot(emulators.get(name), image, folder, Limits())


def facts(serial):
    """Name → value, of a program's log (bytes)."""
    return {name: int(value, 16) for name, value in FACT.findall(serial.decode())}


def assert_powered_off(outcome):
    """AssertionError unless the run ended as leave() ends it."""
    assert outcome.problem is None, outcome.problem
    assert outcome.over_budget is None, outcome
    assert outcome.powered_off and not outcome.reset, outcome
