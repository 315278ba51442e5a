"""The learning platform's own table of students, with the points filled in.

    the FILE of --roster, with all its rows and columns -> fill() -> the same, one column new

What else its cells say stays as it is: maxima, a pretend student, who is in another section. A cell
stays, too, where the grader failed.
"""

import csv
import io
from pathlib import Path

from grading.classroom import csv_file, roster
from grading.errors import UsageError

NAME = "platform.csv"
READ_ONLY = "(read only)"  # Canvas'


def require_other(path, to):
    """UsageError if no table was named, or the one that is written into the folder `to`."""
    if path is None:
        raise UsageError("--column: of which table? --roster FILE is wanted, too")
    if Path(path).resolve() == to / NAME:
        raise UsageError(f"--roster {path}: that is what --column writes; name the platform's own "
                         "table")


def require(path, column):
    """The column's number, from 0. UsageError if the table has no such column, or more than one; or
    if it is not there to be written: it says who somebody is, or the platform works it out."""
    rows = csv_file.raw(path, "a list of students")[1]
    headers = [csv_file.plain(cell) for cell in rows[0][1]] if rows else []
    if not column or headers.count(column) != 1:
        has = f"there is {', '.join(filter(None, headers))}" if column not in headers \
            else "it is there more than once"
        raise UsageError(f"--column {column}: no such column in {path}; {has}")
    number = headers.index(column)
    if column.casefold() in roster.KNOWN or any(READ_ONLY in row[number:number + 1] for _, row in rows):
        raise UsageError(f"--column {column}: points cannot be written there; name the column of the "
                         "assignment")
    return number


def maximum(path, column):
    """How many points can be had by the table itself, as Canvas writes it; None if it does not say."""
    number = require(path, column)
    for _, cells in csv_file.raw(path, "a list of students")[1]:
        if cells and csv_file.plain(cells[0]).casefold() == roster.MAXIMA:
            return next(iter(cells[number:number + 1]), "").strip()
    return None


def fill(path, column, entries, points):
    """The table as text. `points`: student's name -> sum, "" if there is none."""
    number = require(path, column)
    form, rows = csv_file.raw(path, "a list of students")
    names = {entry.line: entry.name for entry in entries}
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=form.delimiter, lineterminator=form.end)
    for line, cells in rows:
        found = points.get(names.get(line), "")
        if found != "":
            cells = [*cells, *[""] * (number + 1 - len(cells))]
            cells[number] = found
        writer.writerow(cells)
    return form.mark + out.getvalue()
