"""Side by side: the programs of one submission, each graded in a process of its own."""

import os
import pickle
import select
import signal
from contextlib import suppress

from grading import process

SECOND = 1


def by_side(work, items, jobs, weight=None):
    """Yields work(item) for each of `items`, in their order; up to `jobs` at a time, those
    first whose `weight` is greatest: what takes long should not begin when all else is done.

    What it raises in there is raised here. However this ends, nothing of it is left behind:
    a child that is told to end unwinds as we do.
    """
    if jobs == 1 or len(items) == 1:
        yield from map(work, items)
        return
    waiting, children, answers = list(enumerate(items)), {}, {}
    waiting.sort(key=lambda each: -weight(each[1]) if weight else 0)
    try:
        for wanted in range(len(items)):
            while wanted not in answers:
                while waiting and len(children) < jobs:
                    place, item = waiting.pop(0)
                    with process.undisturbed():
                        pipe, number = begin(work, item)
                        children[pipe] = place, number
                # A signal that came just before we waited is heard when we have waited.
                for pipe in select.select(list(children), [], [], SECOND)[0]:
                    answers[children[pipe][0]] = heard(pipe)
                    os.waitpid(children.pop(pipe)[1], 0)
            done, answer = answers.pop(wanted)
            if not done:
                raise answer
            yield answer
    finally:
        with process.undisturbed():  # by a second Ctrl-C
            for pipe, (_, number) in children.items():
                os.close(pipe)
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGTERM)
                os.waitpid(number, 0)


def begin(work, item):
    """Starts a child that does it: the pipe with its answer, and its number."""
    ours, theirs = os.pipe()
    number = os.fork()
    if number:
        os.close(theirs)
        return ours, number
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, process.ENDS)
        process.die_with_parent()
        os.close(ours)
        try:
            answer = True, work(item)
        except BaseException as error:  # Ctrl-C, too
            answer = False, error
        with open(theirs, "wb") as pipe:
            pickle.dump(answer, pipe)
    finally:
        os._exit(0)  # whatever else was going on in the parent is not ours to end


def heard(pipe):
    """(True, what it returned) or (False, what it raised)."""
    with open(pipe, "rb") as file:
        try:
            return pickle.load(file)
        except EOFError:
            return False, ChildProcessError("a process that graded a program was killed")
