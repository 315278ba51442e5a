"""Reads the serial log. Everything in it may come from a hostile program.

The format is in common/report.h. What counts is what stands between the first
`begin` and the first orderly end; facts are lines "@ name 0xvalue", nothing else.
"""

import re
from typing import NamedTuple

MAX_BYTES = 1024 * 1024
LINE = re.compile(r"@ ([a-z][a-z0-9_.]{0,63}) 0x([0-9a-f]{1,16})")
BANNER = re.compile(r"\[([0-9a-z-]{1,40})\] "
                    r"(?:begin 0x([0-9a-f]{1,16})|TODO\(([0-9-]{1,8})\)|(end))")
UNPRINTABLE = re.compile(r"[^\x20-\x7e\n]")


class Log(NamedTuple):
    """What a run said."""

    challenge: int | None  # the id in `begin`
    facts: tuple  # of (name, value), in order
    text: str  # everything else between begin and end, one string
    todo: str | None  # the exercise at which the run stopped
    end: bool  # the run said `end`
    begins: int  # how often it began: 2 or more is a reset
    exception: str | None  # what trap() in common/trap.c said of it

    def values(self, name):
        """All values that the run stated for `name`, in order."""
        return [value for fact, value in self.facts if fact == name]

    def value(self, name):
        """The one value of `name`; None if it was not stated, or not exactly once."""
        values = self.values(name)
        return values[0] if len(values) == 1 else None

    def numbered(self, name, count):
        """The values of name.0 … name.(count-1); None for each not stated once."""
        return [self.value(f"{name}.{number}") for number in range(count)]

    def groups(self, name):
        """Splits the facts at each fact `name`: its value → the Log that follows it.

        A value that comes twice keeps the first.
        """
        groups = {}
        current = None
        for fact in self.facts:
            if fact[0] == name:
                current = groups.setdefault(fact[1], []) if fact[1] not in groups else None
            elif current is not None:
                current.append(fact)
        return {value: self._replace(facts=tuple(facts)) for value, facts in groups.items()}


def read(serial, lab):
    """Parses the bytes of a serial log of the lab of that name."""
    lines = serial[:MAX_BYTES].decode("ascii", errors="replace").replace("\r", "").split("\n")
    lines.pop()  # what follows the last newline is not a whole line
    challenge = todo = exception = None
    begins = 0
    end = False
    facts, text = [], []
    for line in lines:
        banner = BANNER.fullmatch(line)
        if banner and banner[1] == lab:
            if banner[2]:
                begins += 1
                challenge = int(banner[2], 16) if begins == 1 else challenge
            elif begins == 1 and not end and not todo:
                todo, end = banner[3], bool(banner[4])
            continue
        if begins != 1 or end or todo:
            continue
        fact = LINE.fullmatch(line)
        if fact:
            facts.append((fact[1], int(fact[2], 16)))
            continue
        text.append(line)
        if line.startswith("unexpected exception: ") and not exception:
            exception = printable(line[:120])
    return Log(challenge, tuple(facts), "\n".join(text), todo, end, begins, exception)


def printable(text):
    """`text` without what could steer a terminal or a page."""
    return UNPRINTABLE.sub("?", text)
