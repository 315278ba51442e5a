"""docs/teaching.md and docs/other-courses.md: what they say of labs and points is so."""

import re
import subprocess

import pytest

from grading import emulators, lab
from grading.lab import ROOT
from grading.tests.docs.pages import BLOCK, DOCS, ENVIRONMENT, QUOTED, anchors, dead_links

TEACHING = (DOCS / "teaching.md").read_text(encoding="utf-8")
EXERCISES = [exercise for each in lab.all_labs() for exercise in each.rubric().EXERCISES]
IDS = [exercise.id for exercise in EXERCISES]
NAMES = {"QEMU": "qemu", "Bochs": "bochs"}
SAID = ("make failed", "make handin packs")  # sentences of a program's
PAGES = ["ten-mistakes.md", "when-it-does-not-work.md", "bochs-debugger.md", "writing-a-lab.md",
         "teaching.md", "glossary.md", "other-courses.md"]


def section(title):
    """The text of a section."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEACHING, re.MULTILINE | re.DOTALL)[1]


def planned(weeks):
    """The ids of a schedule's exercises, in order."""
    return named_in(re.findall(r"^\| \d+ \| .* \| (.*) \|$", weeks, re.MULTILINE))


def beside(weeks):
    """The ids of those that a schedule leaves to whoever wants them."""
    return named_in(re.findall(r"^\| beside the plan \| .* \| (.*) \|$", weeks, re.MULTILINE))


def named_in(cells):
    """The ids in cells of a table, such as "03-9 to 03-10, 04-1"."""
    found = []
    for row in cells:
        for part in re.findall(r"\d\d-\d+(?: to \d\d-\d+)?", row):
            first, _, last = part.partition(" to ")
            found += IDS[IDS.index(first):IDS.index(last or first) + 1]
    return found


def wrong_in(weeks):
    """What is wrong with a term's weeks, in words; None if each exercise is there once, in its
    order, or in a row "beside the plan"."""
    plan, spare = planned(weeks), beside(weeks)
    left = [each for each in IDS if each not in plan + spare]
    if left:
        return f"docs/teaching.md, A term: {', '.join(left)} in no week, and not beside the plan"
    return None if plan == [each for each in IDS if each not in spare] \
        and len(plan + spare) == len(IDS) else f"the order, or one twice: {plan}, {spare}"


def test_a_term_has_every_exercise_once_in_its_order():
    weeks = section("A term")
    assert not wrong_in(weeks), wrong_in(weeks)
    assert re.findall(r"^\| (\d+) \|", weeks, re.MULTILINE) == [str(n) for n in range(1, 14)]


def test_an_exercise_may_stand_beside_the_plan():
    weeks = section("A term")
    rest = weeks.replace("05-5 to 05-6", "05-5")
    assert wrong_in(rest).startswith("docs/teaching.md, A term: 05-6 in no week")
    row = "| beside the plan | for who wants more | 05-6 |\n"
    assert not wrong_in(rest + row)
    assert wrong_in(weeks + row) and wrong_in(weeks.replace("01-1 to 01-3", "01-4 to 01-8"))


def test_four_weeks_are_what_they_say():
    weeks = section("Four weeks")
    wanted = [each.name for each in lab.all_labs() if each.name in ("01-vm86trap", "05-cr3-exercise")]
    ids = [exercise.id for name in wanted for exercise in lab.find(name).rubric().EXERCISES]
    assert planned(weeks) == ids
    points = sum(exercise.points for exercise in EXERCISES if exercise.id in ids)
    assert f"{points} points" in weeks
    assert all("qemu" in emulators.can_run(lab.find(name)) for name in wanted)


def test_the_labs_run_where_the_page_says():
    said = dict(re.findall(r"^\| (\d\d-[\w-]+) \| ([\w, ]+) \| ", section("What is needed"),
                           re.MULTILINE))
    assert {name: {NAMES[one] for one in where.split(", ")} for name, where in said.items()} \
        == {each.name: set(emulators.can_run(each)) for each in lab.all_labs()}


def test_the_plan_has_each_exercise_with_its_points_and_the_right_sums():
    rows = re.findall(r"^\| ([\w-]+(?: \d\d)?) \| (.*?)\s*\| (\d+) \| (\d+) \|$",
                      section("What each exercise is planned for"), re.MULTILINE)
    assert [(name, what, int(points)) for name, what, points, _ in rows if "-" in name] \
        == [(each.id, each.title, each.points) for each in EXERCISES]
    points = minutes = 0
    for name, _, each_points, each_minutes in rows:
        if "-" in name:
            points, minutes = points + int(each_points), minutes + int(each_minutes)
        else:
            assert (points, minutes) == (int(each_points), int(each_minutes)), name
            points = minutes = 0
    assert points == 0 and f"number: {len(IDS)}," in TEACHING


def test_the_contents_name_every_section():
    wanted = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
              for title in re.findall(r"^## (.*)$", TEACHING, re.MULTILINE)}
    contents = TEACHING[TEACHING.index("Contents:"):].split("\n\n")[0]
    assert set(re.findall(r"\(#([^)]+)\)", contents)) == wanted


@pytest.mark.parametrize("name", PAGES)
def test_no_link_is_dead(name):
    assert not dead_links(DOCS / name)
    text = (DOCS / name).read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * len(BLOCK.findall(text)), "a block without an end"
    # MkDocs takes "#GP" at the start of a line for a heading.
    assert not re.search(r"^#+[^# \n]", BLOCK.sub("", text), re.MULTILINE)
    assert len(anchors(text)) == len(re.findall(r"^#+ ", BLOCK.sub("", text), re.MULTILINE)), \
        "two headings of one name"


def make_s_own():
    """(targets, variables) that make knows, at the top and in a lab's folder."""
    helps = "".join(subprocess.run(["make", "help"], cwd=folder, text=True, check=True,
                                   stdout=subprocess.PIPE, env=ENVIRONMENT).stdout
                    for folder in (ROOT, ROOT / "labs" / "01-vm86trap"))
    files = "".join((ROOT / name).read_text(encoding="utf-8")
                    for name in ("Makefile", "common/course.mk", "common/lab.mk"))
    targets = {word for line in re.findall(r"^\.PHONY: (.*)$", files, re.MULTILINE)
               for word in line.split()}
    said = helps + "".join(re.findall(r"^#.*$", files, re.MULTILINE))
    return targets, set(re.findall(r"\b([A-Z]+)=", said))


def unknown(command, targets, variables):
    """The words of a command of make that are no target and set no variable."""
    return [word for word in command.split()[1:] if word != "..." and not (
        word.partition("=")[0] in variables if "=" in word else word in targets)]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_in_the_text_exists(name):
    known = make_s_own()
    text = BLOCK.sub("", (DOCS / name).read_text(encoding="utf-8"))
    wrong = {command: found for command in QUOTED.findall(text)
             if command.startswith("make ") and not command.startswith(SAID)
             and (found := unknown(command, *known))}
    assert not wrong, wrong


@pytest.mark.parametrize("command", ["make student", "make page", "make tim", "make qemu-nox CC",
                                     "make grade STAGE=1", "make grade seed=1"])
def test_a_word_of_a_makefile_is_no_target(command):
    assert len(unknown(command, *make_s_own())) == 1


@pytest.mark.parametrize("command", ["make", "make grade EMU=bochs SEED=7 V=1", "make qemu-gdb",
                                     "make boot IMAGE=a.b", "make CC=clang LD=ld.lld check"])
def test_what_make_knows_is_known(command):
    assert not unknown(command, *make_s_own())


def test_other_courses_says_of_each_what_it_has():
    text = (DOCS / "other-courses.md").read_text(encoding="utf-8")
    named = re.findall(r"^## (.*)$", text, re.MULTILINE)[:-1]
    linked = set(re.findall(r"^\| \[.*?\]\(#(.*?)\)", text, re.MULTILINE))
    assert len(named) == len(linked) == 8
    assert text.count("and we have not:**") == text.count("**We took:**") == len(named)
