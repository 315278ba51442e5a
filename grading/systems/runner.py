"""One upload on another system: what is taken of it, and its grade.

The system gives each upload a container of its own, and calls handle() in it. What cannot
be read at all is refused. On anything else grading/grade is run, in the first of these ways
that there is:

    boxed    as on your own computer: compilers and emulators in bubblewrap, which wants
             CAP_SYS_ADMIN or user namespaces; a container mostly has neither
    unboxed  no sandbox, but if we are root the grader and all that it starts are a user of
             their own, without capabilities and with few processes. What broke out of the
             emulator or the compiler could read what every user can, use the network, and
             meddle with the grader, whose user it is. It could not write the system's
             result, nor outlive the grade

In either way it could forge this one grade: the emulator is the witness.
Nothing here is a secret: the package has the students' tree in it, without a solution.
"""

import json
import os
import random
import signal
import subprocess
import tempfile
from contextlib import suppress
from typing import NamedTuple

from grading import intake, lab, process, sandbox
from grading.errors import UsageError
from grading.log import printable
from grading.process import Limits

CHOSEN = lab.ROOT / "grading" / "systems" / "chosen.json"  # what grading/package was told
OUT = lab.ROOT / "build"
SECONDS = 540  # of a whole grade; Gradescope gives 600 if it is not told otherwise
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}  # nothing of the system's own
USERS = range(62000, 65000)  # of whom a container has none
PROCESSES = 256  # of such a user, threads among them


class Outcome(NamedTuple):
    """What became of an upload. Without `text`, its grade, it was `refused`, or we `failed`:
    with both, some of the grade is our failure. Lines for people are printable."""

    text: str = ""  # in the format that was wanted
    refused: str = ""
    failed: str = ""
    box: str = ""  # "bubblewrap", or why there was none


def handle(upload, form):
    """The Outcome of what a student uploaded: a folder, a tarball or a zip."""
    names, seed = chosen()
    try:
        programs = wanted(names) if names else intake.labs_in(upload, wanted(names))
        for program in programs:
            readable(upload, program)
    except UsageError as error:
        return Outcome(refused=line(str(error)))
    return grade(upload, programs, form, seed)


def chosen():
    """The labs that the package is for, none for all; and the seed, or None."""
    values = json.loads(CHOSEN.read_text())
    return values["labs"], values["seed"]


def wanted(names):
    """The programs of these labs; of all of them if there are no names."""
    return lab.named(names)


def readable(upload, program):
    """UsageError if nothing can be read of it at all. If a file is missing, or is none, the
    grade says so."""
    try:
        intake.read(upload, program)
    except intake.Incomplete:
        pass


def grade(submission, programs, form, seed=None, boxed=True, more=()):
    """The Outcome of grading/grade on what is known to be a submission: whatever it says
    against it is our failure. `boxed`: in a sandbox, if there can be one."""
    without = no_box() if boxed else "not wanted"
    out = OUT / ("unboxed" if without else "boxed")
    out.mkdir(parents=True, exist_ok=True)
    command = ["/usr/bin/python3", "-S", str(lab.ROOT / "grading" / "grade"), str(submission),
               *(word for each in programs for word in ("--lab", each.name)), "--format", form,
               "--out", str(out), *more, *([] if seed is None else ["--seed", str(seed)]),
               *(["--no-sandbox"] if without else [])]
    outcome = as_another(command, submission, out) if without and os.geteuid() == 0 \
        else judged(command)
    return outcome._replace(box=line(without) or "bubblewrap")


def as_another(command, submission, out):
    """judged() by a user who has nothing but `out`, and of whom nothing is left."""
    user = random.SystemRandom().choice(USERS)
    become = ["prlimit", f"--nproc={PROCESSES}", "setpriv", f"--reuid={user}", f"--regid={user}",
              "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs",
              "--pdeathsig=KILL"]
    # Neither follows links that it meets.
    subprocess.run(["chmod", "-R", "go+rX", submission], check=True)
    subprocess.run(["chown", "-R", f"{user}:{user}", out], check=True)
    try:
        return judged([*become, *command])
    finally:
        subprocess.run([*become, "sh", "-c", "kill -KILL -1"], check=False,
                       stderr=subprocess.DEVNULL)  # all that this user has


def judged(command):
    """The Outcome of a call of grading/grade."""
    child = process.begin(command, cwd="/", env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", start_new_session=True)
    try:
        text, complaint = child.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Outcome(failed=f"the grade took longer than {SECONDS} seconds")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    if child.returncode not in (0, 1) or not text:
        said = complaint.strip().splitlines() or ["it says nothing"]
        return Outcome(failed=f"grading/grade ended with code {child.returncode}: "
                              f"{line(said[-1])}")
    return Outcome(text, failed="an exercise ended with ERROR" if child.returncode else "")


def no_box():
    """Why nothing can be put in a sandbox here; empty if it can."""
    with tempfile.TemporaryDirectory(prefix="ring-") as folder:
        try:
            sandbox.require()
            ended, said = process.run(["true"], Limits(boxed=True), folder)
        except UsageError as error:
            return str(error).removesuffix(f"; {sandbox.SAID_ALOUD}")
        except subprocess.SubprocessError:
            return "the limits here are lower than the sandbox's own"
    return said.decode(errors="replace").strip() or f"code {ended.code}" if ended.code else ""


def line(text):
    """The text in one line, printable."""
    return printable(" ".join(text.split()))
