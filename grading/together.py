"""Second stage, of several programs of one submission: what more than one of them uses is
compiled once. Only what went well counts; of the rest build.make() says, alone, what is wrong."""

import os
import re
from pathlib import Path

from grading import build as build_stage
from grading import process
from grading.process import Limits

# Of C: "is there such a header?" No record says that it was asked, and another lab may have it.
ASKS = re.compile(rb"__has_(include|embed)")
SPLICE = re.compile(rb"\\[ \t\v\f]*\r?\n")  # a line that goes on in the next

SECONDS = 2  # of CPU time, for each program that the build calls: ten times what it takes, at least


def make(labs, files, build, out, variables=(), limits=Limits(), jobs=1):
    """Lab → Build, of those that could be made together.

    As build.make(); `files` holds those for all labs, `build` gets a folder for each. With up
    to `jobs` compilers at a time.
    """
    if not shareable(labs, variables) or any(map(asks, files.iterdir())):
        return {}
    root, out, variables, limits = build_stage.ready(files, build, out, variables, limits)
    process.run(command(root, labs, files, build, out, f"-j{jobs}", *variables),
                limits._replace(cpu_seconds=SECONDS), build, os.environ | build_stage.PLAIN)
    builds = {}
    for lab in labs:
        place, objects = build / lab.name, build / f"edit{lab.bits}"
        if (place / "made").exists() and own_headers(lab, objects, out) \
                and not build_stage.wrong(lab, files, place, objects, root, out):
            builds[lab] = build_stage.built(lab, root, out, place)
    return builds


def shareable(labs, variables):
    """True if what one of several labs has compiled could be another one's."""
    names = [name for lab in labs for name in lab.edit]
    cut = any(each.startswith("SOLVED=") for each in variables)  # each lab's own, elsewhere
    return bool(labs) and len(set(names)) == len(names) and not cut


def asks(file):
    """True if a source asks which headers there are."""
    return bool(ASKS.search(SPLICE.sub(b"", file.read_bytes())))


def own_headers(lab, objects, out):
    """True if all headers of labs that its objects were compiled with are those that it would
    have been compiled with alone; for another lab's may have the same name."""
    read = {Path(name) for record in build_stage.records(lab, objects)
            for name in build_stage.named(record)}
    own = out / lab.name / "given" / "include"
    return all(content(own / path.name) == content(path) for path in read
               if path.parts[-3:-1] == own.parts[-2:])


def content(path):
    """The bytes of a file; None if there is none."""
    return path.read_bytes() if path.is_file() else None


def command(root, labs, files, build, out, *variables):
    """The make of make(), in the tree `root`."""
    programs = [f"PROGRAMS{bits}={' '.join(lab.name for lab in labs if lab.bits == bits)}"
                for bits in ("32", "64")]
    return ["make", "-s", "-f", str(root / "common" / "together.mk"), *programs,
            f"EDITDIR={files}", f"BUILD={build}", f"OUT={out}", *variables]
