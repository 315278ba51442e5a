"""The command lines of our programs: argparse, whose complaint is one line as any other."""

import argparse

from grading.errors import UsageError


MOST = 1000


def positive(text):
    """A whole number above 0, of processes and the like."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 1 to {MOST} is wanted")
    return int(text)


class Parser(argparse.ArgumentParser):
    """A parser; UsageError if a command line is not understood."""

    def __init__(self, name, about):
        super().__init__(prog=name, description=about.strip().split("\n\n")[0])

    def error(self, message):
        raise UsageError(f"{self.prog}: {message}; see {self.prog} --help")
