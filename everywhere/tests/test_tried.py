"""The first lines of a test run: with what, and whether anybody has tried that."""

import subprocess
import sys

import pytest

from everywhere import tried
from grading.lab import ROOT

HERE = {"gcc": "gcc 12.2.0", "ld": "ld 2.40", "qemu-system-x86_64": "qemu-system-x86_64 7.2.22",
        "bochs": "bochs 2.7", "gdb": "gdb 13.1", "python": "python 3.11.2"}


def test_what_has_been_tried_is_no_news():
    (line,) = tried.header(HERE)
    assert all(said in line for said in HERE.values())


@pytest.mark.parametrize(("tool", "said"), [
    ("gcc", "gcc 12.20.0"), ("gcc", "gcc 99.1.0"), ("bochs", "bochs 2.70"),
    ("gdb", "gdb (not installed)"), ("ld", "ld (version unknown)"),
])
def test_what_has_not_is_one_line_more(tool, said):
    first, second = tried.header(HERE | {tool: said})
    assert said in first
    assert second.startswith("note: ") and said in second
    assert all(other not in second for name, other in HERE.items() if name != tool)


def test_a_test_run_names_its_tools():
    done = subprocess.run([sys.executable, "-m", "pytest", "-n0",
                           ROOT / "grading" / "tests" / "test_lab.py"], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    line = next(line for line in done.stdout.splitlines() if line.startswith("with: "))
    assert all(f"{tool} " in line for tool in tried.GREEN), line
