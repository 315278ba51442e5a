"""What the tests share: sources of a lab at any stage, mutants, and grading them."""

import subprocess
import tomllib
from typing import NamedTuple

from grading import emulators, grader, lab

OUT = lab.ROOT / "build"
ALL = 99  # SOLVED: every exercise


def ids(cases):
    """Names of (lab, emulator) pairs for pytest."""
    return [f"{each.name}-{name}" for each, name in cases]


# Where a lab can be solved, and where it can be booted but lacks what it needs.
CASES = [(each, name) for each in lab.all_labs() for name in emulators.can_run(each)]
LACKING = [(each, name) for each in lab.all_labs() for name in each.emulators
           if (each, name) not in CASES]
CASE_IDS = ids(CASES)


class Mutant(NamedTuple):
    """One small wrong idea, from labs/NN-name/tests/mutants.toml."""

    name: str
    idea: str
    exercise: str
    loses: list
    file: str
    replace: str
    substitute: str


def mutants(of):
    """The mutants of a lab."""
    path = of.folder / "tests" / "mutants.toml"
    rows = tomllib.loads(path.read_text())["mutant"] if path.exists() else []
    return [Mutant(row["name"], row["idea"], row["exercise"], row["loses"], row["file"],
                   row["replace"], row["with"]) for row in rows]


def write_sources(of, folder, solved=ALL):
    """The student's files with exercises 1 to `solved` done, as the handout would cut them;
    those of other labs complete."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, owner in of.sources.items():
        done = subprocess.run(["unifdef", f"-DSOLVED={solved if owner == of.name else ALL}",
                               "-o", folder / name, of.folder.parent / owner / name], check=False)
        assert done.returncode in (0, 1), name  # 1: something was cut
    return folder


def apply(mutant, folder):
    """Puts the wrong idea into the sources in `folder`."""
    path = folder / mutant.file
    text = path.read_text()
    assert text.count(mutant.replace) == 1, f"{mutant.name}: the text is not there once"
    path.write_text(text.replace(mutant.replace, mutant.substitute))


def build_program(folder, sources, bits=32):
    """Makes a program that is no lab's, file → text; the path of its image, .sym beside it."""
    name = folder.name
    folder.mkdir(parents=True)
    for file, text in sources.items():
        (folder / file).write_text(text)
    (folder / "Makefile").write_text(
        f"BITS := {bits}\nEMULATORS := qemu bochs\nGIVEN := {' '.join(sources)}\n"
        f"include {lab.ROOT}/common/lab.mk\n")
    subprocess.run(["make", "-s", "-C", folder, "image", f"OUT={folder}/out"], check=True)
    return folder / "out" / name / f"{name}.img"


def grade(of, emulator, folder, work, seed=None):
    """Grades the files in `folder`; returns the result's values."""
    seed = grader.parse_seed(None) if seed is None else seed
    values, _ = grader.grade(folder, of, emulators.get(emulator), seed, OUT, work=work)
    return values


def lost(values):
    """The exercises that earned nothing, and the report's first failure."""
    missed = [exercise["id"] for exercise in values["exercises"] if exercise["score"] == 0]
    return missed, missed[0] if missed else None
