"""The learning platform's own table of students, with the points filled in.

    the FILE of --roster, with all its rows and columns -> fill() -> the same, one column new

What else is in it stays as it is: maxima, a pretend student, who is in another section. A cell
stays, too, where the grader failed.
"""

import csv
import io

from grading.classroom import csv_file
from grading.errors import UsageError

NAME = "platform.csv"


def require(path, column):
    """The column's number, from 0. UsageError if the table has no such column, or more than one."""
    rows = csv_file.raw(path, "a list of students")[1]
    headers = [csv_file.plain(cell) for cell in rows[0][1]] if rows else []
    if headers.count(column) != 1:
        has = f"there is {', '.join(filter(None, headers))}" if column not in headers \
            else "it is there more than once"
        raise UsageError(f"--column {column}: no such column in {path}; {has}")
    return headers.index(column)


def fill(path, column, entries, points):
    """The table as text. `points`: student's name -> sum, "" if there is none."""
    number = require(path, column)
    delimiter, rows = csv_file.raw(path, "a list of students")
    names = {entry.line: entry.name for entry in entries}
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    for line, cells in rows:
        found = points.get(names.get(line), "")
        if found != "":
            cells = [*cells, *[""] * (number + 1 - len(cells))]
            cells[number] = found
        writer.writerow(cells)
    return out.getvalue()
