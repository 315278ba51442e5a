"""What the tests of a class share: submissions, the command, its book and its gradebook."""

import csv
import signal
import subprocess
import sys
import tarfile

from grading import lab
from grading.classroom.book import opened
from grading.tests import support
from grading.tests.processes import until

LAB01 = lab.find("01")
CLASS = [sys.executable, str(lab.ROOT / "grading" / "class")]


def hand_in(to, name, solved=support.ALL, mark=""):
    """Packs lab 01, exercises 1 to `solved` done, as make handin does; `mark` makes it
    another submission than the others."""
    sources = support.write_sources(LAB01, to.parent / "sources" / name, solved)
    with open(sources / "decode.c", "a", encoding="ascii") as file:
        file.write(f"/* {mark} */\n")
    to.mkdir(parents=True, exist_ok=True)
    with tarfile.open(to / f"{name}.tar.gz", "w:gz") as tar:
        for file in LAB01.edit:
            tar.add(sources / file, f"labs/01-vm86trap/{file}")


def many(to, count):
    """A folder of `count` submissions, no two alike."""
    for number in range(count):
        hand_in(to, f"student{number:02}", mark=number)
    return to


def command(submissions, to, *more):
    """The command line for a class."""
    return [*CLASS, submissions, "--to", to, "--lab", "01", "--no-similar", *map(str, more)]


def run(submissions, to, *more):
    """Grades a class; what the program said."""
    done = subprocess.run(command(submissions, to, *more), text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def grades(to):
    """Student → row of the gradebook."""
    with open(to / "grades.csv", encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def started(submissions, to, *more):
    """A run that has put at least two grades into its book."""
    child = subprocess.Popen(command(submissions, to, "--jobs", 1, *more),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True,
                             # Ctrl-C, too, if we ourselves ignore it:
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def two():
        if not (to / "grades.db").exists():
            return False
        with opened(to / "grades.db") as book:
            return len(in_book(book)) >= 2
    until(two, child)
    return child


def in_book(book):
    """All rows of a book."""
    return book.connection.execute("SELECT submission FROM grades").fetchall()
