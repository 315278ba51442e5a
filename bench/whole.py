"""A grade: all labs of one submission, in the sandbox, over what its boots cost at least.

At least: the floor of each boot's emulator, divided by the cores.
"""

import json
import os
import resource
import subprocess
import sys

from bench import floor, inner, rounds
from grading import emulators, lab

TITLE = "A grade"
GOAL = 1.15
WANTED = f"at most {GOAL} × (boots × floor ÷ cores)"
WHY = """What is least counts boots alone. A grade also compiles and links the student's files,
each program in a sandbox of its own; and Bochs stops at every switch of the mode, so that its
registers are seen: in lab 04 that is a thousand VM exits, and as many VM entries. The last
columns part the CPU time of a grade without a sandbox, once with everything to be built and
once with nothing; what is in none of them is Python's: it talks with Bochs, and judges."""
GRADE = [sys.executable, "-S", str(lab.ROOT / "grading" / "grade")]


def hand_in(folder):
    """A tarball of all that the solution's students hand in."""
    place = inner.solved_tree(folder / "tree")
    subprocess.run([sys.executable, place / "grading" / "handin", place, "--out", folder],
                   check=True, stdout=subprocess.DEVNULL)
    return folder / "handin.tar.gz"


def results(command, folder):
    """The results of a grade, by program."""
    path = folder / "result.json"
    subprocess.run([*command, "-o", path], check=True, stdout=subprocess.DEVNULL)
    return json.loads(path.read_text())["results"]


def boots(graded):
    """How many boots these grades made, by emulator."""
    counts = {}
    for values in graded:
        name = values["emulator"].split()[0]
        counts[name] = counts.get(name, 0) + len(values["runs"])
    return counts


def cpu_seconds(command, folder):
    """(of all, of the compilers and make, of the emulators): CPU seconds of a grade without a
    sandbox, in which nobody sees them, from scratch. Once more, and there is little to build."""
    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    marks = [spent()]
    for _ in range(2):
        graded = results([*command, "--no-sandbox", "--work", folder / "open"], folder)
        marks.append(spent())
    return (marks[1] - marks[0], marks[1] - marks[0] - (marks[2] - marks[1]),
            sum(run["cpu_seconds"] for values in graded for run in values["runs"]))


def measure(folder, quick):
    """One row."""
    command = [*GRADE, str(hand_in(folder))]
    spent, built, emulated = cpu_seconds(command, folder)
    command += ["--work", str(folder / "work")]
    counts, cores = boots(results(command, folder)), len(os.sched_getaffinity(0))
    timers = {name: floor.timers(name, folder / name)["floor"] for name in counts}
    total = len({each.number for each in lab.all_labs()}) * 100
    timers["grade"] = lambda: rounds.seconds(command, f"{total}/{total}")
    times = rounds.in_turn(timers, 3 if quick else 9)
    least = [sum(counts[name] * times[name][number] for name in counts) / cores
             for number in range(len(times["grade"]))]
    yield {"boots": ", ".join(f"{count} on {emulators.get(name).NAME}"
                              for name, count in counts.items()), "cores": cores,
           "× least": rounds.figure(rounds.ratios(times["grade"], least)),
           "seconds": rounds.figure(times["grade"]), "least, s": rounds.figure(least),
           "CPU seconds": round(spent, 2), "to build": round(built, 2),
           "in emulators": round(emulated, 2)}


def reached(rows):
    """Whether the goal is reached."""
    return all(row["× least"].median <= GOAL for row in rows)
