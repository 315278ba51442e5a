"""The site as it lies on disk: links, words for pictures, nothing from elsewhere, no solutions."""

import posixpath
import re
import shutil
import subprocess
from urllib.parse import unquote, urlsplit

import pytest

from grading import lab, tree
from grading.errors import UsageError
from grading.lab import ROOT
from website import listings, nav, page
from website.tests import built

LOADS = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src",
         "object": "data", "embed": "src", "video": "src", "audio": "src", "use": "href"}
BUTTONS = ("a", "button", "label")


def test_builds_without_a_word(run):
    """mkdocs is strict: a warning would have been an error."""
    others = [line for line in run.stderr.splitlines() if not line.startswith("left out, ")]
    assert others == [] and run.stdout == f"{run.site}/index.html\n"
    assert (run.site / "index.html").is_file()
    assert [path.name for path in run.site.parent.iterdir()] == ["site"]


def test_every_page_of_the_navigation_is_written(run):
    assert run.stderr == ""


def test_every_page_of_the_course_is_in_the_navigation():
    written = {path.relative_to(ROOT).as_posix() for pattern in
               ("*.md", "docs/*.md", "docs/how-it-works/*.md", "labs/*/README.md",
                "timeline/*.md", "website/*.md")
               for path in ROOT.glob(pattern)}
    assert written - set(nav.PAGES) - set(nav.NOT_PAGES) == set()


def test_every_link_leads_somewhere(run, pages):
    dead, seen = [], 0
    for name, each in pages.items():
        for _, attrs, _ in each.elements:
            for target in (attrs.get("href"), attrs.get("src")):
                parts = urlsplit(target or "")
                if target is None or parts.scheme or parts.netloc:
                    continue
                seen += 1
                path = posixpath.normpath(posixpath.join(
                    posixpath.dirname(name), unquote(parts.path))) if parts.path else name
                fragment = unquote(parts.fragment)
                if not (run.site / path).is_file():
                    dead.append(f"{name}: {target}")
                elif fragment and fragment not in pages[path].ids:
                    dead.append(f"{name}: {target}: no such place there")
    assert seen > 5000 and dead == []


def test_nothing_is_loaded_from_elsewhere(run, pages):
    for name, each in pages.items():
        for tag, attrs, _ in each.elements:
            target = attrs.get(LOADS.get(tag), "") or ""
            assert not re.match(r"(?i)([a-z]+:)?//|https?:", target), (name, target)
            assert "url(" not in attrs.get("style", ""), name
    sheets = list(run.site.rglob("*.css"))
    assert len(sheets) >= 3
    for path in sheets:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", text), path


def test_every_picture_has_words(pages):
    pictures = 0
    for name, each in pages.items():
        for tag, attrs, around in each.elements:
            if tag == "img":
                assert attrs.get("alt", "").strip(), (name, attrs)
                pictures += "pictures/" in attrs["src"]
            if tag == "svg":
                assert attrs.get("aria-hidden") == "true", (name, around[-1])
    assert pictures > 80


def test_every_button_has_a_name(pages):
    """That has but an icon in it."""
    for name, each in pages.items():
        for number, (tag, _, around) in enumerate(each.elements):
            inner = [each for each in around if each[0] in BUTTONS]
            if tag == "svg" and inner and inner[-1][0] != "a":
                attrs = inner[-1][1]
                assert attrs.get("aria-label") or attrs.get("title"), (name, number, attrs)


def flat(text):
    """Words alone: a text browser breaks lines where it likes."""
    return " ".join(text.replace("\N{PILCROW SIGN}", "").split())


def test_reads_well_in_a_text_browser(run, pages):
    """Headings, pictures' titles and words, code: all there."""
    for name, each in pages.items():
        done = subprocess.run(["w3m", "-dump", "-cols", "100", "-T", "text/html",
                               "-I", "UTF-8", "-O", "UTF-8", run.site / name],
                              check=True, stdout=subprocess.PIPE, encoding="utf-8")
        said = flat(done.stdout)
        for heading in each.headings:
            assert flat(heading) in said, (name, heading)
        for tag, attrs, _ in each.elements:
            if tag == "img":
                assert flat(attrs["alt"]) in said, (name, attrs)
        if "docs/how-it-works" in name:
            assert said.count("The same in words") == sum(
                tag == "summary" for tag, _, _ in each.elements) >= 3
            assert "make -s LAB=" in said


def code_lines(text):
    """Its lines of code, without comments; none that is too short to tell anything."""
    for line in text.splitlines():
        line = re.sub(r"\s*/\*.*", "", line).strip()
        if len(line) > 12 and re.search(r"\w\W+\w+\W", line) and not line.startswith("#"):
            yield line


def solution_lines(folder):
    """Lines of the solution that students have nowhere: in no source, in no handout."""
    make_starters(folder)
    known = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*")
                    if path.is_file())
    return {line for each in lab.all_labs(ROOT) for name in each.edit
            for line in code_lines((each.folder / name).read_text(encoding="utf-8"))
            if line not in known}


def make_starters(folder):
    """What the handout's own functions give to students, into a folder."""
    for path in tree.files(ROOT):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    for each in lab.all_labs(ROOT):
        for name in each.edit:
            (folder / "labs" / each.name / name).write_text(tree.cut(each.folder / name))


def test_no_line_of_a_solution_is_on_the_site(pages, tmp_path):
    lines = solution_lines(tmp_path)
    assert len(lines) > 300
    whole = "\n".join(each.text for each in pages.values())
    assert {line for line in lines if line in whole} == set()


def test_listings_are_in_their_sources(pages):
    """Cut by the handout's own function; in that order on the page."""
    seen = 0
    for name, each in pages.items():
        sources = [attrs["href"] for tag, attrs, _ in each.elements
                   if tag == "a" and attrs.get("class") == "listing"]
        codes = iter(each.code)
        for href in sources:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), href))[:-5]
            text = tree.cut(ROOT / path)
            assert any(code.strip("\n") in text for code in codes), (name, path)
            seen += 1
    assert seen > 40


@pytest.mark.parametrize(("name", "first", "last"), [
    ("main", "int main(void)", "}"), ("one", "/* One. */", "}"), ("TWO", "#define TWO 2", None),
    ("three", "struct three {", "};"), ("four", "const int four[] = {", "};")])
def test_a_listing_is_all_of_one_thing_in_c(name, first, last):
    text = ("/* x.c -- a file. */\n\nint main(void)\n{\n        one();\n}\n\n"
            "/* One. */\nvoid one(void)\n{\n}\nvoid five(void);\n#define TWO 2\nstruct three {\n        int x;\n};\n"
            "const int four[] = {\n        4\n};\n")
    lines = listings.piece(text, name, "x.c").split("\n")
    assert lines[0] == first and lines[-1] == (last or first)


def test_a_listing_is_all_of_one_thing_in_assembly():
    text = ("/* x.S */\n        .globl  a\na:      nop\n1:      ret\n\n/* b. */\n"
            "        .globl  b\nb:      ret\n")
    assert listings.piece(text, "a", "x.S") == "        .globl  a\na:      nop\n1:      ret"
    assert listings.piece(text, "b", "x.S").startswith("/* b. */")


@pytest.mark.parametrize(("text", "said"), [
    ("[x](nowhere.c)", "leads nowhere"),
    ('[x](../common/boot.S#nothing "listing")', "defines no nothing"),
    ('[x](pictures/memory.toml#x "picture")', "has no memory.toml#x"),
    ('[x](../pictures/memory.toml#program "picture")', "leads nowhere"),
    ("[x](../labs/01-vm86trap/tests/mutants.toml)", "not in the students' tree"),
    ("[x](../labs/01-vm86trap/rubric/trace.py)", "not in the students' tree"),
])
def test_what_a_page_may_not_do_is_said(text, said):
    one = page.Page(ROOT, "docs/x.md", {})
    with pytest.raises(UsageError, match=re.escape(said)):
        one.convert(text)
        for name in one.wanted:
            page.source_page(ROOT, name)


def test_what_other_markdown_reads_otherwise_is_changed():
    """A bar in a table's code; a list in a list, two blanks further in."""
    one = page.Page(ROOT, "docs/x.md", {})
    assert one.convert("| `a\\|<b>` | c |") == "| <code>a&#124;&lt;b&gt;</code> | c |"
    assert one.convert("- a\n  - b\n  c") == "- a\n    - b\n  c"


def test_no_mark_of_markdown_is_left(pages):
    for name, each in pages.items():
        if name.count(".") == 1:
            assert "**" not in each.prose and "`" not in each.prose, name
            assert "\\|" not in each.text, name


def test_links_are_changed_and_code_is_not():
    one = page.Page(ROOT, "docs/x.md", {})
    text = "```sh elsewhere\n$ echo [x](nowhere.c)\n```\n[two\nlines](../common/boot.S)\n[z](#z)"
    assert one.convert(text) == ("```sh\n$ echo [x](nowhere.c)\n```\n"
                                 "[two\nlines](../common/boot.S.md)\n[z](#z)")
    assert one.wanted == {"common/boot.S"}


@pytest.mark.parametrize(("config", "package"), [
    ("theme: {name: no-such-theme}", "mkdocs-material"),
    ("theme: {name: mkdocs}\nnav: [{x: nowhere.md}]", "the lines above say what")])
def test_what_mkdocs_complains_of_is_told(tmp_path, capfd, config, package):
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text(f"site_name: x\n{config}\n")
    with pytest.raises(UsageError, match=package):
        built.program().build(tmp_path, tmp_path / "mkdocs.yml", tmp_path / "site")
    assert ("nowhere.md" in capfd.readouterr().err) is ("nowhere" in config)
