"""Which names of the tests' own a student's files use. That costs no points: it may be a line of
debugging that was forgotten. But who knows the challenge can print what a right program prints,
so somebody should look.

A name is a student's to use if the starter says it, or a header that the starter includes: what
is given for the exercises is declared there. Asked is the object file, not the source, which can
paste a name together, or hide it in a macro. An address that was worked out is not seen.
"""

import functools
import re

from grading import process

WORD = re.compile(r"\w+")
INCLUDED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# What only mentions a name does not give it.
ASIDE = re.compile(r"/\*.*?\*/|//[^\n]*|^\s*#\s*include[^\n]*", re.DOTALL | re.MULTILINE)
# Whoever looks for a mistake may print, and the compiler itself calls memcpy().
ALWAYS = ("print.h", "vmx_names.h", "mem.c")
STARTER = "starter.txt"  # in rubric/, where the students' own files stand in the starters' place
UNDEFINED = re.compile(r"^ +[Uwv] ([^@\n]+)", re.MULTILINE)  # nm: somebody else must define it, or may
MOST = 5  # that are named


def borrowed(lab, root, listing, given):
    """The names of the tests' own, sorted, that the files for `lab` use; at most MOST of them.

    `root` is the tree that they were built in; `listing` what nm says of their objects; `given`
    the names that all other objects define.
    """
    used = set(UNDEFINED.findall(process.left(listing).decode(errors="replace")))
    return tuple(sorted((used & given) - offered(lab, root))[:MOST])


@functools.cache
def offered(lab, root):
    """All words of the starters of a lab, and of the headers that they include."""
    labs = root / "labs"
    starters = text(labs / lab.name / "rubric" / STARTER) or starters_of(lab, root)
    places = [root / "common", *{labs / owner for owner in (lab.name, *lab.sources.values())}]
    headers = [text(place / name) for place in places
               for name in {*INCLUDED.findall(starters), *ALWAYS}]
    declared = {word for each in (starters, *headers) for word in WORD.findall(ASIDE.sub(" ", each))}
    # A TODO says what to call; "report it" is no name.
    return declared | {word for word in WORD.findall(starters) if "_" in word}


def starters_of(lab, root):
    """The files that students write for a lab, one behind the other, as they are in a tree."""
    return "\n".join(text(root / "labs" / owner / name) for name, owner in lab.sources.items())


def text(path):
    """What a file says; nothing if it is not there."""
    return path.read_text(errors="replace") if path.is_file() else ""


def told(names):
    """What is said of them; nothing if there are none."""
    return f"uses the tests' own {', '.join(names)}, which no exercise needs" if names else ""


def in_all(results):
    """told(), of all that the results of one submission have."""
    return told(sorted({name for values in results for name in values["borrowed"]}))
