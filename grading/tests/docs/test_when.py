"""docs/when-it-does-not-work.md: each message that a student can meet has a row, and each row a
source. The table of what other programs say is not checked. A ```sh block is typed in the course.
"""

import re
import subprocess

import pytest

from grading import judge, lab
from grading.lab import ROOT
from grading.tests.docs import messages
from grading.tests.docs.pages import (BLOCK, DOCS, ENVIRONMENT, anchors, as_shown, commands,
                                 dead_links)

PAGE = DOCS / "when-it-does-not-work.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = messages.rows(TEXT)
# Python programs of students whose messages are in no instructor's table.
STUDENTS = [path for path in (*(ROOT / "grading" / name for name in ("boot", "handin", "image.py", "emulators/kvm.py")),
                              *sorted((ROOT / "debug").iterdir()),
                              *sorted((ROOT / "timeline").iterdir())) if messages.is_python(path)]
# What the modules that judge and build give for "expected" and "got". What a rubric says is
# particular to an exercise: the handout is there for it.
VERDICTS = [ROOT / "grading" / name for name in ("judge.py", "build.py", "borrowed.py", "rubric.py")]
C_SOURCES = sorted({*ROOT.glob("common/*.c"),
                    *(each.folder / name for each in lab.all_labs() for name in each.given
                      if name.endswith(".c"))})
# What bochs-debug says when all is well; its page is there for that.
USUAL = ("... comes next", "exit ...:", "the host goes on at", "and `card` shows")
NO_ERROR = ("SMM",  # no lab has an SMM monitor
            "(SDM Vol. 3C,",  # a title of the manual follows
            "screen:")  # not an error


def bare(text):
    """A text for comparison: a table's cell cannot hold backticks."""
    return messages.plain(text).replace("`", "").strip(" .")


def needed():
    """Text → file, of all that must have a row."""
    found = messages.of_python(STUDENTS)
    for name in ("common/place.mk", "common/lab.mk", "common/course.mk"):
        found |= messages.of_make(ROOT / name)
    for path in VERDICTS:
        found |= messages.returned(path)
    found |= of_bochs_debug()
    return found | messages.of_shell(ROOT / "setup.sh") | messages.of_linker(ROOT / "ldscript") \
        | messages.of_assembly(ROOT / "common" / "boot.S")


def of_bochs_debug():
    """Text → file, of what make bochs-debug says beside its errors."""
    found = messages.said(ROOT / "debug" / "bochs_session.py")
    return {text: path for text, path in found.items() if not text.startswith(USUAL)} \
        | messages.returned(ROOT / "debug" / "bochs_machine.py")


def pieces():
    """Text → file, of the pieces that programs of the labs print; they are put together."""
    return {text: path for text, path in messages.of_c(C_SOURCES).items()
            if not any(word in text for word in NO_ERROR)}


def elsewhere():
    """Texts that may have a row here: the graders' errors, and what is said in other ways."""
    crash = messages.constants(messages.parsed(ROOT / "grading" / "crash.py"))
    faults = [f"...{text}" for text in messages.returned(ROOT / "grading" / "crash.py")]
    page = re.findall(r'<noscript>\s*<p class="note">(.*?)</p>',
                      (ROOT / "timeline" / "page.html").read_text(encoding="utf-8"))
    rubrics = {text for each in lab.all_labs()
               for text in messages.returned(each.folder / "rubric" / "__init__.py")}
    notes = re.findall(r"^NO_VMX := (.*)$", (ROOT / "common/lab.mk").read_text(), re.MULTILINE)
    return [*messages.of_python(messages.graders()), *rubrics, *notes, *faults, *page,
            judge.TODO_HINT, f"{crash['GAVE_UP']}: ..."]


def test_every_message_has_a_row():
    missing = {text: path for text, path in needed().items()
               if not any(messages.fits(row, text) or bare(row) == bare(text) for row in ROWS)}
    missing |= {text: path for text, path in pieces().items()
                if not any(bare(text) in bare(row) for row in ROWS)}
    assert not missing, missing


def test_every_row_has_a_source():
    known = [*needed(), *elsewhere()]
    corpus = " ".join(map(bare, pieces())) + " (SDM Vol. 3C"
    stale = [row for row in ROWS if not any(messages.fits(row, text) or bare(row) == bare(text)
                                            for text in known)
             and not made_of(row, corpus)]
    assert not stale and len(ROWS) > 120, stale


def made_of(row, corpus):
    """True if the row's words, between its "...", are all pieces that a program prints."""
    words = [part.strip(' .,:()"') for part in bare(row).split("...")]
    return any(len(part) > 8 for part in words) \
        and all(part in corpus or re.sub(r"\W", "", part) in ("", "is", "of", "error", "bit")
                for part in words)


def test_what_bochs_debug_says_is_looked_for():
    found = of_bochs_debug()
    for words in ("the CPU gave up: ...", "stopped before an ...:", "refused: ...",
                  "Bochs gave up: ..."):
        assert words in found
    assert any(text.startswith("no VMCS is current") for text in needed())


@pytest.mark.parametrize("row", ["no such message was ever printed", "VMXON of ...: ..."])
def test_a_row_that_nobody_says_is_found(row):
    assert not made_of(row, " ".join(map(bare, pieces())))


def test_every_status_is_there():
    table = re.findall(r"^\| ([A-Z]{4,5}) \|", TEXT, re.MULTILINE)
    assert tuple(table) == judge.VERDICTS


def test_links_and_contents():
    assert not dead_links(PAGE)
    sections = anchors(TEXT) - {"when-it-does-not-work"}
    contents = TEXT[TEXT.index("Contents:"):].split("\n\n")[0]
    assert set(re.findall(r"\(#([^)]+)\)", contents)) == sections


def test_what_is_typed():
    typed = [each for language, _, body in BLOCK.findall(TEXT) if language == "sh"
             for each in commands(body)]
    assert typed
    for each in typed:
        done = subprocess.run(["bash", "-c", each.text], cwd=ROOT, check=False, text=True,
                              env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode in (0, 1) and as_shown(each.shown, done.stdout), done.stdout
