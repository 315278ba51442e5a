"""One submission through all the stages: the order in which they follow each other."""

import fcntl
import os
import shutil
from contextlib import contextmanager

from grading.errors import UsageError
from grading.process import Limits


def parse_seed(text):
    """A challenge's number from the command line; a fresh one if there is none."""
    if text is None:
        return int.from_bytes(os.urandom(4), "little")
    try:
        seed = int(text, 0)
    except ValueError:
        seed = -1
    if not 0 <= seed < 1 << 64:
        raise UsageError(f"SEED={text}: a whole number is wanted, such as 7 or 0x1f")
    return seed


def grade(submission, lab, emulator, seed, out, variables=(), work=None):
    """Grades `submission`; returns the result (report.result) and the Run.

    `out` holds what is built once for all; `work` what is this submission's own
    (out/grade/NN-name). The Run is None if the submission does not build.
    """
    work = work or out / "grade" / lab.name
    with locked(work):
        return grade_alone(submission, lab, emulator, seed, out, variables, work)


def grade_alone(submission, lab, emulator, seed, out, variables, work):
    """grade(), by the only grader that uses folder `work`."""
    folder = work / f"{emulator.NAME}-run"
    fresh(folder)
    boot = emulator.Boot(folder, Limits())  # starts while we prepare what it shall run
    try:
        from grading import build, image, intake

        files = work / "files"
        contents = intake.take(submission, lab, files)
        with locked(out):
            built = build.make(lab, files, work, out, variables)
        rubric = lab.rubric()
        disk = None
        if not built.error:
            region = image.read_symbols(built.symbols)[rubric.REGION]
            challenge = rubric.draw(seed, region)
            disk = image.with_challenge(built.image, region, challenge.content)
            boot.go(disk)

        # While it runs: what is needed behind it, which takes time to load.
        import hashlib

        from grading import judge, log, report
        from grading.versions import version
        origin = report.Origin(
            seed, version(emulator.PROGRAM, out), version("gcc", out), intake.digest(contents),
            hashlib.sha256(disk).hexdigest() if disk else None)
    except BaseException:
        boot.cancel()
        raise
    if built.error:
        boot.cancel()
        return report.result(lab, judge.unbuilt(rubric, built.error), None, origin,
                             built.output), None
    run = boot.wait()
    verdicts = judge.judge(rubric, challenge, log.read(run.serial, lab.name), run)
    text = run.serial[:16384].decode("ascii", errors="replace")
    return report.result(lab, verdicts, run, origin, text), run


@contextmanager
def locked(folder):
    """Makes `folder` if it is not there, and keeps other graders out of it meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / "lock", "w", encoding="ascii")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}); "
                         "make it writable, or name another with OUT=") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fresh(folder):
    """An empty folder of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
