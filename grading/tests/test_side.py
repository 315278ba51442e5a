"""grading/side.py: in order, side by side, and nothing left behind."""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from grading import errors, process, side

ROOT = Path(__file__).resolve().parent.parent.parent


def tell(path):
    """Says to whoever reads the pipe `path` that we are there."""
    path.write_text("here")


@pytest.mark.parametrize("jobs", [1, 2, 3, 9])
def test_the_answers_come_in_order(jobs):
    assert list(side.by_side(lambda item: item * item, range(7), jobs)) == [
        0, 1, 4, 9, 16, 25, 36]


def test_what_weighs_most_begins_first_and_the_answers_keep_their_order(tmp_path):
    """One job at a time would do it in this process; of two, each waits for a turn to begin."""
    begun = tmp_path / "begun"

    def work(item):
        with open(begun, "a", encoding="ascii") as file:
            file.write(item)
        return item

    assert list(side.by_side(work, ["b", "ddd", "cc", "eeee"], 1, len)) == ["b", "ddd", "cc", "eeee"]
    begun.unlink()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def waiting(item):  # the heaviest is held back until the lightest, the last one, is at work
        signal.alarm(20)
        work(item)
        if item == "eeee":
            return pipe.read_text()
        if item == "b":
            tell(pipe)
        return item

    assert list(side.by_side(waiting, ["b", "ddd", "cc", "eeee"], 2, len)) == [
        "b", "ddd", "cc", "here"]
    assert begun.read_text() in ("eeeedddccb", "dddeeeeccb")  # the first two begin together


def test_they_are_at_work_together(tmp_path):
    """Each waits for the other: one after the other they would wait for ever."""
    pipes = [tmp_path / "first", tmp_path / "second"]
    for pipe in pipes:
        os.mkfifo(pipe)

    def meet(number):
        signal.alarm(20)  # only what is broken takes that long
        if number:
            tell(pipes[0])
            return pipes[1].read_text()
        heard = pipes[0].read_text()
        tell(pipes[1])
        return heard
    assert list(side.by_side(meet, [0, 1], 2)) == ["here", "here"]


def test_no_more_than_wanted_are_at_work(tmp_path):
    def count(number):
        own = tmp_path / str(number)
        own.touch()
        there = len(list(tmp_path.iterdir()))
        own.unlink()
        return there
    assert max(side.by_side(count, range(20), 2)) <= 2


def nobody_left():
    """True if we have no child any more."""
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    return True


@pytest.mark.parametrize("error", [errors.UsageError("no such thing"), SystemExit(3)])
def test_what_is_raised_there_is_raised_here(error):
    def work(number):
        if number == 1:
            raise error
        if number == 2:
            time.sleep(100)  # told to end, it does not
        return number
    answers = side.by_side(work, range(3), 3)
    assert next(answers) == 0
    with pytest.raises(type(error), match=str(error)):
        next(answers)
    assert nobody_left()


def test_one_that_is_killed_is_told_of():
    def work(number):
        if number:
            os.kill(os.getpid(), signal.SIGKILL)
    with pytest.raises(ChildProcessError, match="was killed"):
        list(side.by_side(work, range(2), 2))
    assert nobody_left()


UNDER_FIRE = """
import os, signal, sys, time
sys.path.insert(0, {root!r})
from grading import side

begin = side.begin

def under_fire(*arguments):
    pipe, child = begin(*arguments)
    os.kill(os.getpid(), {number})
    return pipe, child

side.begin = under_fire
signal.signal({number}, lambda *_: sys.exit(3))
try:
    list(side.by_side(lambda _: time.sleep(100), range(2), 2))
finally:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        os._exit({nobody})
    os._exit(1)
"""
NOBODY = 7  # an exit code


@pytest.mark.parametrize("number", sorted(process.ENDS))
def test_a_signal_while_one_is_begun_leaves_nobody(number):
    """It comes when the child is there, and its number is in no list yet. In a process of its own,
    which has one thread: another thread would hear the signal at once."""
    code = UNDER_FIRE.format(root=str(ROOT), number=int(number), nobody=NOBODY)
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == NOBODY


def end(handles):
    """Ends what these handles are of, if anything."""
    for handle in handles:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)


WAITS = """
import os, sys, time
sys.path.insert(0, {root!r})
from grading import errors, side

def work(number):
    try:
        os.write(1, b"%d\\n" % os.getpid())
        while True:
            time.sleep(0.1)
    finally:
        os.write(1, b"unwound\\n")

errors.run_main(lambda: list(side.by_side(work, range(2), 2)))
"""


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("number", [*sorted(process.ENDS), signal.SIGKILL])
def test_they_end_with_us(number, times):
    """Told to end, once or twice, they unwind; if we are killed, so are they."""
    code = WAITS.format(root=str(ROOT))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT,
                                                           signal.default_int_handler)) as parent:
        handles = []
        try:
            children = [int(parent.stdout.readline()) for _ in range(2)]
            handles = [os.pidfd_open(child) for child in children]
            for _ in range(times):
                parent.send_signal(number)
            for handle in handles:
                assert select.select([handle], [], [], 20)[0], "it still runs"
            said = parent.stdout.read()  # ends when the last of the three has
        finally:
            parent.kill()
            end(handles)
    assert said.count("unwound") == (0 if number == signal.SIGKILL else 2)
