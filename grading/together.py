"""Second stage, of several programs of one submission: what more than one of them uses is
compiled once. Only what went well counts; of the rest build.make() says, alone, what is wrong."""

import os
from collections import Counter

from grading import build as build_stage
from grading import process
from grading.process import Limits

SECONDS = 2  # of CPU time, for each program that the build calls: ten times what it takes, at least


def make(labs, files, build, out, variables=(), limits=Limits(), jobs=1):
    """Lab → Build, of those that could be made together.

    As build.make(); `files` holds those for all labs, `build` gets a folder for each. With up
    to `jobs` compilers at a time.
    """
    if max(Counter(name for lab in labs for name in lab.edit).values()) > 1:
        return {}  # whose would be compiled?
    root, out, variables, limits = build_stage.ready(files, build, out, variables, limits)
    process.run(command(root, labs, files, build, out, f"-j{jobs}", *variables),
                limits._replace(cpu_seconds=SECONDS), build, os.environ | build_stage.PLAIN)
    made = [lab for lab in labs if (build / lab.name / "made").exists()]
    return {lab: build_stage.built(lab, build / lab.name) for lab in made
            if not build_stage.wrong(lab, files, build / lab.name, build / f"edit{lab.bits}",
                                     root, out)}


def command(root, labs, files, build, out, *variables):
    """The make of make(), in the tree `root`."""
    programs = [f"PROGRAMS{bits}={' '.join(lab.name for lab in labs if lab.bits == bits)}"
                for bits in ("32", "64")]
    return ["make", "-s", "-f", str(root / "common" / "together.mk"), *programs,
            f"EDITDIR={files}", f"BUILD={build}", f"OUT={out}", *variables]
