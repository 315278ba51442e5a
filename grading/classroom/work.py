"""Second stage: grades many submissions, several at once, each by a grading/grade of its own.

Each result is written to a spool under the submission's name, by renaming: a file that is
there is whole, and a second writer of the same changes nothing. Whoever keeps the book
collects from the spool. A grader that dies, or says ERROR, is our fault and tried again;
a grade, whatever it is, never.
"""

import os
import select
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from grading import process
from grading.classroom.records import results_in
from grading.errors import UsageError
from grading.lab import ROOT
from grading.process import Limits

GRADE = (sys.executable, "-S", str(ROOT / "grading" / "grade"))
TRIES = 3  # of a submission whose grading fails
# Of one grade: all labs, each with its own limits inside. Only a grader gone wild uses it up.
LIMITS = Limits(cpu_seconds=600, file_bytes=64 * 1024 * 1024)


class Task(NamedTuple):
    """A submission to be graded."""

    key: str  # its hash; the name of its result in the spool
    path: str
    labs: tuple  # names of the programs


class Way(NamedTuple):
    """How all submissions of a class are graded."""

    seed: int
    out: Path  # where what is built once for all goes
    spool: Path
    options: tuple = ()  # more of grading/grade's


class Worker(NamedTuple):
    """A grader at work."""

    task: Task
    tries: int
    folder: Path
    child: object
    handle: int  # a pidfd: readable when the child has ended


def run(tasks, way, jobs, scratch, done=lambda task: None):
    """Grades `tasks`, `jobs` at a time, each in a folder in `scratch`.

    done(task) is called for each that has ended, graded or given up. However this ends, no
    grader is left behind.
    """
    waiting = [(task, 1) for task in reversed(tasks)]
    free = [scratch / f"worker{number}" for number in range(jobs)]
    workers = {}
    try:
        while waiting or workers:
            while waiting and free:
                with process.undisturbed():
                    worker = begin(*waiting.pop(), free.pop(), way)
                    workers[worker.handle] = worker
            for handle in select.select(list(workers), [], [])[0]:
                worker = workers.pop(handle)
                free.append(worker.folder)
                if not end(worker, way) and worker.tries < TRIES:
                    waiting.append((worker.task, worker.tries + 1))
                else:
                    done(worker.task)
    finally:
        with process.undisturbed():  # by a second Ctrl-C
            for worker in workers.values():
                os.close(worker.handle)
                stop(worker.child)


def begin(task, tries, folder, way):
    """Starts the grader of one submission."""
    folder.mkdir(parents=True, exist_ok=True)
    labs = [word for name in task.labs for word in ("--lab", name)]
    child = process.start(
        [*GRADE, task.path, *labs, "--seed", str(way.seed), "--out", str(way.out),
         "--work", str(folder / "work"), "--jobs", "1", "--format", "json", "-o", str(folder / "result.json"),
         *way.options], LIMITS, folder)
    return Worker(task, tries, folder, child, os.pidfd_open(child.pid))


def end(worker, way):
    """Takes in what a grader left when it ended; True if that is a grade."""
    os.close(worker.handle)
    ended = process.finish(worker.child, LIMITS)
    left = worker.folder / "result.json"
    graded = ended.code == 0 and left.exists()
    if left.exists():
        put(left, way.spool / f"{worker.task.key}.json")
    elif worker.tries == TRIES:
        said = process.left(worker.folder / "output").decode(errors="replace").split("\n")
        print(f"{worker.task.path}: the grader ended without a grade ({said[-2:-1] or ended})",
              file=sys.stderr)
    return graded


def put(left, spooled):
    """Moves a result into the spool, perhaps to another disk: there it appears at once."""
    temporary = spooled.with_suffix(f".{os.uname().nodename}.{os.getpid()}")
    shutil.move(left, temporary)
    temporary.replace(spooled)


def stop(child):
    """Ends a grader, and what it started: it is asked, so that it can do that itself. (Not by
    send_signal(), which would wait for one that has just ended.)"""
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGTERM)
    process.finish(child)


def spooled(way):
    """The keys of the results in the spool."""
    return {path.stem for path in way.spool.glob("*.json")}


def result(way, key):
    """A result in the spool; UsageError if it is none: a disk may fail."""
    path = way.spool / f"{key}.json"
    try:
        return results_in(path.read_text())
    except (OSError, ValueError):
        raise UsageError(f"{path} is damaged; remove it, and run this again") from None
