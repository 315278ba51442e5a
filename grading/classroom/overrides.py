"""Points that an instructor has set by hand: kept in a file of theirs, which is only read.

    FILE -> read() -> [Change];  students, [Change] -> applied() -> students with these points

The book has what the grader gave, whatever stands in the file: the points are set anew whenever the
tables and pages are written. Statuses stay the grader's.
"""

import re
from typing import NamedTuple

from grading.classroom import csv_file
from grading.classroom.roster import letters
from grading.errors import UsageError
from grading.formats.table import cell

NAME = "overrides.csv"  # beside the grades
COLUMNS = ("student", "exercise", "points", "reason")
# 15; 10 points less than the grader gave; 20 % less. No "+5": a spreadsheet would make a 5 of it.
POINTS = re.compile(r"(?P<set>[0-9]{1,9})|-(?P<less>[0-9]{1,9})|-(?P<percent>[0-9]{1,2}|100) ?%")


class Change(NamedTuple):
    """The points of an exercise, or of a whole program, that somebody has set."""

    student: str
    lab: str  # the program's name
    exercise: str  # its id; empty if the program as a whole is meant
    title: str  # of the exercise
    points: int  # 0 as long as nobody knows, if something is taken `off`
    most: int  # that can be had for it
    program: int  # that can be had for the whole program
    reason: str
    off: str = ""  # "-10", "-20%": what comes off the points
    given: object = None  # what the grader gave; None if it gave no grade
    base: int = 0  # off which it comes: of a program, with the exercises that were set

    def told(self):
        """What was set, what the grader gave, and why; one line, for students, too."""
        gave = "no grade" if self.given is None else self.given
        off = f" ({self.base} {self.off})" if self.off else ""
        return f"{self.exercise or self.lab} set by hand: {self.points} of {self.most}{off}, " \
            f"the grader gave {gave}: {self.reason}"

    def on(self, base):
        """The Change with the points that come of these: never less than 0; where a percentage is
        taken off, the next whole number up."""
        said = POINTS.fullmatch(self.off)
        if not said:
            return self
        left = base - int(said["less"]) if said["less"] else \
            -(-base * (100 - int(said["percent"])) // 100)
        return self._replace(points=max(0, left), base=base)


def read(path, students, labs, others=None):
    """The Changes that a file says, for a class with these students (names) and labs; `others`:
    roster.other_names(), if there is a list. UsageError if one of them cannot be. Those of
    exercises are first."""
    names = {cell(name): name for name in students} | {name: name for name in students}
    targets, changes = targets_of(labs), {}
    for number, (line, cells) in enumerate(csv_file.read(path, "a list of points")):
        if number == 0 and [cell.casefold() for cell in cells[::2]] == list(COLUMNS[::2]):
            continue
        try:
            change = one(cells, names, others, targets)
            require_alone(change, changes.values())
        except ValueError as why:
            raise UsageError(f"{path}, line {line}: {why}") from None
        changes[change.student, change.lab, change.exercise] = change
    return sorted(changes.values(), key=lambda each: not each.exercise)


def targets_of(labs):
    """What may be named: an exercise, a program, or a lab of which one program is graded -> a
    Change without student, points and reason."""
    found, numbers = {}, [each.number for each in labs]
    for each in labs:
        exercises = each.rubric().EXERCISES
        program = sum(exercise.points for exercise in exercises)
        whole = Change("", each.name, "", "", 0, program, program, "")
        found[each.name] = whole
        if numbers.count(each.number) == 1:
            found[each.number] = found[each.number.lstrip("0")] = whole  # a spreadsheet's 1
        found |= {exercise.id: whole._replace(exercise=exercise.id, title=exercise.title,
                                              most=exercise.points) for exercise in exercises}
    return found


def one(cells, names, others, targets):
    """The Change of a row; ValueError, which says what is wrong with it."""
    if len(cells) != len(COLUMNS) or not all(cells):
        raise ValueError(f"{', '.join(COLUMNS)} are wanted, and quotes around what has a comma in it")
    student, what, points, reason = cells
    name = names.get(student) or (others or {}).get(letters(student))
    if not name:
        raise ValueError(f"there is no student {student} in this class, as this run calls them (was "
                         "--roster another one before?)")
    if what not in targets:
        known = ", ".join(dict.fromkeys(each.lab for each in targets.values()))
        raise ValueError(f"{what} is no exercise and no program that is graded here; there is "
                         f"{known}, with its exercises")
    target = targets[what]
    said = POINTS.fullmatch(points)
    if not said or said["set"] and int(points) > target.most:
        raise ValueError(f"{points} points for {what}: a whole number from 0 to {target.most} is "
                         "wanted, or what comes off: -10, or -20% of it")
    return target._replace(student=name, reason=reason, **(
        {"points": int(points)} if said["set"] else {"off": points}))


def require_alone(change, others):
    """ValueError if something else is said of the same points. What comes off a whole program may
    stand beside its exercises: they are first."""
    for other in others:
        whole = change if not change.exercise else other
        if (other.student, other.lab) == (change.student, change.lab) and (
                other.exercise == change.exercise or not whole.exercise and not whole.off):
            raise ValueError(f"the points of {other.student} for {change.exercise or other.lab} are set "
                             f"already, by {other.exercise or other.lab}; leave one out")


def applied(students, changes):
    """The Students, those of whom points were set with these."""
    return [changed(student, [each for each in changes if each.student == student.name])
            for student in students]


def changed(student, changes):
    """One of them. Its results are copies, and the Changes know what the grader gave."""
    before = {values["lab"]: values for values in student.results}
    results, known = dict(before), []
    for change in changes:
        gave = given(before[change.lab], change) if change.lab in before else None
        if change.off and gave is None:
            continue
        change = change._replace(given=gave)
        if change.lab in results:
            change = change.on(given(results[change.lab], change))
            results[change.lab] = set_in(results[change.lab], change)
        known.append(change)
    return student._replace(results=list(results.values()), changes=tuple(known))


def idle(students, changes):
    """Of the Changes those that change nothing, because there is no grade off which it could come."""
    done = {(each.name, change.lab, change.exercise) for each in students for change in each.changes}
    return [change for change in changes
            if (change.student, change.lab, change.exercise) not in done]


def given(values, change):
    """What the grader gave in a result; None if it failed."""
    if values["verdict"] == "ERROR":
        return None
    if not change.exercise:
        return values["score"]
    return next(each["score"] for each in values["exercises"] if each["id"] == change.exercise)


def set_in(values, change):
    """A result with the points of a Change."""
    if not change.exercise:
        return values | {"score": change.points}
    exercises = [each | {"score": change.points} if each["id"] == change.exercise else each
                 for each in values["exercises"]]
    return values | {"exercises": exercises, "score": sum(each["score"] for each in exercises)}
