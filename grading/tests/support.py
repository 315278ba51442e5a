"""What the tests share: sources of a lab at any stage, mutants, and grading them."""

import subprocess
import tomllib
from typing import NamedTuple

from grading import build, emulators, grader, image, lab, watch
from grading.errors import UsageError
from grading.tree import ALL, cut

OUT = lab.ROOT / "build"


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
    listed: str  # where: "labs/NN-name/tests/mutants.toml"


FIELDS = {"name": str, "idea": str, "exercise": str, "loses": list, "file": str, "replace": str,
          "with": str}  # of a mutant in mutants.toml


def mutants(of):
    """The mutants of a lab; UsageError if its mutants.toml is not as it must be."""
    path = of.folder / "tests" / "mutants.toml"
    shown = path.relative_to(lab.ROOT)
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant") \
            if path.exists() else []
    except ValueError as error:  # UnicodeDecodeError and TOMLDecodeError are such
        raise UsageError(f"{shown}: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{shown}: [[mutant]], in two brackets, begins each mutant")
    for number, row in enumerate(rows, 1):
        if wrong := wrong_in(row, of):
            raise UsageError(f"{shown}: mutant {row.get('name', number)}: {wrong}")
    return [Mutant(*(row[field] for field in FIELDS), str(shown)) for row in rows]


def wrong_in(row, of):
    """What is wrong with a mutant's row, in words; None if nothing is."""
    for field, kind in FIELDS.items():
        if not isinstance(row.get(field), kind):
            return f"`{field}` is wanted, a {'list of exercises' if kind is list else 'text'}"
    if strange := row.keys() - FIELDS.keys():
        return f"there is no `{min(strange)}`"
    if row["file"] not in of.sources:
        return f"file {row['file']} is none that a student writes"
    exercises = [exercise.id for exercise in of.rubric().EXERCISES]
    for each in (row["exercise"], *row["loses"]):
        if each not in exercises:
            return f"there is no exercise {each!r}"
    return None


def write_sources(of, folder, solved=ALL):
    """The student's files with exercises 1 to `solved` done, as the handout would cut them;
    those of other labs complete."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, owner in of.sources.items():
        (folder / name).write_text(cut(of.folder.parent / owner / name,
                                       solved if owner == of.name else ALL))
    return folder


def mutated(mutant, folder):
    """The file in `folder` that it changes, and the text with the wrong idea in it; UsageError
    if it does not fit."""
    path = folder / mutant.file
    text = path.read_text()
    if (count := text.count(mutant.replace)) != 1:
        raise UsageError(f"{mutant.listed}: mutant {mutant.name}: `replace` is {count} times in "
                         f"{mutant.file}, as it is without the starter; it must be there once")
    return path, text.replace(mutant.replace, mutant.substitute)


def apply(mutant, folder):
    """Puts the wrong idea into the sources in `folder`."""
    path, text = mutated(mutant, folder)
    path.write_text(text)


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


def mistyped(of, folder):
    """What the lab's rubric names and the solution has not, in lines; `folder` is fresh."""
    sources = write_sources(of, folder / "sources")
    with grader.locked(OUT):  # others build there, too
        built = build.make(of, sources, folder / "build", OUT)
    if built.error:
        return [f"the solution of {of.name} does not build: {built.error}"]
    return watch.mistyped(of, of.rubric(), image.read_symbols(built.symbols))


def lost(values):
    """The exercises that earned nothing, and the report's first failure."""
    missed = [exercise["id"] for exercise in values["exercises"] if exercise["score"] == 0]
    return missed, missed[0] if missed else None


def wrong_with(mutant, values):
    """What a mutant should not do, in words; None if it loses what it must, and no more."""
    missed, first = lost(values)
    why = next((each["got"] for each in values["exercises"] if each["id"] == first), "")
    if not values["runs"]:
        return f"does not build: {why}; a wrong idea compiles"
    if not missed:
        return "survives"
    if first != mutant.exercise:
        return f"is about {mutant.exercise}, but the report begins with {first}: {why}"
    if missed != mutant.loses:
        return f"loses {', '.join(missed)}; mutants.toml says {', '.join(mutant.loses)}"
    return None
