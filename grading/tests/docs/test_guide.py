"""docs/grading.md does what it says: its commands, their output, its options, files, messages.

How its blocks are typed: typed.py. One that begins with ```sh elsewhere is parsed, and its
options are looked up.
"""

import os
import re
import shlex
import shutil
import subprocess

import pytest

from grading import archive, grader, judge
from grading.classroom import roster, similar, work
from grading.formats import FORMATS
from grading.lab import ROOT
from grading.tests.docs import messages, typed
from grading.tests.docs.pages import BLOCK, ENVIRONMENT, QUOTED, anchors, as_shown

GUIDE = ROOT / "docs" / "grading.md"
TEXT = GUIDE.read_text(encoding="utf-8")
PROSE = BLOCK.sub("", TEXT)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
PROGRAMS = ("grading/grade", "grading/class", "grading/mutants")
MADE = re.compile(r"(\.\./(grades/)?pretend|build/hand)[\w./-]*")  # by the commands
NOT_SAID = ("LAB=...: which of ...?",)  # grade and class take all programs of a lab

HERE = typed.here(TEXT)
ELSEWHERE = [each for where, found in typed.blocks(TEXT) if where == "elsewhere"
             for each in found]


def test_every_block_is_typed_or_says_that_it_is_not():
    assert {where for where, _ in typed.blocks(TEXT)} == {"", "elsewhere"}
    assert {language for language, _, _ in BLOCK.findall(TEXT)} == {"sh", ""}
    assert TEXT.count("\n```") == 2 * len(BLOCK.findall(TEXT)), "a block without an end"
    assert len(HERE) >= 40 and len(ELSEWHERE) == 7, (len(HERE), len(ELSEWHERE))


def test_what_is_typed_by_hand_is_announced():
    for found in re.finditer(r"^```sh elsewhere$", TEXT, re.MULTILINE):
        before = TEXT[:found.start()].rstrip().split("\n\n")[-1]
        assert before.startswith("**By hand** ("), before


def test_the_commands_do_what_the_guide_shows(tmp_path):
    copy = typed.copy_of_the_course(tmp_path)
    wrong = typed.typed(HERE, copy)
    wrong += [f"{name} is not there at the end" for name in QUOTED.findall(PROSE)
              if MADE.fullmatch(name) and not (copy / name).exists()]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("shown", "said", "same"), [
    ([], "whatever", True), (["a...z"], "a to z\n", True), (["a...z"], "a to y\n", False),
    (["a"], "a\nb\n", False), (["a", "..."], "a\nb\nc\n", True), (["...", "c"], "a\nb\n", False),
    (["..."], "", True), (["a"], "", False), (["3/5"], "3/5 \n", True), (["1.5"], "1x5", False),
])
def test_what_is_shown_is_compared(shown, said, same):
    assert as_shown(shown, said) is same


@pytest.mark.parametrize("command", [each.text for each in ELSEWHERE])
def test_what_is_not_run_is_at_least_a_command(command):
    assert subprocess.run(["bash", "-nc", command], check=False).returncode == 0
    program = shlex.split(command)[0]
    if "/" in program:
        assert os.access(ROOT / program, os.X_OK), program
        run_of(program)
    else:
        assert shutil.which(program) or program == "cd", program


def run_of(program, *arguments):
    """What one of our programs says if it is only asked."""
    arguments = arguments or (("--check",) if program.endswith("setup.sh") else ("--help",))
    done = subprocess.run([ROOT / program, *arguments], text=True, check=False, cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=ENVIRONMENT)
    assert done.returncode in (0, 1) if program.endswith("setup.sh") else not done.returncode
    return done.stdout


@pytest.fixture(scope="module", name="known")
def fixture_known():
    """Program → the options that its --help names."""
    known = {program: set(OPTION.findall(run_of(program))) for program in PROGRAMS}
    known["./setup.sh"] = set(OPTION.findall((ROOT / "setup.sh").read_text()))
    return known


def test_every_option_exists(known):
    named = [each.text for each in HERE + ELSEWHERE] + [
        line.strip() for line in TEXT.splitlines() if line.startswith("    grading/")]
    for line in named:
        for part in re.split(r"[;|&]", line):
            program = next((name for name in known if f"{name} " in f"{part} "), None)
            if program:
                assert set(OPTION.findall(part)) <= known[program], part
    everywhere = set().union(*known.values(), {"--help"})
    assert set(OPTION.findall(PROSE)) <= everywhere, set(OPTION.findall(PROSE)) - everywhere


def test_every_make_target_and_variable_exists():
    said = subprocess.run(["make", "help"], cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE, env=ENVIRONMENT).stdout
    typed = [each.text for each in HERE + ELSEWHERE] + QUOTED.findall(PROSE)
    words = [word for text in typed if re.match(r"make( |$)", text)
             for word in shlex.split(re.split(r"[;|&]", text)[0].replace("-C ", "-C"))[1:]]
    assert "handout" in words and "LAB=01" in words
    for word in words:
        if word not in ("-Cbuild/handout/ring-minus-1", "handin"):
            name, value, _ = word.partition("=")
            assert re.search(rf"\[.*{name}=" if value else rf"^  .*\b{name}\b", said, re.MULTILINE)


def test_every_file_that_is_named_exists():
    named = [name.split()[0] for name in QUOTED.findall(PROSE)
             if re.match(r"(grading|docs|labs|common)/", name)]
    linked = re.findall(r"\]\(([^)#]+)\)", PROSE)
    assert len(named) > 20 and len(linked) >= 3
    missing = [name for name in named if not re.search(r"NN|\.\.\.", name) and not (ROOT / name).exists()]
    missing += [name for name in linked if not (GUIDE.parent / name).exists()]
    assert set(missing) <= {"labs/"} and "labs/01-vm86trap/" not in missing, missing


def test_every_link_within_leads_somewhere():
    links = set(re.findall(r"\]\(#([^)]+)\)", TEXT))
    assert links and links <= anchors(TEXT), links - anchors(TEXT)
    assert len(links) == TEXT.count("\n## "), "the contents name every section"


def test_statuses_formats_and_numbers_are_the_grader_s():
    table = re.findall(r"^\| ([A-Z]{4,5}) \|", TEXT, re.MULTILINE)
    assert tuple(table) == judge.VERDICTS
    said = TEXT[TEXT.index("Formats: "):].split("\n\n")[0]
    assert set(QUOTED.findall(said)) - {"-o", "grading/result.schema.json"} == set(FORMATS)
    for number in (f"From {similar.THRESHOLD} % on", f"{archive.MAX_PACKED >> 20} MB packed",
                   f"{archive.MAX_MEMBERS} members", f"{archive.MAX_BYTES >> 10} KB a file",
                   f"At most {grader.MAX_CHALLENGES}."):
        assert number in " ".join(TEXT.split()), number
    assert (work.TRIES, similar.COMMON, similar.COMMON_STUDENTS) == (3, 0.25, 5)
    for words in ("tries three times", "than a quarter of the class (and more than five)"):
        assert words in TEXT


def test_the_headers_of_a_list_of_students_are_those_that_are_known():
    said = TEXT[TEXT.index("**Which column.**"):].split("A list without")[0]
    assert set(QUOTED.findall(said)) == {*roster.KNOWN, roster.FIRST, *roster.LAST, roster.NUMBERED}


def rows():
    """The messages of the guide's table."""
    return messages.rows(TEXT[TEXT.index("## When something goes wrong"):])


def test_every_message_of_the_table_is_in_the_sources():
    known = [*messages.of_python(messages.graders()),
             *messages.constants(messages.parsed(ROOT / "grading" / "class")).values()]
    assert len(rows()) >= 40
    stale = [row for row in rows() if not any(messages.fits(row, text) for text in known)]
    assert not stale, stale


def test_every_message_of_the_sources_is_in_the_table():
    missing = {text: where for text, where in messages.of_python(messages.graders()).items()
               if text not in NOT_SAID and not any(messages.fits(row, text) for row in rows())}
    assert not missing, missing
