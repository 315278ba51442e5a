"""docs/bochs-debugger.md is what bochs-debug does."""

import re
import subprocess

from debug.bochs_session import CARD, Session
from debug.tests.sessions import LONGEST, answers, session
from grading import lab
from grading.tests.docs.pages import BLOCK, as_shown

PAGE = lab.ROOT / "docs" / "bochs-debugger.md"

# What another compiler may place elsewhere.
ELSEWHERE = re.compile(r"\b0x[0-9a-f]{5}\b|(?<=\+)0x[0-9a-f]+|(?<=\.[cS]:)\d+|\bCR3 \w+|"
                       r"\b[0-9a-f]{4}:[0-9a-f]{4}\b|(?<=RIP )\w+ -> \w+")


def plain(text):
    """A session without what another build may have elsewhere; of RF the page speaks."""
    return ELSEWHERE.sub("#", text.replace("flags VM RF", "flags VM"))


def test_the_page_s_session_looks_like_that(tmp_path):
    body = "".join(text for language, where, text in BLOCK.findall(PAGE.read_text())
                   if language == "session" and where == "04")
    command, _, shown = body.partition("\n")
    typed = re.findall(r"^bochs> (.*)$", shown, re.MULTILINE)
    assert command == "$ make bochs-debug LAB=04" and len(typed) > 7
    done = subprocess.run(["make", "-s", "bochs-debug", "LAB=04", f"BUILD={tmp_path}"],
                          cwd=lab.ROOT, text=True, input="\n".join(typed) + "\n", check=True,
                          stdout=subprocess.PIPE, timeout=LONGEST)
    assert as_shown(plain(shown).splitlines(), plain(done.stdout)), done.stdout


def test_the_page_has_the_card_and_every_command():
    text = PAGE.read_text()
    assert "".join(f"  {line}\n" for line in CARD.splitlines()) in text
    for name in dir(Session):
        if name.startswith("do_") and name != "do_help":
            assert re.search(rf"^  +(\S.*  )?{name[3:]}\b", CARD, re.MULTILINE), name


def test_help(built, tmp_path):
    said = dict(answers(session(built("03"), tmp_path, "help until", "help", "help x", "card",
                                'lb "foo', "\u00fcmlaut", "q")))
    assert said["help until"] == said["card"] == CARD
    assert "vmexitbp" in said["help"] and "`card`" in said["help"] and "/nuf" in said["help x"]
    assert "syntax error" in said['lb "foo'], "and it goes on"
    assert said["\u00fcmlaut"] == "Bochs takes ASCII, and 200 letters at most\n"
