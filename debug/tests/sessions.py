"""Sessions with bochs-debug: what is typed, what is said, and that nothing stays behind.

BOCHS in the environment names one more Bochs on which the same is tried.
"""

import os
import subprocess
import sys
from contextlib import contextmanager

from grading import lab
from grading.tests import support
from grading.tests.processes import processes

DEBUG = [sys.executable, str(lab.ROOT / "debug" / "bochs-debug")]
OTHER = os.environ.get("BOCHS")
EMULATORS = ["bochs", *([OTHER] if OTHER else [])]
MUTANTS = {each.name: each for each in support.mutants(lab.find("04"))}
LONGEST = 60  # seconds by the clock for a session, which takes one: longer is a hang


@contextmanager
def start(elf, place, emulator="bochs", before=()):
    """A session whose input is a pipe; what it leaves in the file system would be in `place`.

    `before`: a command that it is an argument of.
    """
    with subprocess.Popen([*before, *DEBUG, elf], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=place,
                          env=os.environ | {"TMPDIR": str(place), "BOCHS": emulator}) as child:
        try:
            yield child
        except BaseException:
            child.kill()  # it may be waiting for what the test would have said
            raise


def session(elf, place, *commands, emulator="bochs"):
    """All that a session says; and that nothing is left of it."""
    with start(elf, place, emulator) as child:
        said, _ = child.communicate("\n".join(commands) + "\n", timeout=LONGEST)
    assert child.returncode == 0, said
    assert not processes(place) and not list(place.glob("bochs-debug-*")), said
    assert not list(elf.parent.glob("*.lock"))
    return said


def answers(said):
    """(command, what was said to it) of a session, without the serial line."""
    parts = [part.partition("\n") for part in said.split("bochs> ")[1:]]
    return [(command, "".join(line for line in text.splitlines(True)
                              if not line.startswith("  | ")))
            for command, _, text in parts]


def planted(built, name):
    """The solution of lab 04 with one of the lab's mistakes."""
    mutant = MUTANTS[name]
    return built("04", mutant.file, mutant.replace, mutant.substitute)
