"""What the tests of pages in docs/ share: their blocks, what is shown in these, their links.

In a block of commands stands a command behind a prompt ("> ": more of it); below it, if
anything is, all that it says. "..." stands for anything in a line, and alone for any lines.
"""

import os
import re
from typing import NamedTuple

from grading.lab import ROOT

DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\S*) ?(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
QUOTED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# What the one who types has, and a make above us has not.
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "COLUMNS": "100"}


class Command(NamedTuple):
    """A line that is typed, and what is shown below it."""

    text: str
    shown: list


def commands(body, prompt="$ "):
    """The Commands of a block."""
    found = []
    for line in body.splitlines():
        if line.startswith(prompt):
            found.append(Command(line[len(prompt):], []))
        elif line.startswith("> ") and found and not found[-1].shown:
            found[-1] = Command(f"{found[-1].text}\n{line[2:]}", [])
        else:
            assert found, f"{line}: a block begins with a command"
            found[-1].shown.append(line.rstrip())
    assert found, "a block without a command"
    return found


def pattern_of(shown):
    """A regular expression for what is shown, line by line."""
    return "".join(r"(?:.*\n)*" if line == "..." else
                   ".*".join(map(re.escape, line.split("..."))) + r"\n" for line in shown)


def as_shown(shown, said):
    """True if a program said what the page shows."""
    lines = "".join(f"{line.rstrip()}\n" for line in said.splitlines())
    return not shown or re.fullmatch(pattern_of(shown), lines) is not None


def anchors(text):
    """The names under which a page's headings can be linked, as GitHub and MkDocs make them."""
    titles = re.findall(r"^#+ (.*)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_links(page):
    """The links of a page (a path) that lead nowhere; other sites are not asked."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    dead = []
    for link in LINK.findall(text):
        name, _, anchor = link.partition("#")
        if name.startswith(("https://", "http://")):
            continue
        target = (page.parent / name) if name else page
        if not target.exists() or anchor and target.suffix == ".md" \
                and anchor not in anchors(target.read_text(encoding="utf-8")):
            dead.append(link)
    return dead
