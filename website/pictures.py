"""Pictures: from short texts in docs/pictures to SVG, each with the same in words.

A .toml file there holds tables of two kinds, a .dot file one flow (website/README.md shows
each). Graphviz draws all three.
"""

import html
import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple

from grading.errors import UsageError

FOLDER = Path("docs") / "pictures"  # in the course's folder
ROW = 32  # bits that stand side by side
BIT = 14  # points of width for each, at least
MARGIN = "\N{NO-BREAK SPACE}" * 4  # browsers set some letters wider than Graphviz measures
FONT = "DejaVu Sans"
INK, USED, UNUSED = "#22303c", "#cfe3f5", "#f0f0f0"
# What a .dot file says in place of a colour: `fillcolor=guest`.
COLOURS = {"guest": "#cfe3f5", "cpu": "#fde3c0", "yours": "#d2ecd0", "given": "#f0f0f0",
           "bad": "#f8d3cf", "host": "#e6d9f0"}
# What every .dot file may rely on.
DEFAULTS = ("-Gbgcolor=transparent", "-Gpad=0.1", f"-Gfontname={FONT}", "-Gfontsize=11",
            "-Glabeljust=l", f"-Gpencolor={INK}", f"-Gfontcolor={INK}",
            f"-Nfontname={FONT}", "-Nfontsize=12", "-Nshape=box", "-Nstyle=filled,rounded",
            f"-Nfillcolor={COLOURS['given']}", f"-Ncolor={INK}",
            f"-Nfontcolor={INK}", f"-Efontname={FONT}", "-Efontsize=11", f"-Ecolor={INK}",
            f"-Efontcolor={INK}", "-Earrowsize=0.7")
FIELD = re.compile(r"(\d+)(?:-(\d+))?\s{2,}(\S.*?)(?:\s{2,}(\S.*))?$")
MAP_ROW = re.compile(r"(\S.*?)\s{2,}(\S.*?)(?:\s{2,}(\S.*))?$")


class Picture(NamedTuple):
    """One of them, before it is drawn."""

    title: str
    source: str  # where the manual speaks of it; may be empty
    words: tuple[str, ...]  # what it shows, line by line
    dot: str


class Field(NamedTuple):
    """Bits high to low of a layout."""

    high: int
    low: int
    name: str
    meaning: str

    @property
    def unused(self):
        """True of bits that have no name: 0, 1, reserved, or nobody's in this course."""
        return self.name in ("0", "1", "...")


def parsed(form, text, where, wanted):
    """What the regular expression `form` finds in each line, "" for what is left out; UsageError
    for a line that is none of the `wanted`."""
    found = []
    for line in text.strip().splitlines():
        match = form.match(line.strip())
        if not match:
            raise UsageError(f"{where}: {line!r} is no {wanted}")
        found.append(match.groups(""))
    return found


def layout_fields(text, where):
    """The fields of a layout, highest first: lines "31-12  name  meaning" or "5  name"."""
    fields = [Field(int(high), int(low or high), name, meaning) for high, low, name, meaning in
              parsed(FIELD, text, where, "field; write '31-12  name  meaning'")]
    expected = fields[0].high
    for field in fields:
        if field.high != expected or field.low > field.high:
            raise UsageError(f"{where}: after bit {expected + 1} comes {expected}, "
                             f"not {field.high}")
        expected = field.low - 1
    if expected != -1:
        raise UsageError(f"{where}: bits {expected} to 0 are missing")
    return fields


def cell(text, width=0, options="", size=11):
    """One cell of an HTML-like table of Graphviz; `width` in points, at least."""
    text = html.escape(text).replace("\\n", "<BR/>") or " "
    return f'<TD WIDTH="{width}" {options}><FONT POINT-SIZE="{size}">{text}</FONT></TD>'


def part_of_row(field, high, low):
    """The bits' numbers, and the box below, of the part of a field that is in one row."""
    count = high - low + 1
    name = field.name
    if count < field.high - field.low + 1:
        name += f" {high - field.low}..{low - field.low}"
    width = max(count * BIT, len(name) * 7)
    colour = UNUSED if field.unused else USED
    numbers = str(high) if count == 1 else f"{high}..{low}"
    return (cell(numbers, width, 'BORDER="0"', 9),
            cell(name, width, f'BGCOLOR="{colour}" HEIGHT="28"'))


def layout_dot(fields, row=ROW):
    """The picture of a layout: rows of 32 bits, the highest first."""
    lines = []
    for base in range(fields[0].high // row * row, -1, -row):
        parts = [part_of_row(field, min(field.high, base + row - 1), max(field.low, base))
                 for field in fields if field.low < base + row and field.high >= base]
        lines.append('<TR><TD BORDER="0" CELLPADDING="0">' + table_of(
            f"<TR>{''.join(kind)}</TR>" for kind in zip(*parts)) + "</TD></TR>")
    return graph(lines)


def table_of(rows):
    """A table in Graphviz' HTML."""
    return (f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="3" '
            f'COLOR="{INK}">{"".join(rows)}</TABLE>')


def graph(rows):
    """A graph that is one table."""
    return ("digraph picture { only [shape=none style=solid margin=0 "
            f"label=<{table_of(rows)}>] }}")


def layout_words(fields):
    """One line for each field that has a name."""
    return tuple(f"{'bit' if each.high == each.low else 'bits'} {each.high}"
                 f"{'' if each.high == each.low else f' to {each.low}'}: {each.name}"
                 f"{', ' + each.meaning if each.meaning else ''}"
                 for each in fields if each.name != "...")


def map_rows(text, where):
    """(address, name, meaning) of each line of a map, from the top down."""
    return parsed(MAP_ROW, text, where, "row; write '0x7c00  name  meaning'")


def map_dot(rows):
    """A column of boxes: addresses on the left, what it is in the middle, words on the right."""
    lines = []
    for address, name, meaning in rows:
        colour = UNUSED if name.startswith("(") else USED
        lines.append("<TR>" + cell(address, 0, 'BORDER="0" ALIGN="RIGHT"', 10)
                     + cell(name, 170, f'BGCOLOR="{colour}" HEIGHT="28"')
                     + cell(meaning and f" {meaning}{MARGIN}", 0, 'BORDER="0" ALIGN="LEFT"', 10)
                     + "</TR>")
    return graph(lines)


def from_table(name, spec, where):
    """The Picture that one table of a .toml file describes."""
    kind = [key for key in ("bits", "map") if key in spec]
    if len(kind) != 1 or "title" not in spec:
        raise UsageError(f"{where}: [{name}] wants a title, and either bits or map")
    where = f"{where} [{name}]"
    if kind == ["bits"]:
        fields = layout_fields(spec["bits"], where)
        words, dot = layout_words(fields), layout_dot(fields)
    else:
        rows = map_rows(spec["map"], where)
        words, dot = tuple(f"{address}: {what}{', ' + meaning if meaning else ''}"
                           for address, what, meaning in rows), map_dot(rows)
    return Picture(spec["title"], spec.get("source", ""), words, dot)


def from_dot(path):
    """The Picture of a flow; its first line is `// title`."""
    text = path.read_text(encoding="utf-8")
    if not text.startswith("// "):
        raise UsageError(f"{path}: the first line is '// ' and the picture's title")
    for name in re.findall(r"fillcolor=(\w+)", text):
        if name not in COLOURS:
            raise UsageError(f"{path}: fillcolor={name}: there is {', '.join(COLOURS)}")
    dot = re.sub(r"fillcolor=(\w+)", lambda found: f'fillcolor="{COLOURS[found[1]]}"', text)
    return Picture(text.splitlines()[0][3:], "", flow_words(path), dot)


def plain(label):
    """A label as a sentence goes on with it."""
    return " ".join(re.sub(r"\\[nlr]", " ", label).split())


def flow_words(path):
    """One line for each arrow, in the order of the file: from, to, and what is at it."""
    graph = json.loads(run(["dot", "-Tjson0", path]))
    names = {each["_gvid"]: each["name"] if each.get("label", "\\N") == "\\N"
             else each["label"] for each in graph.get("objects", []) if "nodes" not in each}
    clusters = {node: plain(each["label"]) for each in graph.get("objects", [])
                if each["name"].startswith("cluster") for node in each.get("nodes", [])}

    def said(node):
        where = f" ({clusters[node]})" if node in clusters else ""
        return plain(names[node]) + where
    lines = []
    for edge in sorted(graph.get("edges", []), key=lambda each: each["_gvid"]):
        if edge.get("style") == "invis":
            continue
        label = f": {plain(edge['label'])}" if edge.get("label") else ""
        lines.append(f"{said(edge['tail'])} \N{RIGHTWARDS ARROW} {said(edge['head'])}{label}")
    return tuple(lines)


def run(command, text=None):
    """What a program prints; UsageError if it fails or is not there."""
    try:
        done = subprocess.run(command, check=False, input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{command[0]} is not installed; ./setup.sh installs it") from None
    if done.returncode or "Warning" in done.stderr or "Error" in done.stderr:
        raise UsageError(f"{command[0]} {command[-1]}: {done.stderr.strip() or 'failed'}")
    return done.stdout


def all_pictures(root):
    """Key → Picture. A key is the file's name; for one in a .toml, with # and its table's."""
    found = {}
    for path in sorted((root / FOLDER).iterdir()):
        if path.suffix == ".dot":
            found[path.name] = from_dot(path)
        elif path.suffix == ".toml":
            for name, spec in tomllib.loads(path.read_text(encoding="utf-8")).items():
                found[f"{path.name}#{name}"] = from_table(name, spec, path.name)
    return found


def file_name(key):
    """Where a picture is drawn to: "segments.toml#selector" → "segments-selector.svg"."""
    return re.sub(r"\.toml#|\.dot$", "-", key).strip("-") + ".svg"


def draw(pictures, folder):
    """Writes each picture into a folder as SVG: all by one call of dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, picture in pictures.items():
        (folder / file_name(key)).with_suffix("").write_text(picture.dot, encoding="utf-8")
    names = [folder / file_name(key) for key in pictures]
    run(["dot", "-Tsvg", *DEFAULTS, "-O", *(path.with_suffix("") for path in names)])
    for path in names:
        path.with_suffix("").unlink()
