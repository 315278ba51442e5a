"""The solutions, graded again and again on a machine that has too much to do: full marks each
time. Budgets are CPU time and instructions, never a clock, and every challenge is a new one."""

import contextlib
import signal
import time

import pytest

from bench import inner
from bench.steadiness import busy, grade_all
from grading.tests import support

EACH, FIRST_BESIDES = 20, 120  # grades of each lab on each of its emulators; more of the first


def cases(count, more):
    """(lab, emulator) of each grade: all in turn, then more of the first, which is the fastest."""
    return support.CASES * count + support.CASES[:1] * more


@pytest.mark.parametrize(("count", "more"), [
    pytest.param(1, 3, id="short"),
    pytest.param(EACH, FIRST_BESIDES, id="long", marks=pytest.mark.full)])
def test_under_load_every_grade_is_the_same(count, more, tmp_path):
    chosen = cases(count, more)
    wrong = grade_all(chosen, inner.solved_tree(tmp_path / "tree"), support.OUT, tmp_path)
    assert len(wrong) == len(chosen) >= (300 if count == EACH else 12)
    assert not any(wrong), "\n".join(filter(None, wrong))


def test_the_load_is_there_and_none_of_it_is_left():
    with contextlib.suppress(KeyboardInterrupt), busy(2) as children:
        def seconds():
            return sum(int(field) for child in children for field in
                       open(f"/proc/{child.pid}/stat").read().split(")")[1].split()[11:13])
        before = seconds()
        while seconds() - before < 20:  # ticks: they do run
            time.sleep(0.05)
        raise KeyboardInterrupt
    assert [child.returncode for child in children] == [-signal.SIGKILL] * 2
