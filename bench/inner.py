"""The inner loop: one source file touched, then `make grade`, for each lab and emulator.

In a students' tree that holds the solution. Two challenges are booted, side by side.
"""

import os

from bench import floor, rounds
from grading import emulators, lab, tree

TITLE = "The inner loop"
GOAL = 1.25
WANTED = f"at most {GOAL} × the floor"
WHY = """The floor is one boot of one sector. A turn also compiles and links, boots two challenges
side by side, and reads and judges what they left."""


def solved_tree(folder):
    """A students' tree in which all is done."""
    tree.make_tree(lab.ROOT, folder)
    for each in lab.all_labs():
        for name in each.edit:
            (folder / "labs" / each.name / name).write_text(
                tree.cut(each.folder / name, tree.ALL))
    return folder


def full_marks(each):
    """What the last line of the solution's grade ends with."""
    points = sum(exercise.points for exercise in each.rubric().EXERCISES)
    return f"{each.name}: {points}/{points}"


def timer(each, place, emulator):
    """What takes the time of one turn: a file is touched, and the lab graded."""
    file = place / "labs" / each.name / each.edit[0]
    command = ["make", "-s", "-C", str(file.parent), "grade", f"EMU={emulator}"]
    return lambda: rounds.seconds(command, full_marks(each), lambda: os.utime(file))


def measure(folder, quick):
    """A row for each lab and emulator."""
    place = solved_tree(folder / "tree")
    for each in lab.all_labs():
        for emulator in emulators.can_run(each):
            times = rounds.in_turn(
                floor.timers(emulator, folder / f"{each.name}-{emulator}")
                | {"grade": timer(each, place, emulator)}, 3 if quick else 9)
            yield {"lab": each.name, "emulator": emulator,
                   "× floor": rounds.figure(rounds.ratios(times["grade"], times["floor"])),
                   "seconds": rounds.figure(times["grade"]),
                   "floor, s": rounds.figure(times["floor"]),
                   "lean floor, s": rounds.figure(times["lean"])}


def reached(rows):
    """Whether each lab reaches the goal."""
    return all(row["× floor"].median <= GOAL for row in rows)
