"""The book of grades as tables for a spreadsheet: CSV, as the course office wants it."""

import csv
import io

from grading.formats.table import cell


def students(book, labs):
    """One row for each student: points for each of `labs` (names), their sum, what went
    wrong. A lab that was not handed in has an empty cell, and counts 0."""
    rows = [("student", *labs, "total", "verdict", "note", "sha256", "seed")]
    for student in book.students:
        points = {values["lab"]: values["score"] for values in student.results}
        rows.append((student.name, *(points.get(lab, "") for lab in labs),
                     sum(points.values()), verdict(student), student.refused,
                     student.sha256, book.seed))
    return table(rows)


def exercises(book):
    """One row for each student and exercise."""
    rows = [("student", "lab", "exercise", "title", "score", "max", "status", "got",
             "sha256")]
    for student in book.students:
        rows += [(student.name, values["lab"], each["id"], each["title"], each["score"],
                  each["max"], each["status"], each["got"], values["submission_sha256"])
                 for values in student.results for each in values["exercises"]]
    return table(rows)


def verdict(student):
    """In one word, what became of a submission."""
    from grading.formats.text import worst
    return worst(student.results) if student.results else "REFUSED"


def table(rows):
    """CSV of the rows; no cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
