"""Second stage: compiles the student's files and links them with what is given."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from grading.errors import UsageError
from grading.lab import ROOT


class Build(NamedTuple):
    """What make produced, or the compiler's first complaint."""

    image: Path
    symbols: Path
    error: str | None  # the first error, one line, if it failed
    output: str  # all that make and the compiler said


TOOLS = (("CC", "gcc"), ("LD", "ld"), ("AS", "as"), ("NM", "nm"), ("OBJCOPY", "objcopy"))


def make(lab, files, build, out, variables=()):
    """Runs the pristine tree's Makefile of `lab` on the files in folder `files`.

    `build` takes what comes of them, `out` what comes of everything else and is
    shared by all submissions. `variables` are passed on to make ("CC=clang").
    """
    require("make", *(variable(variables, name, tool) for name, tool in TOOLS))
    command = ["make", "-s", "-C", str(ROOT / "labs" / lab.name), "image",
               f"EDITDIR={files}", f"BUILD={build}", f"OUT={out}", *variables]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          env=os.environ | {"LC_ALL": "C"})  # plain quotes in messages
    output = done.stdout.replace(f"{files}/", "")  # the student's names, not our copies'
    error = first_error(output) if done.returncode else \
        stranger(build / "edit", files, lab, out) or usurper(build / "edit", out, variables)
    program = build / lab.name
    return Build(program.with_suffix(".img"), program.with_suffix(".sym"), error, output)


def stranger(objects, files, lab, out):
    """What is wrong if the student's files took in a file that is not given to them.

    The compiler and the assembler have written down in .d and .ad what they read. The
    lab's folder and whatever else is on this machine may hold solutions.
    """
    folder = ROOT / "labs" / lab.name  # where make ran
    allowed = [Path(place).resolve() for place in
               (files, ROOT / "common", out / lab.name / "given" / "include",
                "/usr/lib", "/usr/include")]
    temporary = Path(tempfile.gettempdir()).resolve()
    for record in [*objects.glob("*.d"), *objects.glob("*.ad")]:
        for name in record.read_text(errors="replace").replace("\\\n", " ").split():
            path = (folder / name).resolve()
            if name.endswith(":") or path.suffix == ".s" and path.parent == temporary:
                continue  # targets, and the compiler's own assembly in between
            if record.suffix == ".ad" and name == record.stem and path.suffix == ".c":
                continue  # named in the debug information, not read
            if not any(place in path.parents for place in allowed):
                return f"{record.stem}: includes {name}, which is not given"
    return None


def usurper(objects, out, variables):
    """What is wrong if the student's files define a name of common/: the linker would take
    theirs, and what we believe to be said by ours would be theirs."""
    nm = [variable(variables, "NM", "nm"), "-g", "--defined-only"]
    ours = set()
    for archive in out.glob("common*/libcommon.a"):
        ours |= names(nm, [archive])
    taken = sorted(ours & names(nm, sorted(objects.glob("*.o"))))
    return f"{taken[0]} is defined; that name is given, in common/" if taken else None


def names(nm, files):
    """The names in the output of nm."""
    done = subprocess.run([*nm, *files], check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          errors="replace")
    return {line.split()[-1] for line in done.stdout.splitlines() if " " in line}


def variable(variables, name, default):
    """The value of a variable for make, without its arguments."""
    values = dict(each.split("=", 1) for each in variables if "=" in each)
    return (values.get(name) or values.get("TOOLPREFIX", "") + default).split()[0]


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
