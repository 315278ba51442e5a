"""Checks that only the instructor has: more challenges, and more to look for."""

import subprocess
import sys

import pytest

from grading import emulators, grader, hidden, lab
from grading.errors import UsageError
from grading.tests import support

LAB04 = lab.find("04")
EXAMPLE = lab.ROOT / "docs" / "hidden"
LOOP = "        for (volatile unsigned n = 0; n < 1000; n++)\n                ;\n"


def grade04(sources, work, demands):
    """The result of lab 04, and how many runs it took."""
    emulator = emulators.get(emulators.first_installed(LAB04.emulators))
    values, runs = grader.grade(sources, LAB04, emulator, 7, support.OUT, work=work,
                                demands=demands)
    return values, len(runs)


def test_the_example_lets_the_solution_pass(tmp_path):
    sources = support.write_sources(LAB04, tmp_path / "sources")
    values, runs = grade04(sources, tmp_path / "work", grader.Demands(3, EXAMPLE))
    assert (values["score"], runs) == (100, 3)


def test_the_example_finds_a_monitor_that_dawdles(tmp_path):
    sources = support.write_sources(LAB04, tmp_path / "sources")
    text = (sources / "thevmm.c").read_text()
    assert text.count("static enum handled dispatch(") == 1, "the seam for this mutant"
    head, body = text.split("static enum handled dispatch(")
    (sources / "thevmm.c").write_text(head + "static enum handled dispatch(" +
                                      body.replace("{\n", "{\n" + LOOP, 1))
    strict, _ = grade04(sources, tmp_path / "work", grader.Demands(2, EXAMPLE))
    assert support.lost(strict) == (["04-6"], "04-6"), strict
    assert "instructions from exit to entry" in strict["exercises"][5]["expected"]
    lenient, _ = grade04(sources, tmp_path / "work", grader.Demands())
    assert lenient["score"] == 100


@pytest.mark.parametrize(("content", "says"), [
    ("def check(", "SyntaxError"), ("import nowhere", "ModuleNotFoundError"),
    ("x = 1", "defines no check"),
])
def test_a_file_that_is_no_check(tmp_path, content, says):
    (tmp_path / "04-vmlaunch.py").write_text(content)
    with pytest.raises(UsageError, match=says) as error:
        hidden.rubric(LAB04, tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("arguments", "says"), [
    (["--challenges", "0"], "1 to 16"), (["--challenges", "x"], "1 to 16"),
    (["--hidden", "nowhere"], "no such folder"), (["--hidden", "."], "there is no lab 04-vmlunch"),
])
def test_bad_demands(tmp_path, arguments, says):
    (tmp_path / "04-vmlunch.py").write_text("def check(*_): return {}")
    done = subprocess.run([sys.executable, lab.ROOT / "grading" / "grade",
                           lab.find("01").folder, "--lab", "01", *arguments], text=True,
                          cwd=tmp_path, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 2 and says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_another_check_is_another_grader(tmp_path):
    assert hidden.fingerprint(None) == hidden.fingerprint(tmp_path)
    (tmp_path / "04-vmlaunch.py").write_text("def check(*_): return {}")
    assert hidden.fingerprint(None) != hidden.fingerprint(tmp_path)


def test_students_do_not_have_it():
    from grading import tree
    assert not [path for path in tree.files(lab.ROOT) if "hidden" in path.parts[-1]
                or "docs" in path.parts]
