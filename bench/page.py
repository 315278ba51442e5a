"""The record of a bench, as tables: for a terminal, and for docs/bench.md.

Nothing on that page is typed by hand: docs/bench.json is what was measured, and the page is
rendered from it. A test renders it again.
"""

import json
import os
from pathlib import Path

from bench.rounds import Figure
from grading.errors import UsageError
from grading.formats import write
from grading.lab import ROOT

DOCS = ROOT / "docs"
TEMPLATE = Path(__file__).parent / "page.md.j2"


def chapter(module, rows):
    """What is kept of a chapter. The module's name is that of its goal, too."""
    return texts(module) | {
            "wanted": module.WANTED, "reached": module.reached(rows),
            "rows": [{what: value._asdict() if isinstance(value, Figure) else value
                      for what, value in row.items()} for row in rows]}


def texts(module):
    """What the page says of a chapter, whatever is measured. Its docstring opens with its title."""
    about = module.__doc__.strip().removeprefix(f"{module.TITLE}: ")
    return {"title": module.TITLE, "why": module.WHY, "about": about[0].upper() + about[1:]}


def retold(record, modules):
    """The record with the texts that its chapters have now, and every figure as it was."""
    return record | {"chapters": {name: kept | texts(modules[name])
                                  for name, kept in record["chapters"].items()}}


def cell(value):
    """A value, for people: a Figure is its median, with the spread behind it."""
    if isinstance(value, dict):
        return f"{value['median']:g} ({value['least']:g} … {value['most']:g})"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def verdict(kept):
    """Whether the goal is reached, in words."""
    return {True: "reached", False: "not reached", None: "cannot be told here"}[kept["reached"]]


def columns(rows):
    """The names of all columns, in order."""
    return list(dict.fromkeys(name for row in rows for name in row))


def text(kept):
    """A chapter as a table for a terminal."""
    names = columns(kept["rows"])
    table = [names] + [[cell(row.get(name)) for name in names] for row in kept["rows"]]
    widths = [max(len(row[place]) for row in table) for place in range(len(names))]
    lines = ["  ".join(f"{value:{width}}" for value, width in zip(row, widths)).rstrip()
             for row in table]
    return "\n".join([f"{kept['title']}", *(f"  {line}" for line in lines),
                      f"  wanted: {kept['wanted']}: {verdict(kept)}", ""])


def rounds_of(rows):
    """How often the Figures of these rows were taken; None if there are none."""
    return next((value["rounds"] for row in rows for value in row.values()
                 if isinstance(value, dict)), None)


def markdown(record):
    """The whole record as a page."""
    import jinja2
    template = jinja2.Template(TEMPLATE.read_text(), trim_blocks=True, lstrip_blocks=True,
                               undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return template.render(record=record, cell=cell, columns=columns, verdict=verdict,
                           rounds_of=rounds_of)


def dumps(record):
    """The record as JSON."""
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def put(text, path):
    """Writes it whole or not at all; UsageError if it cannot."""
    try:
        os.makedirs(path.parent, exist_ok=True)
        write(text, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def publish(record, docs=DOCS):
    """Writes docs/bench.json and docs/bench.md."""
    page = markdown(record)
    put(dumps(record), docs / "bench.json")
    put(page, docs / "bench.md")


def render(modules, docs=DOCS):
    """Writes both again, with the texts as they are now; nothing is measured."""
    publish(retold(json.loads((docs / "bench.json").read_text(encoding="utf-8")), modules), docs)
