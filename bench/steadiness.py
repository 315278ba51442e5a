"""Steadiness: the solutions graded while the machine has too much to do; how many grades were
not full marks.

Budgets are CPU time and instructions, never a clock, and every challenge is a new one. A
grade that is not full marks names its seed: `make grade SEED=n` repeats it. It is looked into,
not tried again.
"""

import contextlib
import os
import signal
import subprocess
import sys

from bench import inner, rounds
from grading import emulators, grader, lab
from grading.process import die_with_parent

TITLE = "Steadiness"
WANTED = "not one that is not full marks"
WHY = "Each is to be looked into."
TIMES_CORES = 4  # busy processes for each core
BUSY = "while True: pass"


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


def graded(of, emulator, sources, out, work):
    """None if a grade with a fresh seed has full marks; else what there is to look into."""
    seed = grader.parse_seed(None)
    values, _ = grader.grade(sources, of, emulators.get(emulator), seed, out, work=work)
    if values["score"] == values["max"] and values["verdict"] == "PASS":
        return None
    wrong = [each for each in values["exercises"] if each["status"] != "PASS"]
    return f"{of.name} on {emulator}, SEED={seed}: {values['score']}/{values['max']}, {wrong[0]}"


def grade_all(chosen, tree, out, folder):
    """What went wrong in these grades (lab, emulator), under load; None for one that is right."""
    found = []
    with busy(TIMES_CORES * len(os.sched_getaffinity(0))) as load:
        for number, (of, emulator) in enumerate(chosen):
            found.append(graded(of, emulator, tree, out, folder / "work" / f"{of.name}-{emulator}"))
            rounds.progress(f"grade {number + 1} of {len(chosen)}")
        assert all(child.poll() is None for child in load), "the load was not there"
    rounds.progress("")
    return found


def measure(folder, quick):
    """A row for each lab and emulator."""
    tree, out = inner.solved_tree(folder / "tree"), folder / "build"
    cases = [(each, name) for each in lab.all_labs() for name in emulators.can_run(each)]
    for case in cases:
        found = grade_all([case] * (1 if quick else 12), tree, out, folder)
        yield {"lab": case[0].name, "emulator": case[1], "grades": len(found),
               "not full marks": sum(map(bool, found)),
               "which": "; ".join(filter(None, found)) or "none"}


def reached(rows):
    """Whether all were full marks."""
    return not any(row["not full marks"] for row in rows)
