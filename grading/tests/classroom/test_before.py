"""classroom/before.py: who is to be looked at before points are published, each for one reason."""

import pytest

from grading.classroom import before, overrides, page, summary
from grading.classroom.records import NOTHING, Book, Student
from grading.tests.classroom.test_class_page import sample_book


def result(lab="01-vm86trap", verdict="PASS", runs=1, got=""):
    """A result with what is looked at here."""
    return {"lab": lab, "verdict": verdict, "score": 0, "max": 100, "runs": [{}] * runs,
            "emulator": "qemu", "seed": 7, "versions": {"emulator": "QEMU", "compiler": "gcc"}, "output": "", "base": "own", "exercises": [
                {"id": "01-1", "title": "enter", "number": 1, "status": verdict, "score": 0, "max": 100,
                 "expected": "", "got": got, "hint": "", "section": ""}]}


def found(*students):
    """Name of a group -> (student, why) of all in it."""
    book = Book("class", "now", 7, "x", (), list(students), [])
    return {group.name: [(row.student.name, why) for row, why in group.found]
            for group in before.groups(summary.summarise(book).rows)}


def student(name, *results, refused="", note=""):
    """One who has handed something in."""
    return Student(name, name, "" if refused else "ab" * 32, refused, list(results), note)


CHANGE = overrides.Change("ann", "01-vm86trap", "01-1", "enter", 7, 100, 100, "asked in person")


@pytest.mark.parametrize(("who", "wanted"), [
    (student("ann", result()), {}),
    (student("ann", result(verdict="HANG")), {}),
    (student("ann", result(verdict="FAIL")), {}),  # it was booted
    (student("ann", result(verdict="ERROR", runs=0)), {"failed": [("ann", "")]}),
    (student("ann"), {"failed": [("ann", "")]}),
    (student("ann", refused="too large"), {"refused": [("ann", "too large")]}),
    (student("ann", result(verdict="FAIL", runs=0, got="error: x")),
     {"unbuilt": [("ann", "01-vm86trap: error: x")]}),
    (student("ann", result(verdict="SKIP", runs=0)), {}),
    (student("ann", result(), note="late"), {"notes": [("ann", "late")]}),
    (Student("ann", "", "", NOTHING, []), {"absent": [("ann", "")]}),
    (overrides.changed(student("ann", result()), [CHANGE]),
     {"by-hand": [("ann", CHANGE._replace(given=0).told())]}),
])
def test_who_is_in_which_group(who, wanted):
    assert found(student("zoe", result()), who) == wanted


def test_two_programs_of_one_student_are_two_reasons_and_one_student():
    ann = student("ann", *(result(lab, "FAIL", 0, "error") for lab in ("01-vm86trap", "02-x")), note="late")
    assert found(ann) == {"unbuilt": [("ann", "01-vm86trap: error"), ("ann", "02-x: error")],
                          "notes": [("ann", "late")]}
    book = Book("class", "now", 7, "x", (), [ann], [])
    group = before.groups(summary.summarise(book).rows)[0]
    assert group.students == 1


def test_one_lab_is_shown_once():
    book = Book("class", "now", 7, "x", (), [student("ann", result())], [])
    assert [scores.title for scores in summary.summarise(book).scores] == ["Lab 01"]
    assert page.render(book).count("<figure") == 1


def test_the_page_begins_with_them():
    book = sample_book(60)
    text = page.render(book)
    assert text.index('id="before"') < text.index('id="scores"')
    groups = before.groups(summary.summarise(book).rows)
    assert [group.name for group in groups] == ["refused", "unbuilt", "notes", "by-hand", "absent"]
    for group in groups:
        number = group.students
        assert f"<b>{number} student{'s' * (number != 1)}:</b> {group.title}." in text
    assert "<b>1 pair</b> of" in text
    nobody = book._replace(students=[student("ann", result(verdict="FAIL", runs=0))])
    assert "The steepest drop" not in page.render(nobody), "nobody got as far as that"
    quiet = page.render(book._replace(students=[], pairs=[]))
    assert "There is nothing to look at." in quiet and "<b>1 pair</b>" not in quiet
