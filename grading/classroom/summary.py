"""What a class's book adds up to: scores, pass rates, who is stuck where.

    Book -> summarise() -> plain values for the page (page.py)

Scores are points. A lab is a number ("05"), whatever the number of its programs. A student
who handed in nothing of a lab does not count there, neither as passed nor as failed.
"""

import shlex
from collections import Counter, defaultdict
from statistics import median
from typing import NamedTuple

from grading.judge import VERDICTS

BINS = (*(f"{low}–{low + 9}" for low in range(0, 100, 10)), "100")  # percent of the points
REFUSED, ABSENT = "refused", "absent"
LEAST_DROP = 5  # percentage points, to be worth a mark


class Row(NamedTuple):
    """A student, for the table and for the page of their own."""

    number: int  # from 1: the page is #student-<number>
    student: object  # records.Student
    scores: dict  # lab -> points; only labs that were handed in, or set by hand
    total: int
    verdict: str  # the most severe, or REFUSED, or ABSENT
    broken: dict  # lab -> its first exercise that is not PASS; only where there is one
    commands: list  # for each result: how to repeat it

    @property
    def first_broken(self):
        """The first exercise of all that is not PASS, or None."""
        return next(iter(self.broken.values()), None)


class Scores(NamedTuple):
    """How the scores of a lab, or of all, are distributed."""

    title: str
    best: int  # points that can be had
    count: int  # of students
    median: float  # points
    full: int  # students who have them all
    bins: list  # students in each of BINS


class Rate(NamedTuple):
    """How many of the class have passed an exercise."""

    exercise: dict  # of a result
    passed: int
    of: int
    percent: int
    drop: int  # percentage points below the exercise before it, or below 100
    steepest: bool  # none of the program is larger, and it is LEAST_DROP or more


class Cause(NamedTuple):
    """Why an exercise is the first that is broken, and for whom."""

    status: str
    expected: str
    got: str
    rows: list


class Stop(NamedTuple):
    """An exercise that is the first broken one of some students."""

    exercise: dict
    count: int
    causes: list  # Cause, the most common first


class Summary(NamedTuple):
    """All that the page says of the class."""

    rows: list  # Row, as in the book
    labs: dict  # number -> points that can be had
    scores: list  # Scores, over all first, if there are several labs
    rates: dict  # program's name -> Rate of each exercise
    stops: dict  # lab -> Stop, in the order of the exercises
    graded: int
    refused: int
    absent: int  # on the list of students, and handed in nothing
    errors: int  # students with an ERROR, which is ours
    by_hand: int  # students of whom points were set by hand


def summarise(book):
    """The Summary of a records.Book."""
    programs = programs_of(book)
    best = {change.lab: change.program for student in book.students for change in student.changes} \
        | {name: sum(exercise["max"] for exercise in exercises)
           for name, exercises in programs.items()}
    labs = {number_of(name): 0 for name in sorted(best)}
    for name, points in best.items():
        labs[number_of(name)] += points
    rows = [row(number, student, programs, book.options) for number, student in enumerate(book.students, 1)]
    verdicts = Counter(each.verdict for each in rows)
    return Summary(rows, labs, distributions(rows, labs),
                   {name: rates(name, exercises, book) for name, exercises in programs.items()},
                   {lab: stops(lab, rows) for lab in labs},
                   len(rows) - verdicts[REFUSED] - verdicts[ABSENT], verdicts[REFUSED],
                   verdicts[ABSENT], verdicts["ERROR"],
                   sum(bool(student.changes) for student in book.students))


def number_of(name):
    """ "01" of "01-vm86trap"."""
    return name.split("-")[0]


def programs_of(book):
    """Program's name -> its exercises, as the first result has them; in order."""
    found = {}
    for student in book.students:
        for result in student.results:
            found.setdefault(result["lab"], result["exercises"])
    return dict(sorted(found.items()))


def row(number, student, programs, options):
    """The Row of one student."""
    scores, broken = {}, {}
    for name, points in student.points.items():
        scores[number_of(name)] = scores.get(number_of(name), 0) + points
    for result in student.results:
        lab = number_of(result["lab"])
        for exercise in result["exercises"]:
            if exercise["status"] != "PASS":
                broken.setdefault(lab, exercise)
    verdict = max((result["verdict"] for result in student.results), key=VERDICTS.index,
                  default=ABSENT if student.absent else
                  "ERROR" if student.sha256 else REFUSED)  # not refused: we failed
    commands = [command(student.path, result, programs, options) for result in student.results]
    return Row(number, student, scores, sum(scores.values()), verdict, broken, commands)


def command(path, result, programs, options):
    """What repeats the grade, for a shell."""
    lab = number_of(result["lab"])
    alone = sum(number_of(name) == lab for name in programs) == 1
    words = ["grading/grade", path, "--lab", lab if alone else result["lab"],
             "--emu", result["emulator"], "--seed", str(result["seed"])]
    return shlex.join([*words, *options])


def distributions(rows, labs):
    """The Scores over all, if there are several labs, and of each lab. Who has no grade, nor points
    by hand, has no score."""
    there = [each for each in rows if each.scores]
    over_all = [] if len(labs) == 1 else [
        distribution("All labs", sum(labs.values()), [each.total for each in there])]
    return over_all + [
        distribution(f"Lab {lab}", best, [each.scores[lab] for each in there if lab in each.scores])
        for lab, best in labs.items()]


def distribution(title, best, scores):
    """The Scores of these points."""
    counted = Counter(min(score * 10 // best, 10) for score in scores)
    return Scores(title, best, len(scores), median(scores) if scores else 0,
                  scores.count(best), [counted[number] for number in range(len(BINS))])


def rates(name, exercises, book):
    """The Rates of a program's exercises. Who did not get as far as a boot is stuck at none."""
    results = [result for student in book.students for result in student.results
               if result["lab"] == name and not unbuilt(result)]
    passed = Counter(exercise["id"] for result in results for exercise in result["exercises"]
                     if exercise["status"] == "PASS")
    percents = [percent(passed[exercise["id"]], len(results)) for exercise in exercises]
    drops = [before - here for before, here in zip([100, *percents], percents)]
    steepest = drops.index(max(drops)) if results and max(drops) >= LEAST_DROP else None
    return [Rate(exercise, passed[exercise["id"]], len(results), percents[number], drops[number],
                 number == steepest) for number, exercise in enumerate(exercises)]


def unbuilt(result):
    """True if nothing was booted because of the student's files."""
    return not result["runs"] and result["verdict"] == "FAIL"


def percent(part, whole):
    """A whole number of percent: 100 only if it is all, 0 only if it is none."""
    if not 0 < part < whole:
        return 100 if part else 0
    return min(99, max(1, round(100 * part / whole)))


def stops(lab, rows):
    """The Stops of a lab."""
    found = defaultdict(lambda: defaultdict(list))
    exercises = {}
    for each in rows:
        exercise = each.broken.get(lab)
        if exercise:
            exercises[exercise["id"]] = exercise
            found[exercise["id"]][exercise["status"], exercise["expected"],
                                  exercise["got"]].append(each)
    return [Stop(exercises[name], sum(map(len, causes.values())),
                 sorted((Cause(*why, who) for why, who in causes.items()),
                        key=lambda cause: (-len(cause.rows), cause[:3])))
            for name, causes in sorted(found.items(), key=lambda item: in_order(item[0]))]


def in_order(name):
    """Sorts "01-9" before "01-10"."""
    return [int(part) for part in name.split("-")]
