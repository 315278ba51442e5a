"""The commands on the site's pages are typed, and do what is shown."""

import re

import pytest

from grading.lab import ROOT
from grading.tests.docs import typed

PAGES = sorted([ROOT / "docs" / name for name in ("start.md", "execution-flow.md", "memory-map.md")]
               + list((ROOT / "docs" / "how-it-works").glob("*.md")))
TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}


def test_every_block_is_a_command_that_is_typed():
    """No block that shows something without the command that prints it."""
    for path, text in TEXTS.items():
        assert {language for language, _, _ in typed.BLOCK.findall(text)} <= {"sh"}, path
        assert text.count("\n```") == 2 * len(typed.BLOCK.findall(text)), path
        assert all(where == "" for where, _ in typed.blocks(text)), path
        assert typed.here(text), f"{path}: no command"


def test_numbers_are_those_of_sources_and_handouts():
    """Hexadecimal ones, in what is not typed."""
    sources = [path for pattern in ("common/**/*.[chS]", "labs/*/*.[chS]", "labs/*/README.md",
                                    "ldscript", "docs/contracts.md") for path in ROOT.glob(pattern)]
    known = {int(number, 16) for path in sources for number in
             re.findall(r"\b(?:0[xX])([0-9A-Fa-f]+)", path.read_text(encoding="utf-8"))}
    for path, text in TEXTS.items():
        prose = typed.BLOCK.sub("", text)
        found = {int(number, 16) for number in re.findall(r"0x([0-9A-Fa-f]+)", prose)}
        assert found <= known, (path, [hex(number) for number in found - known])


@pytest.fixture(scope="module", name="copy")
def fixture_copy(tmp_path_factory):
    return typed.copy_of_the_course(tmp_path_factory.mktemp("course"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_commands_do_what_is_shown(path, copy):
    wrong = typed.typed(typed.here(TEXTS[path]), copy)
    assert not wrong, "\n".join(wrong)
