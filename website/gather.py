"""Collects the site's pages into one folder, from which mkdocs builds it."""

import re
import shutil
from pathlib import PurePosixPath

from grading import lab
from grading.errors import UsageError
from website import nav, page as pages, pictures, starter

HERE = PurePosixPath("website")
TITLES = {"segments": "Segments and gates", "registers": "Registers", "paging": "Paging",
          "vmx": "VMX", "memory": "Memory"}


def first_words(text):
    """What a source says of itself in its first lines."""
    found = re.match(r"(?:#!.*\n)?(?:/\*|#|\"\"\")\s*(?:[\w.]+ -- )?"
                     r"(.*?)(?:\.\s|\n\s*\*?#?\s*\n|\*/)", text, re.DOTALL)
    return re.sub(r"\s*\n\s*[*#]?\s*", " ", found[1]).strip() if found else ""


def sources_page(root):
    """Every source of the labs and of common/, with what it says of itself."""
    groups = [(f"Lab {each.name}", f"labs/{each.name}/") for each in lab.all_labs(root)]
    groups.append(("What every lab stands on", "common/"))
    text = []
    for title, folder in groups:
        text.append(f"\n## {title}\n")
        text += [f"- [`{path}`](../{path}): {first_words(starter.text(root, path))}"
                 for path in sorted(starter.visible(root))
                 if path.startswith(folder) and re.search(r"\.[chS]$", path)]
    return "\n".join(text) + "\n"


def layouts_page(drawn):
    """Every bit layout and map, by file."""
    text, before = [], ""
    for key in sorted(drawn, key=lambda key: (list(TITLES) + [key.partition(".")[0]]).index(
            key.partition(".")[0])):
        group = key.partition(".")[0]
        if key.endswith(".dot"):
            continue
        if group != before:
            text.append(f"\n## {TITLES.get(group, group.capitalize())}\n")
            before = group
        title = drawn[key].title
        text.append(f"\n### {title}\n\n[{title}](pictures/{key} \"picture\")\n")
    return "\n".join(text)


def markdown_of(root, path, drawn):
    """A page's Markdown, with what is listed on it; None if there is no such file."""
    full = root / path
    if not full.is_file():
        return None
    text = full.read_text(encoding="utf-8")
    if path == "docs/layouts.md":
        text += layouts_page(drawn)
    if path == "docs/sources.md":
        text += sources_page(root)
    return text


def write(folder, path, text):
    """One file of the folder that mkdocs reads."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def gather(root, folder):
    """Writes all pages into `folder`, emptied first. Returns the pages that are not there yet."""
    shutil.rmtree(folder, ignore_errors=True)
    drawn = pictures.all_pictures(root)
    pictures.draw(drawn, folder / "pictures")
    shutil.copytree(root / HERE / "theme" / "assets", folder / "assets")
    missing, todo, done = [], list(nav.PAGES), set()
    while todo:
        path = todo.pop(0)
        if path in done:
            continue
        done.add(path)
        if path.endswith(".md"):
            text = markdown_of(root, path, drawn)
            if text is None:
                missing.append(path)
                continue
            page = pages.Page(root, path, drawn)
            write(folder, nav.staged(path), page.convert(text))
            todo += sorted(page.wanted)
        else:
            write(folder, f"{path}.md", pages.source_page(root, path))
    return missing


def edition(root):
    """Which edition of Intel's manual the course cites, in the words of docs/contracts.md."""
    text = " ".join((root / "docs" / "contracts.md").read_text(encoding="utf-8").split())
    found = re.search(r"order number \d+, edition \d+ of [A-Z][a-z]+ \d{4}", text)
    if not found:
        raise UsageError("docs/contracts.md does not name the manual's order number and edition")
    return found[0]
