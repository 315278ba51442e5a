"""classroom/filled.py: the platform's own table comes back with the points, and else as it was."""

import csv
import io
import subprocess

import pytest

from grading.classroom import filled, roster
from grading.errors import UsageError
from grading.tests.classroom.classes import command, hand_in
from grading.tests.classroom.test_roster import CANVAS, GRADESCOPE, MOODLE

POINTS = {"Doe, Jane": 95, "Doe, John": 0, "Müller-Lüdenscheidt, Éva": "", "Jane Doe": 60, "31": 7}


def refilled(tmp_path, text, column):
    """The rows of a table before and behind it."""
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    after = filled.fill(path, column, roster.read(path), POINTS)
    mark = ";" if ";" in text else ","
    assert after.startswith("\ufeff") == text.startswith("\ufeff")
    assert ("\r\n" in after) == ("\r\n" in text)
    return tuple(list(csv.reader(io.StringIO(each, newline=""), delimiter=mark))
                 for each in (text.lstrip("\ufeff"), after.lstrip("\ufeff")))


@pytest.mark.parametrize(("text", "column", "points"), [
    (CANVAS, "Lab 01 (77)", {3: "95", 5: "0"}),  # maxima and the pretend student stay; so does a failure
    (MOODLE, "Grade", {1: "60"}),
    (GRADESCOPE, "Section", {1: "7"}),
    (CANVAS.replace("\n", "\r\n"), "Lab 01 (77)", {3: "95", 5: "0"}),
    ('Name;Note ;"x\ny"\n"Doe, Jane";;=1+1\n;;\nDoe, John;;  two  gaps \n', "Note", {1: "95", 3: "0"}),
    ("name,a,Points\n31\nother,,3\n", "Points", {1: "7"}),  # a row that ends early
])
def test_only_the_points_are_new(tmp_path, text, column, points):
    before, after = refilled(tmp_path, text, column)
    number = [" ".join(cell.split()) for cell in before[0]].index(column)
    for row, value in points.items():
        before[row] += [""] * (number + 1 - len(before[row]))
        before[row][number] = value
    assert after == before


@pytest.mark.parametrize(("text", "column", "says"), [
    (CANVAS, "Lab 02", "no such column .*; there is Student, ID, SIS User ID, SIS Login ID, Section, "),
    ("name,x,x\nann,1,2\n", "x", "more than once"), ("name,\nann,1\n", "", "no such column"),
    (CANVAS, "Student", "points cannot be written there"), (CANVAS, "SIS Login ID", "cannot be written"),
    ("Student,Final\nPoints Possible,(read only)\nann,7\n", "Final", "name the column of the assignment"),
    ("", "x", "there is"), ("ann\nbob\n", "Grade", "there is ann"),
    ("name,\x1b[2J\nann,1\n", "x", r"there is name, \\x1b\[2J"),
])
def test_another_column_is_one_line(tmp_path, text, column, says):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=says) as raised:
        filled.require(path, column)
    assert "\n" not in str(raised.value)


def test_a_class_writes_it_and_says_what_is_old(tmp_path):
    class_, to, path = tmp_path / "class", tmp_path / "to", tmp_path / "list.csv"
    hand_in(class_, "jdoe")
    path.write_text(CANVAS, encoding="utf-8")

    def run(*more):
        return subprocess.run(command(class_, to, "--seed", 7, *more), check=False, text=True,
                              capture_output=True)
    for wrong in (("--roster", path, "--column", "Lab 02"), ("--column", "Lab 01 (77)")):
        done = run(*wrong)
        assert done.returncode == 2 and "--column" in done.stderr and done.stderr.count("\n") == 1
        assert not to.exists()
    done = run("--roster", path, "--column", "Lab 01 (77)")
    assert done.returncode == 0 and f"{to}/platform.csv\n" in done.stdout, done.stderr
    assert "points possible" not in done.stderr
    assert '"Doe, Jane",123,s0001,jdoe,A,100\n' in (to / "platform.csv").read_bytes().decode()
    path.write_text(CANVAS.replace("100.00", "10"), encoding="utf-8")
    done = run("--roster", path, "--column", "Lab 01 (77)")
    assert "10 points possible there, 100 here; nothing is scaled" in done.stderr
    before = (to / "platform.csv").read_bytes()
    done = run("--roster", to / "platform.csv", "--column", "Lab 01 (77)")
    assert done.returncode == 2 and "that is what --column writes" in done.stderr
    done = run("--roster", to / "platform.csv")
    assert done.returncode == 0 and "platform.csv is as it was: say --column" in done.stderr
    assert (to / "platform.csv").read_bytes() == before
