"""A grade: all labs of one submission, in the sandbox, over what its boots cost at least.

At least: the floor of each boot's emulator, divided by the cores.
"""

import json
import os
import subprocess
import sys

from bench import floor, inner, rounds
from grading import emulators, lab

TITLE = "A grade: all labs of one submission, sandboxed"
GOAL = 1.15
WANTED = f"at most {GOAL} × (boots × floor ÷ cores)"
GRADE = [sys.executable, "-S", str(lab.ROOT / "grading" / "grade")]


def hand_in(folder):
    """A tarball of all that the solution's students hand in."""
    place = inner.solved_tree(folder / "tree")
    subprocess.run([sys.executable, place / "grading" / "handin", place, "--out", folder],
                   check=True, stdout=subprocess.DEVNULL)
    return folder / "handin.tar.gz"


def boots(command, folder):
    """How many boots a grade makes, by emulator."""
    result = folder / "result.json"
    subprocess.run([*command, "-o", result], check=True, stdout=subprocess.DEVNULL)
    counts = {}
    for values in json.loads(result.read_text()):
        counts[values["emulator"].split()[0]] = \
            counts.get(values["emulator"].split()[0], 0) + len(values["images"])
    return counts


def measure(folder, quick):
    """One row."""
    command = [*GRADE, str(hand_in(folder)), "--work", str(folder / "work")]
    counts, cores = boots(command, folder), len(os.sched_getaffinity(0))
    timers = {name: floor.timers(name, folder / name)["floor"] for name in counts}
    total = len({each.number for each in lab.all_labs()}) * 100
    timers["grade"] = lambda: rounds.seconds(command, f"{total}/{total}")
    times = rounds.in_turn(timers, 3 if quick else 15)
    least = [sum(counts[name] * times[name][number] for name in counts) / cores
             for number in range(len(times["grade"]))]
    yield {"boots": ", ".join(f"{count} on {emulators.get(name).NAME}"
                              for name, count in counts.items()), "cores": cores,
           "× least": rounds.figure(rounds.ratios(times["grade"], least)),
           "seconds": rounds.figure(times["grade"]), "least, s": rounds.figure(least)}


def reached(rows):
    """Whether the goal is reached."""
    return all(row["× least"].median <= GOAL for row in rows)
