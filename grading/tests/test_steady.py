"""The solutions, graded again and again on a machine that has too much to do: full marks each
time. Budgets are CPU time and instructions, never a clock, and every challenge is a new one.

A failure names the seed: `SEED=n make grade` repeats it. It is looked into, not tried again.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from grading import emulators, grader
from grading.process import die_with_parent
from grading.tests import support

TIMES_CORES = 4  # busy processes for each core
EACH, FIRST_BESIDES = 20, 120  # grades of each lab on each of its emulators; more of the first
BUSY = "while True: pass"


def cases(count, more):
    """(lab, emulator) of each grade: all in turn, then more of the first, which is the fastest."""
    return support.CASES * count + support.CASES[:1] * more


@contextlib.contextmanager
def busy(count):
    """So many processes that do nothing but use CPU time; none is left, however this ends."""
    children = []
    try:
        for _ in range(count):
            children.append(subprocess.Popen([sys.executable, "-S", "-c", BUSY],
                                             stdin=subprocess.DEVNULL, start_new_session=True,
                                             preexec_fn=die_with_parent))
        yield children
    finally:
        for child in children:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def graded(of, emulator, sources, work):
    """None if a grade with a fresh seed has full marks; else what there is to look into."""
    seed = grader.parse_seed(None)
    values, _ = grader.grade(sources, of, emulators.get(emulator), seed, support.OUT, work=work)
    if values["score"] == values["max"] and values["verdict"] == "PASS":
        return None
    wrong = [each for each in values["exercises"] if each["status"] != "PASS"]
    return f"{of.name} on {emulator}, SEED={seed}: {values['score']}/{values['max']}, {wrong[0]}"


def grade_all(chosen, folder):
    """What went wrong in these grades, under load."""
    sources = {of.name: support.write_sources(of, folder / of.name) for of, _ in support.CASES}
    wrong, start = [], time.monotonic()
    with busy(TIMES_CORES * len(os.sched_getaffinity(0))) as load:
        for of, emulator in chosen:
            wrong.append(graded(of, emulator, sources[of.name],
                                folder / "work" / f"{of.name}-{emulator}"))
        assert all(child.poll() is None for child in load), "the load was not there"
    print(f"{len(wrong)} grades in {time.monotonic() - start:.0f} seconds")
    return wrong


@pytest.mark.parametrize(("count", "more"), [
    pytest.param(1, 3, id="short"),
    pytest.param(EACH, FIRST_BESIDES, id="long", marks=pytest.mark.full)])
def test_under_load_every_grade_is_the_same(count, more, tmp_path):
    chosen = cases(count, more)
    wrong = grade_all(chosen, tmp_path)
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
