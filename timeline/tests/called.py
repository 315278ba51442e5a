"""timeline/timeline and make, as they are called."""

import subprocess

from grading import lab

PROGRAM = lab.ROOT / "timeline" / "timeline"


def call(*arguments, **options):
    """Runs the program; the finished process."""
    return subprocess.run([PROGRAM, *map(str, arguments)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False, timeout=120, **options)


def make(*arguments, folder=lab.ROOT):
    """The finished process of make in a folder of the tree."""
    return subprocess.run(["make", "-s", *map(str, arguments)], cwd=folder, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False)
