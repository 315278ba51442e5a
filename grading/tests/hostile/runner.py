"""Runs a command as the ancestor of all that comes of it, and says what became of them.

usage: runner.py SECONDS COMMAND...

A program of its own: what loses its parent becomes this process's child (PR_SET_CHILD_SUBREAPER),
whatever session, group, user or namespace it went to. So nothing can hide, and the CPU time of
all is counted, that of boxes too, which bwrap does not wait for.

Prints JSON: code (None if it took longer than SECONDS, by the clock), out, err, cpu (seconds
of all), megabytes (of the largest process), left (command lines of what was still there).
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 20.0  # seconds for what is dying already: a box dies a moment after its bwrap
SHOWN = 20000  # bytes of its output


def children():
    """The numbers of our children that live; the dead are buried."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return []
    return [int(number) for task in Path("/proc/self/task").iterdir()
            for number in (task / "children").read_text().split()]


def command_line(number):
    """What a process calls itself."""
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(
            errors="replace")[:200]
    except OSError:
        return "(gone)"


def left_behind():
    """Command lines of the processes that outlived the command; they are ended."""
    end = time.monotonic() + PATIENCE
    while children() and time.monotonic() < end:
        time.sleep(0.01)
    left = [command_line(number) for number in children()]
    while numbers := children():  # ending one leaves us its children
        for number in numbers:
            os.kill(number, signal.SIGKILL)
        time.sleep(0.01)
    return left


def main():
    """Runs the command of the command line."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        try:
            code = child.wait(float(sys.argv[1]))
        except subprocess.TimeoutExpired:
            code = None
            child.terminate()  # as a grader is ended that takes too long
            child.wait()
        left = left_behind()
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read(SHOWN).decode(errors="replace"))
    print(json.dumps({"code": code, "out": said[0], "err": said[1], "left": left,
                      "cpu": usage.ru_utime + usage.ru_stime,
                      "megabytes": usage.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
