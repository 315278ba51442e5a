"""Each lab's README, the handout: finished, and named wherever the labs are listed."""

import re

import pytest

from grading import lab
from grading.lab import ROOT
from grading.tests.docs.pages import BLOCK
from grading.tests.docs.test_glossary import ENTRIES, missing_terms

LABS = lab.all_labs()
HEADING = re.compile(r"^### (\d\d-\d+) .*?(?:\((\d+) points\))?$", re.MULTILINE)
PLACEHOLDER = re.compile(r"<(?!!--)[^<>\s][^<>]*\s[^<>]*>")  # "<what the student builds>"
LISTS = ("README.md", "docs/handout.md", "docs/start.md")  # those that list the labs, with links


def prose(text):
    """A page without its blocks and code."""
    return re.sub(r"`[^`]*`", "", BLOCK.sub("", text))


def unwritten(text):
    """The places that the scaffold leaves to the author."""
    return PLACEHOLDER.findall(prose(text))


def unlisted(text):
    """The handouts that a page does not link."""
    return [each.name for each in LABS if f"labs/{each.name}/README.md)" not in text]


@pytest.mark.parametrize("of", LABS, ids=lambda of: of.name)
def test_nothing_of_a_handout_is_left_to_write(of):
    left = unwritten((of.folder / "README.md").read_text(encoding="utf-8"))
    assert not left, f"labs/{of.name}/README.md: {left[0]} is still to be written"


@pytest.mark.parametrize("of", LABS, ids=lambda of: of.name)
def test_the_headings_are_the_exercises(of):
    text = BLOCK.sub("", (of.folder / "README.md").read_text(encoding="utf-8"))
    assert HEADING.findall(text) \
        == [(exercise.id, str(exercise.points)) for exercise in of.rubric().EXERCISES]


def test_the_scaffold_is_unwritten():
    text = (ROOT / "docs" / "new-lab" / "README.md").read_text(encoding="utf-8")
    assert not missing_terms(prose(text), ENTRIES)
    assert len(unwritten(text)) >= 6
    assert not unwritten("a `<place holder>`, 3 < 4 and 5 > 4\n<!-- a note -->\n"
                         "```\n<in a block>\n```\n")


@pytest.mark.parametrize("page", LISTS)
def test_a_list_of_the_labs_has_every_lab(page):
    left = unlisted((ROOT / page).read_text(encoding="utf-8"))
    assert not left, f"{page} does not link the handout of {', '.join(left)}"


def test_a_lab_that_is_not_listed_is_found():
    assert unlisted("") == [each.name for each in LABS]
