"""Times commands in turn, A B A B, so that a machine whose speed drifts favours none.

All times are wall-clock seconds of whole processes; what is published are ratios taken in
the same round, and the seconds only beside them.
"""

import os
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

from grading.errors import UsageError


class Figure(NamedTuple):
    """The median of several rounds, and their spread."""

    median: float
    least: float
    most: float
    rounds: int


def figure(values, digits=3):
    """The Figure of these values."""
    return Figure(*(round(value, digits) for value in
                    (statistics.median(values), min(values), max(values))), len(values))


def seconds(command, says="", before=None):
    """Wall-clock seconds of one run; UsageError if its last line does not end with `says`.

    `before`: what is done first, and not timed.
    """
    if before:
        before()
    start = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=os.environ | {"TERM": "dumb"}, check=False)
    elapsed = time.monotonic() - start
    last = done.stdout.decode(errors="replace").strip().split("\n")[-1]
    if not last.endswith(says):
        raise UsageError(f"{' '.join(map(str, command))}: {says!r} was expected, not: {last}")
    return elapsed


def in_turn(timers, rounds):
    """name → list of seconds; `timers`: name → function that takes one time, called in turn.

    One round more is made first, for the caches, and not counted.
    """
    times = {name: [] for name in timers}
    for number in range(rounds + 1):
        for name, timer in timers.items():
            taken = timer()
            if number:
                times[name].append(taken)
        progress(f"round {number} of {rounds}")
    progress("")
    return times


def progress(text):
    """A line on a terminal that the next one takes the place of."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def ratios(over, under):
    """Round by round."""
    return [value / least for value, least in zip(over, under)]
