"""Runs a program under limits, and leaves nothing of it behind."""

import ctypes
import os
import resource
import signal
import stat
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from grading import sandbox


class Limits(NamedTuple):
    """Budgets of one child process."""

    cpu_seconds: int = 4  # CPU time, not wall-clock time; a run takes about 0.2
    file_bytes: int = 16 * 1024 * 1024  # of any file it writes; a run's largest has 0.4 MB
    memory_bytes: int = 4 << 30  # of addresses; QEMU reserves much and uses little
    boxed: bool = False  # in a sandbox
    processes: int = 100  # there; QEMU has up to 64 threads that read its disk
    shown: tuple = ()  # folders that it may read there, beside the system's


class Ended(NamedTuple):
    """How a child ended."""

    code: int  # exit code, or minus the signal's number
    over_budget: str | None  # which budget it used up, if any
    cpu_seconds: float


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1

OVER_BUDGET = {
    signal.SIGXCPU: "CPU time",
    signal.SIGXFSZ: "bytes written to a log",
}


def die_with_parent():
    """For a child, before it becomes another program: its parent's death is its own."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def limit(which, soft, hard=None):
    """Sets a limit of this process; where somebody has set a lower one, that stays."""
    _, most = resource.getrlimit(which)
    values = (soft, soft if hard is None else hard)
    if most != resource.RLIM_INFINITY:
        values = tuple(min(value, most) for value in values)
    resource.setrlimit(which, values)


def start(command, limits, cwd, env=None, piped=False):
    """Starts `command` in a process group of its own: input from a pipe, output to
    cwd/output, or to a pipe too if `piped`. FileNotFoundError if the program is not
    installed.

    On Linux it does not outlive us, should we be killed: a frozen emulator uses no CPU
    time, so its budget would never end it.
    """

    def restrict():
        die_with_parent()
        limit(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
        limit(resource.RLIMIT_FSIZE, limits.file_bytes)
        limit(resource.RLIMIT_CORE, 0)
        limit(resource.RLIMIT_AS, limits.memory_bytes)

    times, ours = os.pipe() if limits.boxed else (None, None)
    if limits.boxed:
        sandbox.hand_over(cwd)
        command = sandbox.wrap(command, Path(cwd), limits.shown, limits.processes, ours)
    file = nullcontext(subprocess.PIPE) if piped else open(os.path.join(cwd, "output"), "wb")
    try:
        with file as output:
            child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.PIPE,
                                     stdout=output, stderr=subprocess.STDOUT,
                                     pass_fds=(ours,) if ours else (),
                                     start_new_session=True, preexec_fn=restrict)
    except BaseException:
        if times:
            os.close(times)
        raise
    finally:
        if ours:
            os.close(ours)
    child.times = times  # what a box tells of the CPU time used in it
    return child


def tell(child, text):
    """Writes to a child's input; a child that is gone already says so by its end."""
    try:
        child.stdin.write(text.encode("ascii"))
        child.stdin.flush()
    except BrokenPipeError:
        pass


def run(command, limits, cwd, env=None):
    """Runs `command` to its end, without input; the Ended, and the bytes that it said."""
    child = start(command, limits, cwd, env, piped=True)
    child.stdin.close()
    said = child.stdout.read(limits.file_bytes)
    return finish(child, limits), said


def cancel(child):
    """Ends a child from start() that is not needed after all; one that is gone is fine."""
    if child.returncode is None:
        if child.times is not None:  # a box that is not up yet could outlive its bwrap
            os.read(child.times, 1)
        os.killpg(child.pid, signal.SIGKILL)
        finish(child)


def finish(child, limits=Limits()):
    """Waits for a child from start(), with the same limits; ends what it leaves in its group."""
    try:
        child.stdin.close()
    except BrokenPipeError:
        pass
    try:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if child.stdout:
            child.stdout.close()
    code = sandbox.signal_of(child.returncode) if limits.boxed else child.returncode
    over = OVER_BUDGET.get(-code) if code < 0 else None
    return Ended(code, over, usage.ru_utime + usage.ru_stime + inside(child))


def inside(child):
    """Seconds of CPU time that were used in a child's box; nobody has that pipe any more."""
    if child.times is None:
        return 0
    with open(child.times, "rb") as pipe:
        child.times = None
        return sandbox.seconds(pipe.read(4096))


def put(path, text):
    """Writes a file of ours where a child was: whatever it left there is no way elsewhere."""
    path.unlink(missing_ok=True)
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)


def left(path):
    """The bytes of a file that a child may have left; none if it did not, or something else."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except OSError:
        return b""
