"""TOOLPREFIX, for a computer that is no PC: said once, in the environment, it is used by all."""

import json
import os
import subprocess

from everywhere.cells import CROSS
from grading import lab
from grading.tests import support
from grading.tests.one_line import TOOLS, assert_one_line, path_with

FIRST = lab.find("01")
BINUTILS = ("gcc", "ld", "nm", "ar", "objcopy", "objdump")


def grade(prefix, path, *arguments):
    """grading/grade of lab 01's solution, with that prefix in the environment."""
    return subprocess.run(
        [lab.ROOT / "grading" / "grade", FIRST.folder, "--lab", "01", "--emu", "qemu",
         *map(str, arguments)], text=True, capture_output=True, stdin=subprocess.DEVNULL,
        check=False, env=os.environ | {"TOOLPREFIX": prefix, "PATH": str(path)})


def test_tools_with_a_prefix_grade_and_those_without_are_not_asked(tmp_path):
    """As on arm64, where `gcc` makes nothing that a PC runs: here it fails."""
    here = path_with(tmp_path / "bin", (*TOOLS, *(CROSS + tool for tool in (*BINUTILS, "as")),
                                        "cp", "qemu-system-x86_64"))
    for tool in BINUTILS:
        (here / tool).unlink(missing_ok=True)
        (here / tool).write_text("#!/bin/sh\necho 'not me' >&2\nexit 1\n")
        (here / tool).chmod(0o755)
    done = grade(CROSS, here, "--no-sandbox", "--format", "json", "--out", tmp_path / "out")
    assert done.returncode == 0, done
    (result,) = json.loads(done.stdout)["results"]
    assert (result["score"], result["max"]) == (100, 100), done
    assert result["versions"]["compiler"].split()[0].endswith("gcc")


def test_a_prefix_reaches_the_sandbox():
    done = grade(CROSS, os.environ["PATH"], "--out", support.OUT)
    assert "01-vm86trap: 100/100" in done.stdout, done


def test_a_prefix_of_nothing_is_refused(tmp_path):
    done = grade("nowhere-", os.environ["PATH"], "--no-sandbox", "--out", tmp_path / "out")
    assert_one_line(done, "nowhere-gcc is not installed")
