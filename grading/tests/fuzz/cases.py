"""Many cases of one kind, each made from its number alone, each within a budget of CPU time.

FUZZ=25 in the environment makes 25 times as many. A failure names the part and the number:
random.Random("PART NUMBER") is all that the case was made of.
"""

import ctypes
import os
import random
import threading
import time
import traceback
from contextlib import contextmanager

import pytest

TIMES = float(os.environ.get("FUZZ", "1"))
DEPTHS = (pytest.param(0, id="short"), pytest.param(1, id="long", marks=pytest.mark.full))
SECONDS = 6  # of CPU time for a case; the longest, all of lab 04, takes 2


class Hang(BaseException):
    """A case has used up its budget of CPU time. No `except Exception` may keep it."""


@contextmanager
def budget(seconds=SECONDS):
    """Raises Hang in this thread when it has used that much CPU time in here.

    Not by a signal: pytest-xdist runs tests in a thread that gets none.
    """
    ours, over = threading.get_ident(), threading.Event()
    clock = time.pthread_getcpuclockid(ours)
    end = time.clock_gettime(clock) + seconds

    def watch():
        while not over.wait(0.2):
            if time.clock_gettime(clock) > end:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ours),
                                                           ctypes.py_object(Hang))
                return
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def run(part, count, case, seconds=SECONDS):
    """Calls case(chance) `count` times; all that went wrong, once for each place, is told.

    Returns how many there were.
    """
    wrong, number = {}, 0
    for number in range(1, max(1, int(count * TIMES)) + 1):
        try:
            with budget(seconds):
                case(random.Random(f"{part} {number}"))
        except (Exception, Hang) as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            key = "hang" if isinstance(error, Hang) else (last.filename, last.lineno)
            wrong.setdefault(key, []).append((number, traceback.format_exc()))
    if wrong:
        pytest.fail("\n".join(f"=== {part}: {len(found)} of {number} cases, the first "
                              f"random.Random(\"{part} {found[0][0]}\")\n{found[0][1]}"
                              for found in wrong.values()), pytrace=False)
    return number
