"""Where hostile submissions are graded: a copy of the tree that nobody else works in, so
that whatever changes there was done by one of them."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from grading import lab
from grading.tests import support

RUNNER = Path(__file__).resolve().parent / "runner.py"
PATIENCE = 200  # seconds, by the clock; then it counts as a hang
SEED = 20070131
MARK = "ring-minus-one-was-here"  # what hostile archives call what they want to leave
ELSEWHERE = ("/", "/tmp", "/etc", "/root", "/dev/shm")  # where they would


class World:
    """A copy of the tree; what is built once for all; a solution of each lab and its grade."""

    def __init__(self, folder):
        self.folder = folder
        self.tree = folder / "tree"
        self.out = folder / "out"
        self.canary = folder / "canary"

    def make(self):
        """Once, whoever needs it first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.alone():
            if not self.canary.exists():
                shutil.copytree(lab.ROOT, self.tree, symlinks=True, ignore=shutil.ignore_patterns(
                    "/build", "build", ".git", "__pycache__"))
                # Or the first grader that loads a module would write it.
                subprocess.run([sys.executable, "-m", "compileall", "-q", "grading", "labs"],
                               cwd=self.tree, stdout=subprocess.DEVNULL, check=False)
                self.canary.mkdir()
                (self.canary / "alive").write_text("tweet")
        return self

    def alone(self):
        """Keeps other workers of pytest-xdist out meanwhile."""
        lock = open(self.folder / "lock", "w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    def snapshot(self):
        """Every file here that no grade may change, and what is at the usual places of hosts."""
        seen = {}
        for place in (self.tree, self.canary):
            for path, folders, files in os.walk(place):
                for name in folders + files:
                    status = os.lstat(os.path.join(path, name))
                    seen[path, name] = status.st_mode, status.st_size, status.st_mtime_ns \
                        if name in files else 0
        return seen, [name for place in ELSEWHERE for name in os.listdir(place) if MARK in name]

    def grade(self, submission, of, work, emulator=None, form="json"):
        """Grades it as an instructor would; what runner.py says, and the result's text."""
        result = work.parent / f"{work.name}.result"
        result.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, RUNNER, str(PATIENCE), self.tree / "grading" / "grade", submission,
             "--lab", of.name, "--seed", str(SEED), "--out", self.out, "--work", work,
             "--format", form, "-o", result, *(["--emu", emulator] if emulator else [])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True,
            cwd=self.canary)
        return json.loads(done.stdout), result.read_text() if result.exists() else None

    def solution(self, of):
        """The folder of a lab's right submission."""
        folder = self.folder / "solutions" / of.name
        with self.alone():
            if not folder.exists():
                support.write_sources(of, folder)
        return folder

    def reference(self, of, emulator=None):
        """The grade of a lab's solution, where no other submission has ever been graded."""
        kept = self.folder / f"{of.name}-{emulator}.json"
        if not kept.exists():
            _, text = self.grade(self.solution(of), of, self.folder / f"first-{os.getpid()}",
                                 emulator)
            kept.write_text(text)
        return without_times(kept.read_text())


def without_times(text):
    """A result's values, but for how long it took."""
    values = json.loads(text)
    for result in values["results"]:
        for run in result["runs"]:
            del run["cpu_seconds"]
    return values
