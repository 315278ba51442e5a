"""One submission through all the stages: the order in which they follow each other."""

import fcntl
import os
import shutil
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

from grading import process
from grading.errors import UsageError
from grading.process import Limits
from grading.versions import version

# What passes one challenge by luck seldom passes two, and two cores boot two at once.
CHALLENGES = 2
MAX_CHALLENGES = 16


class Demands(NamedTuple):
    """What a grade asks for, beyond what students can see."""

    challenges: int = CHALLENGES
    hidden: object = None  # a folder of hidden checks (hidden.py)


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


def grade(submission, lab, emulator, seed, out, variables=(), work=None, limits=Limits(),
          demands=Demands(), made=None):
    """Grades `submission`; returns the result (report.result) and the Runs.

    A grade faces several challenges, one boot each, side by side: those of `seed` and the
    numbers after it. `out` holds what is built once for all; `work` what is this
    submission's own (out/grade/NN-name). There are no Runs if it does not build. `limits`
    are those of each program that it takes. `made`: what make_together() has for this lab.
    """
    work = work or out / "grade" / lab.name
    with locked(work):
        folders = [work / f"{emulator.NAME}-run{number}"
                   for number in range(demands.challenges)]
        for folder in folders:
            fresh(folder)
        # They start while we prepare what they shall run.
        release = version(emulator.PROGRAM, out)
        boots = [emulator.Boot(folder, limits, release, lab.cpu(seed + number))
                 for number, folder in enumerate(folders)]
        try:
            contents, built = made or make(submission, lab, out, variables, work, limits)
            return grade_on(boots, release, contents, built, lab, emulator, seed, out, variables,
                            demands)
        except BaseException:
            with process.undisturbed():
                for boot in boots:
                    boot.cancel()
            raise


def prepare(out, limits):
    """Loads and makes what every grade needs, before processes that grade are forked off."""
    import hashlib  # noqa: F401
    from grading import build, image, intake, judge, log, report, watch  # noqa: F401
    if limits.boxed:
        from grading import tree
        tree.pristine(out)


def incomplete(why, lab, emulator, seed, out, variables=()):
    """The result of a lab whose files were not all handed in; `why`: an intake.Incomplete."""
    from grading import intake, judge, report

    origin = report.Origin(seed, emulator.NAME, version(emulator.PROGRAM, out),
                           compiler(variables, out), why.digest(), base_of(variables), [])
    return report.result(lab, judge.not_there(lab.rubric(), str(why)), [], origin, "")


def compiler(variables, out):
    """Name and version of the compiler that a build with these variables uses."""
    from grading import build
    return version(build.variable(variables, "CC", "gcc"), out)


def base_of(variables):
    """Whose files of other labs are linked."""
    return "reference" if "BASE=reference" in variables else "own"


def make(submission, lab, out, variables, work, limits):
    """The student's files, name → bytes, and the Build of them."""
    from grading import build, intake

    contents = intake.take(submission, lab, work / "files")
    place = work
    if limits.boxed:  # by another user, and nothing of the last one's
        place = work / "box"
        fresh(place)
    with nullcontext() if limits.boxed else locked(out):  # in a box nothing in it is written
        return contents, build.make(lab, work / "files", place, out, variables, limits)


def make_together(submission, labs, out, variables, work, limits, jobs):
    """Lab → its files and their Build, as make() has them; of those labs alone that are all there
    and build. `work` is the submission's own folder, and nobody else's until all is graded."""
    from grading import intake, together

    contents = intake.read_all(submission, labs)
    files = {name: content for each in contents.values() for name, content in each.items()}
    if any(files[name] != content for each in contents.values()
           for name, content in each.items()):
        return {}  # two labs find two files of one name
    fresh(work / "files")
    fresh(work / "box")
    for name, content in files.items():
        (work / "files" / name).write_bytes(content)
    with nullcontext() if limits.boxed else locked(out):
        builds = together.make(list(contents), work / "files", work / "box", out, variables, limits,
                               jobs)
    return {lab: (contents[lab], built) for lab, built in builds.items()}


def grade_on(boots, release, contents, built, lab, emulator, seed, out, variables, demands):
    """grade(), on emulators that have been started."""
    from grading import image, intake
    from grading.watch import watch

    if not built.error and (name := image.forged(built.symbols)):
        built = built._replace(error=f"a symbol that no compiler makes: {name!a}")
    rubric = lab.rubric()
    if demands.hidden:
        from grading import hidden  # not in the students' tree
        rubric = hidden.rubric(lab, demands.hidden)
    challenges, disks = [], []
    if not built.error:
        symbols = image.read_symbols(built.symbols)
        looking = watch(lab, rubric, built.image, symbols)
        for number, boot in enumerate(boots):
            region, challenge = image.challenge_for(lab, symbols, seed + number)
            challenges.append(challenge)
            disks.append(image.with_challenge(built.image, region, challenge.content))
            boot.go(disks[-1], looking._replace(told=getattr(challenge, "told", ())))

    # While they run: what is needed behind it, which takes time to load.
    import hashlib

    from grading import judge, log, report
    origin = report.Origin(
        seed, emulator.NAME, release, compiler(variables, out),
        intake.digest(contents), base_of(variables),
        [hashlib.sha256(disk).hexdigest() for disk in disks], built.borrowed)
    if built.error:
        for boot in boots:
            boot.cancel()
        return report.result(lab, judge.unbuilt(rubric, built.error), [], origin,
                             built.output), []
    runs = [boot.wait()._replace(symbols=symbols) for boot in boots]
    judged = [judge.judge(rubric, challenge, log.read(run.serial, lab.name), run)
              for challenge, run in zip(challenges, runs)]
    return report.result(lab, judge.worst(judged), runs, origin,
                         runs[judge.worst_run(judged)].text()), runs


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
