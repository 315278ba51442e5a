"""The book of grades as tables for a spreadsheet: CSV, as the course office wants it."""

import csv
import io

from grading import report
from grading.formats.table import cell
from grading.formats.text import each_text, flat, for_students, worst


LONGEST = 200  # bytes of a file's name


def students(book, labs):
    """One row for each student: points for each of `labs` (names), their sum, what went
    wrong. A program that was not handed in has an empty cell, and counts 0."""
    rows = [("student", *labs, "total", "verdict", "note", "sha256", "seed")]
    for student in book.students:
        points = {values["lab"]: values["score"] for values in student.results}
        rows.append((student.name, *(points.get(lab, "") for lab in labs),
                     "" if failed(student) else total(student), verdict(student),
                     student.refused or student.note,
                     student.sha256, book.seed))
    return table(rows)


def sums(book):
    """One row for each student, to publish: the name and the sum; no sum where we failed."""
    return table([("student", "total"), *(
        (student.name, "" if failed(student) else total(student)) for student in book.students)])


def failed(student):
    """True if there is no grade, and that is our fault: it was not refused, nor is it a 0."""
    return bool(student.sha256) and (not student.results or worst(student.results) == "ERROR")


def feedback(book):
    """(name of a file, text) for each student: the tables of the grade, and no seed.

    With the seed, who has not handed in yet would know the guest programs of the grade.
    """
    taken = set()
    for number, student in enumerate(book.students):
        name = f"{student.name.replace('/', '_')}.txt"
        if name in taken or len(name.encode()) > LONGEST:
            name = f"{name[:20]} ({number}).txt"
        taken.add(name)
        yield name, tables(student)


def tables(student):
    """What a student may read of the grade."""
    if student.refused:
        return f"{'' if student.absent else 'not graded: '}{student.refused}\n"
    out = io.StringIO()
    for values in student.results:
        report.table(each_text(flat, for_students(values)), out, seed=False)
    return out.getvalue() + (f"{student.note}\n" if student.note else "")


def total(student):
    """The sum of all programs' points."""
    return sum(values["score"] for values in student.results)


def exercises(book):
    """One row for each student and exercise."""
    columns = ("title", "score", "max", "status", "expected", "got")
    rows = [("student", "lab", "exercise", *columns, "sha256")]
    for student in book.students:
        rows += [(student.name, values["lab"], each["id"], *(each[name] for name in columns),
                  values["submission_sha256"])
                 for values in student.results for each in values["exercises"]]
    return table(rows)


def verdict(student):
    """In one word, what became of a submission."""
    if student.results:
        return worst(student.results)
    return "ERROR" if failed(student) else "ABSENT" if student.absent else "REFUSED"


def table(rows):
    """CSV of the rows; no cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
