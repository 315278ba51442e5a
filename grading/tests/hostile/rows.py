"""The hostile submissions that are files: rows of *.toml.

    name, tries  what it is called, and in a sentence what it tries
    lab          NN-name; its files are the solution's, but for these:
    add          file → text that comes behind it
    change       [file, old, new]: texts that are replaced
    first        C code that is executed once, in front of the line `enter` of `file`; `top`, in front of its functions
    repeat       {file, word, times}: a word that is there so many times
    emulator     which, if it is not the lab's usual one
    score, status, got   what it deserves: its points; of the first exercise the status, and
                 words that are in what was got
    shorter      how many characters that has at most
    cpu, megabytes  how much CPU time, in seconds, and memory of one process grading it may take
"""

import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
FILES = ("building", "names", "saying", "running")
INCLUDES = "".join(f'\n#include "{name}.h"'
                   for name in ("cpu", "idt", "leave", "print", "report", "serial"))
USUAL = {"file": "vm86trap.c", "enter": "        enter_v86(&frame);", "top": "", "add": {},
         "change": (), "got": (), "status": "PASS", "emulator": None, "shorter": 1000,
         "cpu": 6, "megabytes": 600}


def all_rows():
    """Every row, with what it does not say."""
    return [USUAL | row for name in FILES
            for row in tomllib.loads((FOLDER / f"{name}.toml").read_text())["submission"]]


def replace(folder, file, old, new):
    """Puts `new` in the place of `old`, which is there once."""
    path = folder / file
    text = path.read_text()
    assert text.count(old) == 1, f"{file}: {old!r} is not there once"
    path.write_text(text.replace(old, new))


def add_code(row, folder):
    """The row's `first` and `top`, in C."""
    replace(folder, row["file"], row["enter"], 
            "        {\n        static int done;\n\n        if (!done++) {\n        "
            f"{row['first']}\n        }}\n        }}\n{row['enter']}")
    path = folder / row["file"]
    before, last, behind = path.read_text().rpartition("\n#include")
    line, rest = behind.split("\n", 1)
    path.write_text(f"{before}{last}{line}{INCLUDES}\n{row['top']}\n{rest}")


def spoil(row, folder):
    """Makes the solution's files in `folder` the row's submission."""
    if "first" in row:
        add_code(row, folder)
    for file, old, new in row["change"]:
        replace(folder, file, old, new)
    for file, text in row["add"].items():
        with open(folder / file, "a") as end:
            end.write(text + "\n")
    if "repeat" in row:
        again = row["repeat"]
        replace(folder, again["file"], again["word"], again["word"] * again["times"])
