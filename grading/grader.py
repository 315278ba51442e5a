"""One submission through all the stages: the order in which they follow each other."""

import os
import shutil

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
    folder = work / f"{emulator.NAME}-run"
    fresh(folder)
    boot = emulator.Boot(folder, Limits())  # starts while we prepare what it shall run
    try:
        import hashlib  # here: loading all this takes as long as the emulator does to start

        from grading import build, image, intake, judge, log, report
        from grading.versions import version
        taken = intake.take(submission, lab, work / "files")
        built = build.make(lab, taken.files, work, out, variables)
        versions = {"emulator": version(emulator.PROGRAM, out), "compiler": version("gcc", out)}
        hashes = {"submission": taken.sha256}
        rubric = lab.rubric()
        if built.error:
            boot.cancel()
            verdicts = judge.unbuilt(rubric, built.error)
            return report.result(lab, verdicts, None, seed, versions, hashes, built.output), None
        region = image.read_symbols(built.symbols)[rubric.REGION]
        challenge = rubric.draw(seed, region)
        disk = image.with_challenge(built.image, region, challenge.content)
        hashes["image"] = hashlib.sha256(disk).hexdigest()
    except BaseException:
        boot.cancel()
        raise
    run = boot.go(disk)

    said = log.read(run.serial, lab.name)
    verdicts = judge.judge(rubric, challenge, said, run)
    text = run.serial[:16384].decode("ascii", errors="replace")
    return report.result(lab, verdicts, run, seed, versions, hashes, text), run


def fresh(folder):
    """An empty folder of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        os.makedirs(folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}); "
                         "make it writable, or name another with OUT=") from None
