"""One system's part of the matrix: each compiler that it has, each emulator, each lab."""

import re
import shutil
import tempfile
from pathlib import Path

from everywhere.facts import Map
from grading import build, emulators, errors, grader, image, intake, log
from grading.process import Limits
from grading.versions import version

SEED = 7  # of every grade here: all cells face the same challenges
CLANG = ("CC=clang", "LD=ld.lld")
CROSS = "x86_64-linux-gnu-"  # what Debian's compilers for this target are called anywhere
COMPILERS = (("gcc", ()), ("clang", CLANG), ("cross gcc", (f"TOOLPREFIX={CROSS}",)))


def measure(out, labs, said=(), tell=lambda text: None):
    """All cells of this system, as plain values; `said`: variables for make, which then are
    the only compiler. `tell` hears of each cell that begins."""
    cells = []
    for name, variables in ([(" ".join(said), tuple(said))] if said else COMPILERS):
        missing = missing_tools(variables)
        if missing:
            cells.append({"compiler": name, "status": "skipped",
                          "why": f"{' and '.join(missing)} not installed"})
            continue
        compiler = compiler_version(name, variables, out)
        for emulator in emulators.NAMES:
            if not shutil.which(program(emulator)):
                cells.append({"compiler": compiler, "emulator": emulator, "status": "skipped",
                              "why": f"{program(emulator)} is not installed"})
                continue
            for lab in labs:
                tell(f"{compiler}, {emulator}, {lab.name}")
                cells.append({"compiler": compiler, "lab": lab.name,
                              **cell(lab, emulators.get(emulator), variables, out, name)})
    return cells


def program(emulator):
    """The program of an emulator, which may not be installed."""
    return {"qemu": "qemu-system-x86_64", "bochs": "bochs"}[emulator]


def missing_tools(variables):
    """The compiler's tools that are not there."""
    return [tool for tool in dict.fromkeys(
        build.variable(variables, name, default) for name, default in build.TOOLS)
        if not shutil.which(tool)]


def compiler_version(name, variables, out):
    """ "gcc 12.2.0, ld 2.40" of the tools that these variables mean."""
    tools = [build.variable(variables, tool, default) for tool, default in build.TOOLS[:2]]
    said = ", ".join(version(tool, out) for tool in tools)
    return f"cross {said}" if name == "cross gcc" else said


def cell(lab, emulator, variables, out, compiler):
    """What the reference and the starter earn, and what the reference says."""
    release = version(emulator.PROGRAM, out).replace(emulator.PROGRAM, emulator.NAME)
    values = {"emulator": release, "status": "broken"}
    able = emulator.NAME in emulators.can_run(lab)
    # Two compilers must not share what is built; make takes a target with "=" for an assignment.
    out = out / "matrix" / re.sub(r"\W+", "-", compiler)
    try:
        for stage, solved in (("reference", 99), ("starter", 0)):
            graded, _ = grader.grade(
                lab.folder, lab, emulator, SEED, out, [*variables, f"SOLVED={solved}"],
                out / stage / lab.name, demands=grader.Demands(max(2, len(lab.cpus))))
            values[stage] = [graded["score"], graded["max"], graded["verdict"]]
            if why := complaint(graded, stage, able):
                return values | {"why": f"{stage}: {why}"}
        if able:
            values["facts"] = facts(lab, emulator, variables, out)
    except (errors.UsageError, OSError) as error:
        return values | {"why": str(error)}
    return values | {"status": "green" if able else "lacking"}


def complaint(graded, stage, able):
    """What is wrong with a grade, one line; None if it is as it must be."""
    wanted = "SKIP" if not able else "PASS" if stage == "reference" else "TODO"
    points = graded["max"] if wanted == "PASS" else 0
    if (graded["score"], graded["verdict"]) == (points, wanted):
        return None
    got = next((row["got"] for row in graded["exercises"] if row["status"] != wanted), "")
    return f"{graded['score']}/{graded['max']}, {graded['verdict']}: {got}".replace("\n", " ")


def facts(lab, emulator, variables, out):
    """CPU model → the facts of one boot of the reference, with the challenge of its sources."""
    work = out / "facts" / lab.name
    intake.take(lab.folder, lab, work / "files")
    built = build.make(lab, work / "files", work, out, variables)
    if built.error:
        raise errors.UsageError(built.error)
    names = Map(built.symbols.read_text())
    disk, found = image.disk_image(b"", built.image.read_bytes()), {}
    for cpu in lab.cpus or (None,):
        with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
            boot = emulator.Boot(Path(folder), Limits(), version(emulator.PROGRAM, out), cpu)
            boot.go(disk)
            told = log.read(boot.wait().serial, lab.name)
        if not told.end:
            raise errors.UsageError(f"the reference did not come to its end, on {cpu}")
        found[str(cpu)] = [[name, value, names.places(value)] for name, value in told.facts]
    return found
