"""Checks of an instructor's own, which no student has: a folder with a file NN-name.py for
each lab that has some. Such a file defines

    check(challenge, log, run)  → exercise id → Finding

as a rubric does. An exercise for which it finds a failure fails, whatever the rubric finds;
for what it does not name, or what passes, nothing changes.
"""

import hashlib
import importlib.util
from pathlib import Path

from grading.errors import UsageError


class Stricter:
    """A rubric, and hidden checks behind it."""

    def __init__(self, rubric, path):
        self.rubric = rubric
        self.hidden = load(path)

    def __getattr__(self, name):
        """All that hidden checks do not change."""
        return getattr(self.rubric, name)

    def check(self, challenge, log, run):
        """The rubric's findings; a hidden failure replaces what it found."""
        findings = self.rubric.check(challenge, log, run)
        return findings | {exercise: finding for exercise, finding in
                           self.hidden.check(challenge, log, run).items()
                           if not finding.passed and exercise in findings}


def rubric(lab, folder):
    """The lab's rubric, with the hidden checks that `folder` (None: no folder) has for it."""
    path = folder and folder / f"{lab.name}.py"
    return Stricter(lab.rubric(), path) if path and path.is_file() else lab.rubric()


def load(path):
    """The module in a file; UsageError if it is none, or has no check()."""
    spec = importlib.util.spec_from_file_location("hidden_" + path.stem.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever an instructor's file may raise
        raise UsageError(f"{path}: {type(error).__name__}: {error}; mend it, or leave it "
                         "out") from None
    if not callable(getattr(module, "check", None)):
        raise UsageError(f"{path} defines no check(challenge, log, run)")
    return module


def require(folder):
    """UsageError if it is no folder, or has a file for no lab: a name mistyped checks nothing."""
    from grading import lab

    names = [each.name for each in lab.all_labs()]
    if not folder or not Path(folder).is_dir():
        raise UsageError(f"--hidden {str(folder)!r}: there is no such folder of hidden checks")
    for path in Path(folder).glob("*.py"):
        if path.stem not in names:
            raise UsageError(f"{path}: there is no lab {path.stem}; there is {', '.join(names)}")


def fingerprint(folder):
    """The sha256 of the files in it, hex; of nothing for None."""
    state = hashlib.sha256()
    for path in sorted(Path(folder).glob("*.py")) if folder else ():
        state.update(path.name.encode() + b"\n" + path.read_bytes())
    return state.hexdigest()
