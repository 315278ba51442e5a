"""docs/glossary.md: each term of the handouts has an entry, and each entry leads somewhere."""

import re
from pathlib import Path

import pytest

from grading import lab
from grading.lab import ROOT
from grading.tests.docs.pages import BLOCK, DOCS, LINK, dead_links

PAGE = DOCS / "glossary.md"
ENTRY = re.compile(r"^### (.*)\n\n((?:.+\n)+)\n(.*)$", re.MULTILINE)
ENTRIES = {title: (text, more) for title, text, more in ENTRY.findall(PAGE.read_text())}
ITALIC = re.compile(r"(?<![*\w])\*([^*\s|][^*|]{0,60}?)\*(?![*\w])")
TITLE = re.compile(r'"([^"]+)"')
# What the handouts stress, and what is no term but a word of the sentence.
STRESSED = """
    a address addresses all and before both bytes count deserves encoding every exception first
    four gates handler host in instruction instructions interrupt is its last last-byte linear
    look memory more next not now null number offset other physical program read receive root task
    that those upper uses value want was with writes you your exits non-root
    nothing-else at-that-time in-the-guest your-handler 2-mb-page host's kernel's monitor's
    cpu's-record the-cpu's-record the-log-claims,-the-cpu-witnesses
    memory-operand-that-holds-the-region's-physical-address where-does-the-task's-value-come-from?
    """.split()
# Terms of the course that stand in no italics.
LISTED = ("CPL", "IOPL", "TSS", "I/O permission bitmap", "Descriptor cache", "VMXON region",
          "Revision identifier", "Root operation", "Non-root operation", "Exit qualification",
          "Exception bitmap", "CR3-target list", "World switch", "Challenge", "Witness", "Seam",
          "Lane", "ARENA", "Injection", "Selector", "Gate", "Limit", "Canonical address", "A20")


FORMS = {"Rounding": "round"}  # of a term, that the handout uses


def plain(text):
    """A term or title for comparison: small letters, no plural."""
    text = re.sub(r"\s+", " ", text).strip(" .:,").lower().replace("task-state segment", "tss")
    return re.sub(r"(?<=[a-z]{3})s$", "", text)


def prose(path):
    """A handout without its blocks and code."""
    return re.sub(r"`[^`]*`", "", BLOCK.sub("", path.read_text(encoding="utf-8")))


def missing_terms(text, entries):
    """The words in italics that have no entry."""
    known = {plain(title) for title in entries} | {plain(word) for word in STRESSED}
    known |= {"model-specific register", "vmx non-root operation", "cr3-target value", "round",
              "canonical", "current"}  # words of an entry of a longer name
    return {found for found in ITALIC.findall(text)
            if plain(found) not in known and plain(found).replace(" ", "-") not in known}


def test_each_term_of_a_handout_has_an_entry():
    assert len(ENTRIES) > 80
    missing = {each.name: found for each in lab.all_labs()
               if (found := missing_terms(prose(each.folder / "README.md"), ENTRIES))}
    assert not missing, missing
    assert not set(LISTED) - set(ENTRIES)


def test_a_term_without_an_entry_is_found():
    assert missing_terms("the *frob bitmap* and *every* *VMCS*", ENTRIES) == {"frob bitmap"}


def test_each_entry_is_short_and_leads_to_its_place():
    assert not dead_links(PAGE)
    for title, (text, more) in ENTRIES.items():
        assert len(text) < 420, title
        assert more.startswith("[") and LINK.search(more), title
    assert list(ENTRIES) == sorted(ENTRIES, key=lambda title: title.lower().replace("/", ""))


def test_the_term_is_used_where_the_entry_leads():
    """By its words in the handout that is linked, or in the sources beside it."""
    for title, (_, more) in ENTRIES.items():
        target = (PAGE.parent / LINK.search(more)[1].partition("#")[0]).resolve()
        text = target.read_text(encoding="utf-8").lower()
        text += "".join(path.read_text(encoding="utf-8").lower() for path in target.parent.glob("*.h"))
        assert is_used(title, text), title


def is_used(title, text):
    """True if a text in small letters has the term, or its longest word; in several, too."""
    longest = max(re.findall(r"[\w/-]+", title.lower()), key=len)
    return any(re.search(rf"(?<!\w){re.escape(each)}(e?s)?(?!\w)", text)
               for each in (title.lower(), longest, FORMS.get(title, longest)))


@pytest.mark.parametrize(("title", "text", "used"), [
    ("Exit qualification", "the qualification says", True), ("Gate", "two gates", True),
    ("Exit qualification", "a quali", False), ("Gate", "the gateway", False),
    ("Injection", "what it injects", False), ("I/O permission bitmap", "permission.", True),
])
def test_a_term_is_used_by_its_whole_word(title, text, used):
    assert is_used(title, text) is used


def test_each_section_of_the_manual_is_cited_elsewhere_too():
    """A title that the handouts or the sources cite was looked up there."""
    sources = [path for pattern in ("labs/*/*.[chS]", "common/*.[chS]", "common/x86/*.h",
                                    "labs/*/README.md", "labs/*/rubric/*.py", "grading/*.py")
               for path in Path(ROOT).glob(pattern)]
    text = " ".join(path.read_text(encoding="utf-8") for path in sources)
    text = re.sub(r"\s+[*#|]*\s*", " ", text).replace("--", "—")
    for title, (_, more) in ENTRIES.items():
        for section in TITLE.findall(more.partition(" SDM ")[2]):
            assert section in text, (title, section)
