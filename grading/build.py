"""Second stage: compiles the student's files and links them with what is given."""

import functools
import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from grading import process
from grading.borrowed import borrowed
from grading.errors import UsageError
from grading.lab import ROOT
from grading.process import Limits


class Build(NamedTuple):
    """What make produced, or the compiler's first complaint."""

    image: Path
    symbols: Path
    error: str | None  # the first error, one line, if it failed
    output: str  # all that make and the compiler said
    borrowed: tuple = ()  # names of the tests' own that the files use


SECONDS = 20  # of CPU time, for each program that the build calls; all take about 0.5
REST = 60  # seconds by the clock; a compiler may wait for a lock, or for another machine
MEMORY = 1 << 30  # bytes of addresses, for each; all take less than a tenth
ODD = re.compile(r"[\s,#():;%$&'\"\\`|<>]")  # as in common/place.mk
VARIABLE = re.compile(r"[A-Z]+=[ \t]*[^ \t].*")  # no target, and not nothing
OWN = re.compile(r"cc\w{6}\.s")  # the compiler's, for the assembler, wherever TMPDIR is
LINE, SHOWN = 300, 16384  # characters of what a build said that are passed on
PREFIX = os.environ.get("TOOLPREFIX", "")  # of cross tools, where the computer is no x86
PLAIN = {"LC_ALL": "C"}  # quotes in messages
TOOLS = (("CC", "gcc"), ("LD", "ld"), ("AS", "as"), ("NM", "nm"), ("OBJCOPY", "objcopy"))


def make(lab, files, build, out, variables=(), limits=Limits()):
    """Runs the pristine tree's Makefile of `lab` on the files in folder `files`.

    `build` takes what comes of them, `out` what comes of everything else and is
    shared by all submissions. `variables` are passed on to make ("CC=clang"). With
    limits.boxed all this is in a sandbox, and in a tree without solutions.
    """
    root, out, variables, limits = ready(files, build, out, variables, limits)
    settle(build)
    ended, said = process.run(command(root, lab, files, build, out, *variables), limits, build,
                              os.environ | PLAIN)
    # The student's names, not our copies'.
    output = said.decode(errors="replace").replace(f"{files}/", "")
    if ended.over_budget:
        error = f"the compiler used up its budget of {ended.over_budget}"
    elif ended.code:
        error = first_error(output)
    else:
        error = wrong(lab, files, build, build / "edit", root, out)
    return built(lab, root, out, build, error, output)


def ready(files, build, out, variables, limits):
    """(the tree to build in, its OUT, the variables for make, the limits): what make() is called
    with, made fit. UsageError if nothing can be built here."""
    for path in (ROOT, out, build, files):
        if odd := ODD.search(str(path)):
            raise UsageError(f"{path}: make cannot work where a name has {odd[0]!r} in it; move the "
                             "course, or name another folder")
    build.mkdir(parents=True, exist_ok=True)
    if PREFIX and not any(each.startswith("TOOLPREFIX=") for each in variables):
        variables = (*variables, f"TOOLPREFIX={PREFIX}")  # no environment reaches a box
    require("make", *(variable(variables, name, tool) for name, tool in TOOLS))
    root = ROOT
    if limits.boxed:
        from grading import tree  # not in the students' own
        root = tree.pristine(out)
        out, variables = root / "build", (*variables, "SEALED=yes")
    return root, out, variables, limits._replace(
        cpu_seconds=SECONDS, memory_bytes=MEMORY, shown=(root, files), rest_seconds=REST)


def built(lab, root, out, build, error=None, output=""):
    """The Build that make has left in folder `build`; it was called in the tree `root`."""
    program = build / lab.name
    return Build(program.with_suffix(".img"), program.with_suffix(".sym"),
                 error and error[:LINE], output[:SHOWN],
                 () if error else borrowed(lab, root, build / "names", given(lab, out)))


def settle(build):
    """Forgets objects that were made when the tree was elsewhere, before it was moved or copied:
    what they say that they were made from has other names now."""
    place = build / "place"
    if process.left(place) != os.fsencode(build):
        shutil.rmtree(build / "edit", ignore_errors=True)
        place.write_bytes(os.fsencode(build))


def command(root, lab, files, build, out, *variables):
    """The make of make(), in the tree `root`."""
    return ["make", "-s", "-C", str(root / "labs" / lab.name), "image", "names",
            f"EDITDIR={files}", f"BUILD={build}", f"OUT={out}", *variables]


def wrong(lab, files, build, objects, root, out):
    """What is wrong with a program that make made, if anything is; `objects`: its EDITED."""
    return stranger(records(lab, objects), files, root / "labs" / lab.name, root / "common", out) \
        or usurper(lab, build, out)


def records(lab, objects):
    """Where the compiler and the assembler have written down what they read for a lab."""
    return [path for name in lab.sources for path in
            (objects / f"{name}.d", objects / f"{name}.ad") if path.exists()]


def named(record):
    """What stands in such a record: a target ends with a colon; the others were read."""
    return record.read_text(errors="replace").replace("\\\n", " ").split()


def stranger(records, files, folder, common, out):
    """What is wrong if the student's files took in a file that is not given to them.

    The compiler and the assembler have written down in .d and .ad what they read. The
    lab's `folder`, where make ran, and whatever else is on this machine may hold solutions.
    """
    allowed = tuple(os.path.realpath(place) + os.sep for place in
                    (files, common, *out.glob("*/given/include"), "/usr/lib", "/usr/include"))

    @functools.cache  # most of them read the same headers
    def is_given(name):
        path = os.path.realpath(folder / name)
        return bool(OWN.fullmatch(os.path.basename(path))) or path.startswith(allowed)

    for record in records:
        for name in named(record):
            if name.endswith(":"):
                continue  # a target
            if record.suffix == ".ad" and name == record.stem and name.endswith(".c"):
                continue  # named in the debug information, not read
            if not is_given(name):
                return f"{record.stem}: includes {name}, which is not given"
    return None


def usurper(lab, build, out):
    """What is wrong if the student's files define a name that is given: the linker would take
    theirs, and what we believe to be said by ours would be theirs. Or they would have the
    challenge, by a name of their own."""
    taken = sorted(given(lab, out) & names(build / "names"))
    return f"{taken[0]} is defined; that name is given, in common/ or beside your files" \
        if taken else None


def given(lab, out):
    """The names that are defined by what no student writes."""
    listings = (*out.glob("common*/libcommon.names"), out / lab.name / "given" / "names")
    return {name for listing in listings for name in names(listing)}


def names(path):
    """The names in the output of nm; what else stands there has no such form."""
    return {line.split()[-1].split("@")[0]  # report@@V is a report, too
            for line in process.left(path).decode(errors="replace").splitlines()
            if line.count(" ") == 2}


def require_variables(variables):
    """UsageError if one of these is no variable for make, with a value: it would be a target, or
    an option."""
    for each in variables:
        if not VARIABLE.fullmatch(each):
            raise UsageError(f"--make {each}: NAME=VALUE is wanted, such as CC=clang")


def variable(variables, name, default):
    """The value of a variable for make, without its arguments."""
    values = dict(each.split("=", 1) for each in variables if "=" in each)
    return (values.get(name) or values.get("TOOLPREFIX", PREFIX) + default).split()[0]


def require(*tools):
    """UsageError if one of them is not installed: no student is to blame for that."""
    for tool in tools:
        if not shutil.which(tool):
            raise UsageError(f"{tool} is not installed; ./setup.sh installs it")


def first_error(output):
    """The line of a compiler's or linker's output that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for mark in ("error:", "Error:", "undefined reference", "multiple definition", "ld:"):
        for line in lines:
            if mark in line:
                return line
    return lines[0] if lines else "make failed and said nothing"
