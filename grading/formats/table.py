"""CSV, for a spreadsheet."""

import csv
import io

from grading.formats.text import flat

COLUMNS = ("lab", "id", "title", "score", "max", "status", "seed", "emulator", "sha256")
FORMULA = ("=", "+", "-", "@")  # how a spreadsheet's formula begins


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
    text = flat(str(value))
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text
