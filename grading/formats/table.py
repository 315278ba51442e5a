"""CSV, for a spreadsheet."""

import csv
import io
import re

from grading.formats.text import flat

COLUMNS = ("lab", "id", "title", "score", "max", "status", "seed", "emulator", "sha256")
# How a spreadsheet's formula begins; and where, if it separates cells otherwise than we do.
FORMULA = re.compile(r"^(?=\s*[-=+@＝＋－＠])|[;\t]\s*(?=[-=+@＝＋－＠])")


def as_csv(results):
    """A row for each exercise. Import ids as text: spreadsheets take "01-3" for a date."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for result in results:
        for exercise in result["exercises"]:
            rows.writerow(map(cell, (
                result["lab"], exercise["id"], exercise["title"], exercise["score"],
                exercise["max"], exercise["status"], result["seed"], result["emulator"],
                result["submission_sha256"])))
    return out.getvalue()


def cell(value):
    """The value of a CSV cell, in one line; what looks like a formula becomes text."""
    return FORMULA.sub(r"\g<0>'", flat(str(value)))
