"""QEMU, with its TCG accelerator.

The witness is `-d int`: for each exception a block that opens with
"v=0d e=0000 i=0 cpl=3" and holds every register. Instruction counting with
sleep=off makes time deterministic, and makes a halted CPU use up CPU time
instead of waiting, so that one budget ends every kind of hang.
"""

import os
import re
import subprocess
from itertools import islice

from grading import process
from grading.emulators.frozen import Frozen
from grading.witness import REGISTERS, SEGMENTS, Run, Trap

NAME = "qemu"
PROGRAM = "qemu-system-x86_64"

# An isa-debug-exit write of 0 (common/leave.c) ends QEMU with this code.
POWERED_OFF = 1

MAX_TRAPS = 5000  # read of a witness; an endless fault leaves many more

# A PC without PCI and ACPI, which these programs never look at: its firmware has
# less to do, and a boot takes a quarter less time.
MACHINE = ["-machine", "isapc", "-cpu", "qemu64", "-accel", "tcg", "-no-user-config",
           "-nodefaults", "-net", "none", "-no-reboot",
           "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

BLOCK = re.compile(r"v=([0-9a-f]{2}) e=([0-9a-f]{4}) i=([01]) ")  # i=1: an INT instruction
REGISTER = re.compile(r"\b(E[A-D]X|E[SBD][IP]|EIP|EFL|CR0)=([0-9a-f]{8})")
SEGMENT = re.compile(r"^([C-GS]S) =([0-9a-f]{4}) ", re.MULTILINE)


def interactive(folder, window):
    """The command that boots folder/disk.img for a person, serial line on the terminal."""
    return [PROGRAM, *MACHINE, "-drive", f"file={folder}/disk.img,format=raw,if=ide",
            "-serial", "mon:stdio", *(["-vga", "std"] if window else ["-display", "none"])]


def stock(folder):
    """The same without any tuning of ours, for comparison."""
    return [PROGRAM, "-accel", "tcg", "-nodefaults", "-net", "none", "-no-reboot",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-display", "none",
            "-serial", f"file:{folder}/serial",
            "-drive", f"file={folder}/disk.img,format=raw,if=ide"]


def show(command, folder, stdin=None):
    """Runs it. Ctrl-A X ends it, if the program does not."""
    subprocess.run(command, stdin=stdin, check=False)


class Boot(Frozen):
    """One boot for the grader."""

    def __init__(self, folder, limits, version):
        """Starts QEMU in `folder`, frozen in front of the first instruction."""
        super().__init__(folder)
        command = [PROGRAM, *MACHINE, "-icount", "shift=7,sleep=off", "-display", "none",
                   "-S", "-monitor", "stdio", "-sandbox", SANDBOX, "-serial", "file:serial.log",
                   "-d", "int", "-D", "witness.log",
                   "-drive", "file=disk.img,format=raw,if=ide"]
        self.child = process.start(command, limits, folder, os.environ | {"TMPDIR": str(folder)})

    def words(self):
        """What its monitor must be told to let the CPU run."""
        return "cont\n"

    def wait(self):
        """Waits for its end; the Run that it left."""
        ended = process.finish(self.child)
        serial = process.left(self.folder / "serial.log")
        # Odd codes are the program's doing: it chose what it wrote to the exit port. But
        # QEMU's own failures end with 1, too: before the program, and with a complaint.
        by_program = ended.code == 0 or ended.code > 0 and ended.code % 2 == 1
        complaint = self.complaint(f"{PROGRAM}: ")
        problem = None
        if (not by_program or not serial and complaint) and not ended.over_budget:
            problem = f"QEMU ended with code {ended.code}: {complaint}"
        return Run(
            serial=serial,
            traps=parse(process.left(self.folder / "witness.log").decode(errors="replace")),
            over_budget=ended.over_budget,
            reset=ended.code == 0,
            powered_off=ended.code == POWERED_OFF,
            emulator=NAME,
            cpu_seconds=ended.cpu_seconds,
            problem=problem,
        )


def parse(text):
    """The exceptions in a `-d int` log."""
    blocks = list(islice(BLOCK.finditer(text), MAX_TRAPS))
    ends = [block.start() for block in blocks[1:]] + [len(text)]
    traps = []
    for block, end in zip(blocks, ends):
        body = text[block.end():end].partition("\nSMM: ")[0]
        values = {name.lower(): int(value, 16) for name, value in REGISTER.findall(body)}
        segments = {name.lower(): int(value, 16) for name, value in SEGMENT.findall(body)}
        if block[3] == "1":
            continue
        if len(segments) < len(SEGMENTS) or not {"eip", "efl", "cr0", *REGISTERS} <= set(values):
            continue  # cut off, or an interrupt of 64-bit code: its registers are named R..
        traps.append(Trap(
            vector=int(block[1], 16), error=int(block[2], 16),
            registers={name: values[name] for name in REGISTERS}, segments=segments,
            ip=values["eip"], eflags=values["efl"], cr0=values["cr0"]))
    return traps
