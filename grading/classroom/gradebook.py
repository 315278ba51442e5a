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
    rows = [("student", *labs, "total", "verdict", "note", "sha256", "seed", "by_hand")]
    for student in book.students:
        rows.append((student.name, *(student.points.get(lab, "") for lab in labs),
                     total(student), verdict(student), student.refused or student.note,
                     student.sha256, book.seed, by_hand(student)))
    return table(rows)


def sums(book):
    """One row for each student, to publish: the name and the sum; no sum where we failed. And
    what was set by hand, if anything was."""
    rows = [("student", "total", "by_hand"), *(
        (student.name, total(student), by_hand(student)) for student in book.students)]
    changed = any(student.changes for student in book.students)
    return table(row if changed else row[:2] for row in rows)


def by_hand(student):
    """What was set by hand, in one line."""
    return "; ".join(change.told() for change in student.changes)


def failed(student):
    """True if there is no grade, and that is our fault: it was not refused, nor is it a 0, nor
    was it set by hand as a whole."""
    whole = {change.lab for change in student.changes if not change.exercise}
    return bool(student.sha256) and (not student.results and not whole or any(
        values["verdict"] == "ERROR" and values["lab"] not in whole for values in student.results))


def feedback(book):
    """(name of a file, text) for each student: the tables of the grade, and no seed.

    With the seed, who has not handed in yet would know the guest programs of the grade.
    """
    taken = set()
    for number, student in enumerate(book.students):
        name = f"{student.name.replace('/', '_')}.txt"
        while name in taken or len(name.encode()) > LONGEST:
            name = f"{name[:20]} ({number}).txt"
            number += len(book.students)
        taken.add(name)
        yield name, tables(student)


def tables(student):
    """What a student may read of the grade."""
    out = io.StringIO()
    if student.refused:
        print(f"{'' if student.absent else 'not graded: '}{student.refused}", file=out)
    for values in student.results:  # what is borrowed stands in the note
        report.table(each_text(flat, for_students(values)) | {"borrowed": []}, out, seed=False)
    for line in (*([student.note] if student.note else ()),
                 *(change.told() for change in student.changes)):
        print(line, file=out)
    return out.getvalue()


def totals(book):
    """Student's name -> the sum of all programs' points; "" where we failed."""
    return {student.name: total(student) for student in book.students}


def total(student):
    """The sum of all programs' points; empty where we failed."""
    return "" if failed(student) else sum(student.points.values())


def exercises(book):
    """One row for each student and exercise of a grade, or that was set by hand."""
    columns = ("title", "score", "max", "status", "expected", "got")
    rows = [("student", "lab", "exercise", *columns, "sha256", "by_hand")]
    for student in book.students:
        for values in student.results:
            told = {change.exercise: change.told() for change in student.changes
                    if change.lab == values["lab"]}
            rows += [(student.name, values["lab"], each["id"], *(each[name] for name in columns),
                      values["submission_sha256"], told.get("") or told.get(each["id"], ""))
                     for each in values["exercises"]]
        graded = [values["lab"] for values in student.results]
        rows += [(student.name, each.lab, each.exercise, each.title, each.points, each.most,
                  "", "", "", "", each.told()) for each in student.changes
                 if each.exercise and each.lab not in graded]
    return table(rows)


def verdict(student):
    """In one word, what became of a submission."""
    if student.results:
        return worst(student.results)
    return "ERROR" if student.sha256 else "ABSENT" if student.absent else "REFUSED"


def table(rows):
    """CSV of the rows; no cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
