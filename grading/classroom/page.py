"""The page of a class: one HTML file that needs nothing else, for those who teach it.

    Book -> summary.py -> page.html.j2, page.css, page.js -> text

All that comes from submissions is hostile. It is escaped by jinja2, it never stands in a
script or a style, and what could turn a line around is made visible. A Content-Security-Policy
lets run the one script and the one style that are named by their hashes, and nothing be loaded.
Without scripts everything can be read, in sequence.

Logs and files are cut, so that a class of a thousand fits into a browser; sizes in characters.
"""

import base64
import difflib
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import jinja2
from markupsafe import Markup

from grading.classroom import before, summary

FOLDER = Path(__file__).resolve().parent
LOG, LOG_PASSED = 4000, 1000  # the end of a log; less of it where nothing is wrong
TEXT = 2000  # of "expected", "got", a reason
PAIRS = 200  # that are shown, the most alike; a TA reads no more
LINES, COLUMNS = 600, 200  # of a file that is shown beside another one

SIGNS = {"PASS": "✓", "SKIP": "–", "TODO": "○", "FAIL": "✗", "HANG": "…", "CRASH": "↯",
         "ERROR": "!", summary.ABSENT: "∅", summary.REFUSED: "⊘"}
# Controls, halves of surrogate pairs, and what overrides the direction of writing.
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
NAME, NUMBER = re.compile(r"[A-Za-z_]\w*"), re.compile(r"\b\d\w*")


class Line(NamedTuple):
    """A line of a file beside another file."""

    number: int  # 0: a gap, where only the other file has a line
    sign: str  # "=": the same in both; "~": the same but for names and numbers; else ""
    text: str


def render(book):
    """The page of a records.Book, as text that can be encoded in UTF-8."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    script = (FOLDER / "page.js").read_text(encoding="utf-8")
    known = summary.summarise(book)
    numbers = {row.student.name: row.number for row in known.rows}
    return environment().get_template("page.html.j2").render(
        book=book, known=known, before=before.groups(known.rows), bins=summary.BINS, refused=summary.REFUSED,
        pairs=[(pair, numbers.get(pair.one), numbers.get(pair.other),
                *side_by_side(pair.left, pair.right)) for pair in book.pairs[:PAIRS]],
        policy=policy(style, script), style=Markup(style), script=Markup(script))


def environment():
    """The templates, everything in them escaped."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=visible)
    templates.filters.update(end=end_of, start=start_of, short=short, order=order)
    templates.globals.update(signs=SIGNS, largest=largest)
    return templates


def policy(style, script):
    """The Content-Security-Policy: nothing but these two texts."""
    return ("default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"style-src '{digest(style)}'; script-src '{digest(script)}'")


def digest(text):
    """The hash of an inline style or script, as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def visible(value):
    """A text of the page without what is invisible and acts; other values as they are."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return value


def start_of(text, limit=TEXT):
    """The start of a text, and how much more there was."""
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text) - limit} characters cut)"


def short(name, limit=40):
    """A name for lists; the whole of it is on the student's page."""
    return name if len(name) <= limit else f"{name[:limit]}…"


def end_of(result):
    """(characters cut, the end of the result's log), cut at a line if there is one."""
    text = result["output"]
    limit = LOG_PASSED if result["verdict"] == "PASS" else LOG
    if len(text) <= limit:
        return 0, text
    end = text[-limit:]
    end = end[end.find("\n") + 1:] or end
    return len(text) - len(end), end


def order(verdict):
    """A number by which verdicts sort, from harmless to severe."""
    return list(SIGNS).index(verdict)


def largest(rates):
    """(program, Rate, whether it is the first) of the steepest drop of all, or None."""
    steepest = [(name, rate, rate == each[0]) for name, each in rates.items()
                for rate in each if rate.steepest]
    return max(steepest, key=lambda found: found[1].drop, default=None)


def side_by_side(left, right):
    """Two lists of Line, equally long: what is common is at the same height."""
    left, right = lines_of(left), lines_of(right)
    shapes = [list(map(shape, lines)) for lines in (left, right)]
    columns = [], []
    for what, one, one_end, other, other_end in difflib.SequenceMatcher(
            None, *shapes, autojunk=len(left) > 300).get_opcodes():
        for step in range(max(one_end - one, other_end - other)):
            pair = (at(left, one + step, one_end), at(right, other + step, other_end))
            sign = sign_of(what, *pair)
            for column, line in zip(columns, pair):
                column.append(line._replace(sign=sign if line.number else ""))
    return columns


def lines_of(text):
    """The lines that are shown of a file, and a last one that says what is not."""
    lines = text.expandtabs().splitlines()
    shown = [line[:COLUMNS] + ("…" if len(line) > COLUMNS else "") for line in lines[:LINES]]
    return shown + ([f"[{len(lines) - LINES} more lines]"] if len(lines) > LINES else [])


def shape(line):
    """What is left of a line if names and numbers do not matter; empty lines are no match."""
    return NAME.sub("a", NUMBER.sub("0", " ".join(line.split())))


def at(lines, number, end):
    """The Line at an index, or a gap behind `end`."""
    return Line(number + 1, "", lines[number]) if number < end else Line(0, "", "")


def sign_of(what, one, other):
    """How alike two lines are that difflib has put beside each other."""
    if what != "equal" or not one.text.strip():
        return ""
    return "=" if one.text.split() == other.text.split() else "~"
