"""Pages whose commands are typed, in a new copy of the course: if they did what is shown.

A block that begins with ```sh is typed, line by line (pages.py says how it is read); each
command must end with exit code 0. A block that begins with ```sh elsewhere wants what a test
has not got (root, a class, a cluster, minutes).
"""

import shutil
import subprocess

from grading.lab import ROOT
from grading.tests.docs.pages import BLOCK, ENVIRONMENT, as_shown, commands

SECONDS = 200  # by the clock, for one command: longer is a hang
LEFT_OUT = shutil.ignore_patterns(".git", "build", "__pycache__", ".pytest_cache")


def blocks(text):
    """(where, commands) of each ```sh block of a page; where is "" or "elsewhere"."""
    for language, where, body in BLOCK.findall(text):
        if language == "sh":
            yield where, commands(body)


def here(text):
    """The Commands of a page that can be typed in a test."""
    return [each for where, found in blocks(text) if not where for each in found]


def copy_of_the_course(folder):
    """A new copy in a folder, as a clone has it."""
    copy = folder / "ring-minus-1"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=LEFT_OUT)
    return copy


def typed(found, copy):
    """Types Commands in a copy; what went wrong, in words."""
    wrong = []
    for each in found:
        done = subprocess.run(["bash", "-c", each.text], cwd=copy, check=False, text=True,
                              errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=ENVIRONMENT | {"HOME": str(copy.parent)})
        if done.returncode or not as_shown(each.shown, done.stdout):
            wrong.append(f"$ {each.text}\nexit code {done.returncode}\n{done.stdout}")
    return wrong
