"""The command lines of our programs: argparse, whose complaint is one line as any other."""

import argparse

from grading.errors import UsageError


class Parser(argparse.ArgumentParser):
    """A parser; UsageError if a command line is not understood."""

    def __init__(self, name, about):
        super().__init__(prog=name, description=about.splitlines()[0])

    def error(self, message):
        raise UsageError(f"{self.prog}: {message}; see {self.prog} --help")
