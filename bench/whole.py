"""A grade: all labs of one submission, in the sandbox, over what it costs at least.

At least: the floor of each boot's emulator. Beside it what a grade takes that looks at nothing:
its programs are made, and its disks booted, on the lean machines that the grader has, while
nobody watches. All of these as one core does them, one after the other, divided by the cores;
behind the grade, its CPU time, divided by them.
"""

import json
import os
import resource
import shutil
import subprocess
import sys

from bench import floor, inner, rounds
from grading import emulators, intake, lab, together, tree

TITLE = "A grade"
GOAL = 1.15
WANTED = f"at most {GOAL} × (boots × floor ÷ cores)"
WHY = """The goal counts boots, of a sector that powers off at once, and no compiler. A grade that
looks at nothing takes more: its programs do more than power off, and are made first. What ours
does beyond: a sandbox for the compilers, and one for each boot; the emulators' witness (in lab 04
Bochs stops at a thousand VM exits, and as many VM entries, and shows its registers): by so much
is the CPU time in emulators over that of the disks booted; and Python, which talks with Bochs,
and judges: with the sandboxes and making the programs, the rest of the CPU time."""
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


def cpu_seconds(command, folder):
    """(of all, of the emulators alone): CPU seconds of a grade without a sandbox, in which
    nobody sees them, from scratch."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    graded = results([*command, "--no-sandbox", "--work", folder / "open"], folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            sum(run["cpu_seconds"] for values in graded for run in values["runs"]))


def floors(graded, folder):
    """What takes the time of the floors of all boots of these results."""
    counts = {}
    for values in graded:
        name = values["emulator"].split()[0]
        counts[name] = counts.get(name, 0) + len(values["runs"])
    timers = {name: floor.timers(name, folder / name)["floor"] for name in counts}
    return lambda: sum(counts[name] * timer() for name, timer in timers.items())


def maker(submission, folder):
    """What takes the time of making all its programs."""
    root, built = tree.pristine(lab.ROOT / "build"), folder / "built"
    for each in lab.all_labs():
        intake.take(submission, each, folder / "files")
    command = together.command(root, lab.all_labs(), folder / "files", built, root / "build",
                               "SEALED=yes")
    return lambda: rounds.seconds(command,
                                  before=lambda: shutil.rmtree(built, ignore_errors=True))


def booter(graded, work, folder):
    """What takes the time of booting all disks of these results, while nobody watches."""
    commands = []
    for values in graded:
        emulator = emulators.get(values["emulator"].split()[0])
        for number, run in enumerate(values["runs"]):
            place = folder / f"{values['lab']}-{number}"
            place.mkdir(parents=True)
            shutil.copy(work / values["lab"] / f"{emulator.NAME}-run{number}" / "disk.img", place)
            commands.append(emulator.interactive(place, False, run["cpu"]))
    return lambda: sum(map(rounds.seconds, commands))


def measure(folder, quick):
    """A row for each part, and for the grade."""
    submission, cores = hand_in(folder), len(os.sched_getaffinity(0))
    command = [*GRADE, str(submission)]
    spent, emulated = cpu_seconds(command, folder)
    command += ["--work", str(folder / "work")]
    graded = results(command, folder)
    total = sum(values["max"] for values in graded)
    times = rounds.in_turn({
        "floors": floors(graded, folder / "floors"),
        "made": maker(submission, folder / "made"),
        "booted": booter(graded, folder / "work", folder / "booted"),
        "grade": lambda: rounds.seconds(command, f"{total}/{total}")}, 3 if quick else 9)
    shared = {name: [seconds / cores for seconds in taken] for name, taken in times.items()}
    shared["neither"] = [sum(parts) for parts in zip(shared["made"], shared["booted"])]
    count = sum(len(values["runs"]) for values in graded)
    for name, what in (("floors", f"floors of {count} boots"), ("made", "its programs made"),
                       ("booted", "its disks booted, nobody watching"),
                       ("neither", "a grade that looks at nothing: the last two")):
        yield {"what": f"{what}, ÷ {cores}", "seconds": rounds.figure(shared[name]),
               "the grade is × this": rounds.figure(rounds.ratios(times["grade"], shared[name]))}
    yield {"what": f"the grade, on {cores} cores", "seconds": rounds.figure(times["grade"])}
    yield {"what": f"its CPU time, ÷ {cores}", "seconds": round(spent / cores, 3)}
    yield {"what": f"its CPU time in emulators, ÷ {cores}", "seconds": round(emulated / cores, 3)}


def reached(rows):
    """Whether the goal, over the floors, is reached."""
    return rows[0]["the grade is × this"].median <= GOAL
