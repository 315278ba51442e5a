"""`make new-lab`, and docs/writing-a-lab.md: what they make passes the tests of every lab."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from grading.lab import ROOT
from grading.tests.docs.pages import BLOCK, ENVIRONMENT, LINK, as_shown, commands, dead_links

PAGE = ROOT / "docs" / "writing-a-lab.md"
LEFT_OUT = shutil.ignore_patterns(".git", "build", "__pycache__", ".pytest_cache")
SECONDS = 600  # by the clock, for one command: longer is a hang
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-n0", "-q"]
NO_NAMES = ["", "6-x", "06", "06-", "06-X", "06-x y", "06-x;true", "06-x--y", "../06-x", "06-1x",
            "06-" + "x" * 40]


@pytest.fixture(name="copy")
def fixture_copy(tmp_path):
    """The course, without what is built."""
    return duplicate(tmp_path)


def duplicate(folder):
    """A copy of the course in `folder`, without what is built; its path."""
    return Path(shutil.copytree(ROOT, folder / "ring-minus-1", symlinks=True, ignore=LEFT_OUT))


def run(copy, *command):
    """Runs a command there; (exit code, what it says)."""
    done = subprocess.run(command, cwd=copy, check=False, text=True, timeout=SECONDS,
                          errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=ENVIRONMENT | {"HOME": str(copy.parent)})
    return done.returncode, done.stdout


def everything(copy):
    """All files of the copy, but for what Python keeps for itself."""
    return {path for path in copy.rglob("*") if "__pycache__" not in path.parts}


def test_the_page_s_commands_do_what_it_shows(copy):
    text = PAGE.read_text()
    typed = [each for language, where, body in BLOCK.findall(text) for each in commands(body)
             if (language, where) == ("sh", "")]
    assert len(typed) >= 12
    for each in typed:
        code, said = run(copy, "bash", "-c", each.text)
        assert code == 0 and as_shown(each.shown, said), f"$ {each.text}\n{said}"
    table = re.findall(r"^\| `([^`]+)` \| ", text[text.index("## What is what"):], re.MULTILINE)
    assert all((copy / "labs" / "90-bases" / name).exists() for name in table[:12])


def test_what_the_page_links_and_names_is_there():
    text = BLOCK.sub("", PAGE.read_text())
    assert not dead_links(PAGE) and len(LINK.findall(text)) > 10
    named = re.findall(r"`((?:docs|common|grading)/[\w./-]+)`", text)
    assert named and all((ROOT / each).exists() for each in named), named


# The first is what a lab's author runs; the second takes a minute, most of it for the handout.
@pytest.mark.parametrize(("where", "least"), [
    (["grading/tests/test_ladder.py", "labs/91-two-words"], 20),
    pytest.param([], 28, marks=pytest.mark.full),
], ids=["ladder", "everything"])
def test_a_lab_of_64_bits_passes_what_every_lab_must(copy, where, least):
    assert run(copy, "make", "new-lab", "LAB=91-two-words", "BITS=64")[0] == 0
    made = "".join(path.read_text() for path in (copy / "labs" / "91-two-words").rglob("*")
                   if path.is_file())
    assert "BITS      := 64" in made and "two_words.c" in made and not re.search(r"@[A-Z]+@", made)
    assert run(copy, "make", "-s", "given", *(["-C", "labs/91-two-words"] if where else []))[0] == 0
    handout = copy / "labs" / "91-two-words" / "README.md"
    handout.write_text(re.sub(r"<(?!!--)[^<>]*\s[^<>]*>", "Written.", handout.read_text()))
    code, said = run(copy, *PYTEST, *where, "-k", "91-two-words")
    assert code == 0, said
    assert int(re.search(r"(\d+) passed", said)[1]) >= least and "0 failed, 0 skipped" in said


@pytest.mark.parametrize(("file", "old", "new", "test"), [
    ("@SLUG@.c", "high << 24", "high << 23", "test_the_reference_earns_everything"),
    ("@SLUG@.c", "SOLVED >= 1", "SOLVED >= 0", "test_each_stage_earns_its_points"),
    ("tests/mutants.toml", "0x0000FFFF", "0x00FFFFFF", "test_each_wrong_idea_loses_its_points"),
    ("tests/forgeries/by-heart/@SLUG@.c", ": 0;", ": (descriptor >> 16 & 0xFFFFFF)"
     " | (uint32_t)(descriptor >> 56) << 24;", "test_a_forgery_earns_nothing"),
    ("rubric/challenge.py", "COUNT = 16", "COUNT = 15", "test_the_layout_is_that_of_the_header"),
])
def test_a_broken_template_is_seen(copy, file, old, new, test):
    path = copy / "docs" / "new-lab" / file
    assert path.read_text().count(old) >= 1
    path.write_text(path.read_text().replace(old, new))
    assert run(copy, "make", "new-lab", "LAB=92-broken")[0] == 0
    code, said = run(copy, *PYTEST, "grading/tests/test_ladder.py", "labs/92-broken", "-k",
                     f"{test} and (92-broken or layout) and not bochs")
    assert code == 1 and re.search(rf"^FAILED .*::{test}", said, re.MULTILINE), said


def test_the_second_exercise_fits_any_name(copy):
    (sed,) = re.findall(r"^\$ (sed .* docs/second-exercise.patch \| git apply)$",
                        PAGE.read_text(), re.MULTILINE)
    assert run(copy, "make", "new-lab", "LAB=06-cpuid")[0] == 0
    assert run(copy, "bash", "-c", sed) == (0, "")
    code, said = run(copy, "make", "-s", "LAB=06-cpuid", "grade")
    assert code == 0 and said.endswith("06-cpuid: 100/100\n") and "06-2" in said, said


def test_a_source_of_another_ending_is_refused(copy):
    assert run(copy, "make", "new-lab", "LAB=97-ending")[0] == 0
    makefile = copy / "labs" / "97-ending" / "Makefile"
    makefile.write_text(makefile.read_text().replace("ending.c", "ending.c more.s"))
    code, said = run(copy, "make", "all", "LAB=97")
    assert code == 2 and "97-ending/Makefile: more.s: a source ends in .c or .S" in said, said


def test_demo_takes_no_lab():
    code, said = run(ROOT, "make", "-s", "demo", "LAB=01")
    assert code == 2 and "demo takes no LAB" in said and said.count("\n") == 1, said


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_bad_name_is_refused(name):
    refused([f"{ROOT}/grading/new-lab", name], "LAB=")


@pytest.mark.parametrize(("arguments", "words"), [
    (["05-more"], "there is labs/05-cr3-"), (["01-vm86trap"], "there is labs/01-vm86trap"),
    (["96-serial"], "there is common/serial.c already"),
    (["96-main"], "there is docs/new-lab/main.c already"),
    (["96-decode"], "there is labs/01-vm86trap/decode.c already"),
    (["96-x", "--bits", "16"], "BITS=16: it is 32 or 64"),
])
def test_what_cannot_be_made_is_refused(arguments, words):
    refused([f"{ROOT}/grading/new-lab", *arguments], words)


def test_what_cannot_be_written_is_not_there_by_half(copy):
    before = everything(copy)
    code, said = run(copy, "bash", "-c", "ulimit -f 1; grading/new-lab 93-large")
    assert (code, said.count("\n")) == (2, 1) and "File too large; no lab was made" in said, said
    assert everything(copy) == before


def refused(command, words):
    """Exit code 2, one line with `words`, and no lab more than before."""
    before = set((ROOT / "labs").iterdir())
    code, said = run(ROOT, *command)
    assert (code, said.count("\n")) == (2, 1) and words in said, said
    assert set((ROOT / "labs").iterdir()) == before and not list(ROOT.glob(".new-lab-*"))
