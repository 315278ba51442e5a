"""The versions of the tools with which the matrix has been green; the one list of them.

docs/everywhere.md says on which systems. `make check` names what it runs with, and warns of
what is not here: it may well work.
"""

import platform
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from grading.build import PREFIX  # noqa: E402
from grading.versions import version  # noqa: E402

# By how much of the version counts: a later bug fix of one of these is no news.
GREEN = {  # Debian 12, Debian 13, Ubuntu 22.04, Ubuntu 24.04
    "gcc": ("12.2", "14.2", "11.2", "13.2"),
    "ld": ("2.40", "2.44", "2.38", "2.42"),
    "qemu-system-x86_64": ("7.2", "10.0", "6.2", "8.2"),
    "bochs": ("2.7", "3.0"),
    "gdb": ("13.1", "16.3"),
    "python": ("3.11", "3.13", "3.10", "3.12"),
}


def versions(out):
    """Tool → its version as text, or what is wrong with it."""
    found = {"python": f"python {platform.python_version()}"}
    for tool in GREEN:
        if tool != "python":
            prefix = PREFIX if tool in ("gcc", "ld") else ""
            found[tool] = version(prefix + tool, out).removeprefix(prefix)
    return {tool: found[tool] for tool in GREEN}


def known(tool, said):
    """True if the matrix has been green with this version."""
    number = re.search(r"\d+(?:\.\d+)+", said)
    return bool(number) and any(f"{number[0]}.".startswith(f"{green}.") for green in GREEN[tool])


def header(found):
    """Lines for the top of a test run: the versions, and a warning if one is new."""
    lines = ["with: " + ", ".join(found.values())]
    new = [said for tool, said in found.items() if not known(tool, said)]
    if new:
        lines.append(f"note: not tried before: {', '.join(new)}; make matrix says whether the "
                     "labs are graded alike")
    return lines
