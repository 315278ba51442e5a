"""Runs a program under limits, and leaves nothing of it behind."""

import ctypes
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path
from subprocess import PIPE
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
    rest_seconds: int = 10  # by the clock, in which all its processes sleep, and none is woken


class Ended(NamedTuple):
    """How a child ended."""

    code: int  # exit code, or minus the signal's number
    over_budget: str | None  # which budget it used up, if any
    cpu_seconds: float


ENDS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}  # what tells us to end
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
BYTES, REST = "bytes written to a log", "rest (it sleeps, and nothing wakes it)"
# What make tells those below it: not for a make that we call.
OF_MAKE = ("MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS", "LAB", "SEED")

OVER_BUDGET = {
    signal.SIGXCPU: "CPU time",
    signal.SIGXFSZ: BYTES,
}


def plain_environment():
    """Ours, without what a make above us tells those below: LAB=05 would be theirs, too."""
    return {name: value for name, value in os.environ.items() if name not in OF_MAKE}


def die_with_parent():
    """For a child, before it becomes another program: its parent's death is its own."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def undisturbed():
    """Who tells us to end is heard behind this block, not in it: between the fork and our
    knowing the child, it would be left behind; and what is raised in that which Python itself
    does around a fork is printed and forgotten. A child begins with the same signals blocked.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin(command, prepare=die_with_parent, **how):
    """A Popen, undisturbed; prepare() is called in the child."""

    def ready():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        prepare()

    with undisturbed():
        return subprocess.Popen(command, preexec_fn=ready, **how)


def limit(which, soft, hard=None):
    """Sets a limit of this process; where somebody has set a lower one, that stays."""
    _, most = resource.getrlimit(which)
    values = (soft, soft if hard is None else hard)
    if most != resource.RLIM_INFINITY:
        values = tuple(min(value, most) for value in values)
    resource.setrlimit(which, values)


def start(command, limits, cwd, env=None, output=None):
    """Starts `command` in a process group of its own: input from a pipe, output to the file
    (or file descriptor) `output`, to a PIPE, or to cwd/output if not given.
    FileNotFoundError if the program is not installed.

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
    file = open(os.path.join(cwd, "output"), "wb") if output is None else nullcontext(output)
    try:
        with file as stdout:
            child = begin(command, restrict, cwd=cwd, env=env, stdin=PIPE,
                          stdout=stdout, stderr=subprocess.STDOUT,
                          pass_fds=(ours,) if ours else (), start_new_session=True)
    except BaseException:
        if times:
            os.close(times)
        raise
    finally:
        if ours:
            os.close(ours)
    child.times = times  # what a box tells of the CPU time used in it
    child.over = child.guard = None
    return child


class Guard(threading.Thread):
    """Ends a child that rests for good: it uses no CPU time, so that no budget of that
    would ever end it. Here alone a clock is looked at. However busy the machine is, what works
    gets some time; and what waits for a disk, or was stopped, does not rest."""

    def __init__(self, child, seconds):
        super().__init__(daemon=True)
        self.child, self.seconds, self.over = child, seconds, threading.Event()
        with undisturbed():  # nor is it heard by this thread, ever, while the first one must not
            self.start()

    def run(self):
        before = None  # looking costs some milliseconds: most are gone by then
        while not self.over.wait(self.seconds):
            now = asleep(self.child.pid)
            if now is not None and now == before:
                stop(self.child, REST)
                return
            before = now

    def leave(self):
        """Call it while the child's number is still its own: while nobody has waited for it."""
        self.over.set()
        self.join()


def guard(child, limits=Limits()):
    """From now on a child from start() may not rest for good."""
    child.guard = Guard(child, limits.rest_seconds)


def asleep(ancestor):
    """cpu_ticks() if all of them sleep, and could be woken; None if one works, waits for a
    disk, or was stopped."""
    states, ticks = looked_at(ancestor)
    return ticks if states <= {"S", "I", "Z"} else None  # Z: gone, but for its number


def cpu_ticks(ancestor):
    """CPU time, in the kernel's ticks, of a process and all that came of it."""
    return looked_at(ancestor)[1]


def looked_at(ancestor):
    """The states of a process and all that came of it, and the ticks of CPU time they used."""
    parents, ticks, states = {}, {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        number = int(path.parent.name)
        states[number], parents[number] = fields[0], int(fields[1])
        ticks[number] = sum(map(int, fields[11:15]))
    family = [number for number in ticks if came_of(number, ancestor, parents)]
    return {states[number] for number in family}, sum(ticks[number] for number in family)


def came_of(number, ancestor, parents):
    """True if a process is the ancestor or one of its descendants."""
    while number not in (ancestor, 0, 1, None):
        number = parents.get(number)
    return number == ancestor


def stop(child, over):
    """Kills a child, because it used up the budget `over`."""
    child.over = child.over or over
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def tell(child, text):
    """Writes to a child's input; a child that is gone already says so by its end."""
    try:
        child.stdin.write(text.encode("ascii"))
        child.stdin.flush()
    except BrokenPipeError:
        pass


def run(command, limits, cwd, env=None):
    """Runs `command` to its end, without input; the Ended, and the bytes that it said."""
    child = start(command, limits, cwd, env, PIPE)
    try:
        guard(child, limits)
        child.stdin.close()
        said = child.stdout.read(limits.file_bytes)
        if child.stdout.read(1):  # more than it may say: nobody reads on, and it would wait
            stop(child, BYTES)
        return finish(child, limits), said
    except BaseException:
        with undisturbed():
            cancel(child)
        raise


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
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        if child.guard:
            child.guard.leave()
            child.guard = None  # nor is there a ring for the garbage collector to find
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
    over = child.over or (OVER_BUDGET.get(-code) if code < 0 else None)
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


def left(path, start=0, length=-1):
    """The bytes of a file that a child may have left, all or `length` of them from `start` on;
    none if it did not, or something else."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return b""
            file.seek(start)
            return file.read(length)
    except OSError:
        return b""
