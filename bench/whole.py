"""A grade: all labs of one submission, in the sandbox, over what it costs at least.

At least: the floor of each boot's emulator, divided by the cores. And once more with what one
make of each program takes, without which there is nothing to boot, divided by the cores, too.
"""

import json
import os
import resource
import shutil
import subprocess
import sys

from bench import floor, inner, rounds
from grading import emulators, intake, lab, tree

TITLE = "A grade"
GOAL = 1.15
WANTED = f"at most {GOAL} × (boots × floor ÷ cores)"
WHY = """What is least counts boots alone. Compiling and linking the student's files takes the
seconds in "build", whoever does it; with these, too, divided by the cores, the grade is so many
times the least as the fourth column says. What else it does: a sandbox for each program and
boot; the labs' own instructions, and the stops at which Bochs shows its registers (in lab 04
at a thousand VM exits, and as many VM entries); and Python, which talks with Bochs, and judges.
How much of the time goes to each of these was not measured."""
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
    """(of all, of the emulators alone): CPU seconds of a grade without a sandbox, in which
    nobody sees them, from scratch."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    graded = results([*command, "--no-sandbox", "--work", folder / "open"], folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            sum(run["cpu_seconds"] for values in graded for run in values["runs"]))


def builder(submission, folder):
    """What takes the time of building all its programs, one after the other."""
    root = tree.pristine(lab.ROOT / "build")
    for each in lab.all_labs():
        intake.take(submission, each, folder / each.name / "files")

    def build(each):
        place = folder / each.name / "built"
        return rounds.seconds(
            ["make", "-s", "-C", root / "labs" / each.name, "image", "names", "SEALED=yes",
             f"EDITDIR={folder / each.name / 'files'}", f"BUILD={place}", f"OUT={root / 'build'}"],
            before=lambda: shutil.rmtree(place, ignore_errors=True))

    return lambda: sum(map(build, lab.all_labs()))


def measure(folder, quick):
    """One row."""
    submission = hand_in(folder)
    command = [*GRADE, str(submission)]
    spent, emulated = cpu_seconds(command, folder)
    command += ["--work", str(folder / "work")]
    counts, cores = boots(results(command, folder)), len(os.sched_getaffinity(0))
    timers = {name: floor.timers(name, folder / name)["floor"] for name in counts}
    timers["build"] = builder(submission, folder / "build")
    total = len({each.number for each in lab.all_labs()}) * 100
    timers["grade"] = lambda: rounds.seconds(command, f"{total}/{total}")
    times = rounds.in_turn(timers, 3 if quick else 9)
    booted = [sum(counts[name] * times[name][number] for name in counts)
              for number in range(len(times["grade"]))]
    least = [seconds / cores for seconds in booted]
    built = [sum(each) / cores for each in zip(booted, times["build"])]
    yield {"boots": ", ".join(f"{count} on {emulators.get(name).NAME}"
                              for name, count in counts.items()), "cores": cores,
           "× least": rounds.figure(rounds.ratios(times["grade"], least)),
           "× least with build": rounds.figure(rounds.ratios(times["grade"], built)),
           "seconds": rounds.figure(times["grade"]), "least, s": rounds.figure(least),
           "build, s": rounds.figure(times["build"]),
           "CPU seconds": round(spent, 2), "in emulators": round(emulated, 2)}


def reached(rows):
    """Whether the goal is reached."""
    return all(row["× least"].median <= GOAL for row in rows)
