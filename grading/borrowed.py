"""Which names of the tests' own a student's files use. That costs no points: it may be a line of
debugging that was forgotten. But who knows the challenge can print what a right program prints,
so somebody should look.

A name is a student's to use if the starter says it, or a header that the starter includes: what
is given for the exercises is declared there. Asked is the object file, not the source, which can
paste a name together, or hide it in a macro. An address that is written as a number is not seen.
"""

import functools
import re

from grading import process
from grading.log import printable

WORD = re.compile(r"\w+")
INCLUDED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# Whoever looks for a mistake may print; and the compiler itself calls memcpy().
ALWAYS = ("print.h", "mem.c")
# Of a header: what it only mentions is not given by it.
ASIDE = re.compile(r"/\*.*?\*/|//[^\n]*|^\s*#\s*include[^\n]*", re.DOTALL | re.MULTILINE)
UNDEFINED = "Uwv"  # nm's letters: it must be, or may be, defined by somebody else
MOST = 5  # that are named


def borrowed(lab, root, listing):
    """The names of the tests' own, sorted, that the files for `lab` use; at most MOST of them.

    `root` is the tree with the starters; `listing` what nm says of the files' objects.
    """
    lines = [line.split() for line in process.left(listing).decode(errors="replace").splitlines()]
    defined = {words[2] for words in lines if len(words) == 3}
    used = {words[1].split("@")[0] for words in lines if len(words) == 2 and words[0] in UNDEFINED}
    return tuple(map(printable, sorted(used - defined - offered(lab, root))[:MOST]))


@functools.cache
def offered(lab, root):
    """All words of the starters of a lab, and of the headers that they include."""
    labs = root / "labs"
    starters = [text(labs / owner / name) for name, owner in lab.sources.items()]
    headers = {name for starter in starters for name in INCLUDED.findall(starter)}
    places = [root / "common", *{labs / owner for owner in (lab.name, *lab.sources.values())}]
    given = [text(place / name) for place in places for name in (*headers, *ALWAYS)]
    return {word for each in (*starters, *(ASIDE.sub(" ", each) for each in given))
            for word in WORD.findall(each)}


def text(path):
    """What a file of the tree says; nothing if it is not there."""
    return path.read_text() if path.is_file() else ""


def told(names):
    """What is said of them; nothing if there are none."""
    return f"uses the tests' own {', '.join(names)}: whoever grades it should look why" if names else ""


def in_all(results):
    """told(), of all that the results of one submission have."""
    return told(sorted({name for values in results for name in values["borrowed"]}))
