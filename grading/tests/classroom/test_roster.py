"""grading/classroom/roster.py: who is on the list, whose a hand-in is, and who handed in nothing."""

import subprocess
from pathlib import Path

import pytest

from grading.classroom import folder, gradebook, page, roster, summary
from grading.classroom.records import NOTHING, Book, Student
from grading.errors import UsageError
from grading.tests.classroom.classes import command, grades, hand_in, run

CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Lab 01 (77)
,,,,,Manual Posting
    Points Possible,,,,,100.00
"Doe, Jane",123,s0001,jdoe,A,
"Müller-Lüdenscheidt, Éva",124,s0002,emueller,A,
"Doe, John",125,s0003,johnd,A,
"Student, Test",999,,0123abcd,A,
"""
MOODLE = """Identifier,Full name,Email address,Status,Grade
Participant 4711,Jane Doe,jane@uni.example,Submitted,
Participant 4712,Li Wei,li@uni.example,No submission,
"""
GRADESCOPE = """First Name,Last Name,SID,Email,Role,Section
Jane,Doe,31,jane@uni.example,Student,A
John,Doe,,john@uni.example,Student,A
Ada,Prof,1,ada@uni.example,Instructor,
"""


def listed(tmp_path, text):
    """The Entries of a list with this text."""
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return roster.read(path)


def names(entries):
    return [each.name for each in entries]


@pytest.mark.parametrize(("text", "are"), [
    ("ann\n\n bob \ncleo", ["ann", "bob", "cleo"]),
    ("ann\nbob\n\n", ["ann", "bob"]), ("ann,\nbob,,\n", ["ann", "bob"]),
    ("Section;Username;Name\r\nA;ann;Ann\r\nB;bob;Bob\r\n", ["ann", "bob"]),
    ("student,total\nann,7\n", ["ann"]),  # our own table
    ("No.\tName\n1\tAnn\n2\tBob\n", ["Ann", "Bob"]),
    ('"Lee, Ann"\n', ["Lee, Ann"]),
    ("first name,surname\nAnn,Lee\n", ["Ann Lee"]),
    ("b\x1b[2J\n", ["b\\x1b[2J"]),
    (CANVAS, ["Doe, Jane", "Müller-Lüdenscheidt, Éva", "Doe, John"]),
    (MOODLE, ["Jane Doe", "Li Wei"]),
    (GRADESCOPE, ["31", "john@uni.example"]),
    ("name,id\nAnn,1\nAnn,2\n", ["Ann (1)", "Ann (2)"]),
    ("name,id\nAnn Lee,1\nAnn Lee,2\n", ["Ann Lee (1)", "Ann Lee (2)"]),
])
def test_who_is_on_a_list(tmp_path, text, are):
    assert names(listed(tmp_path, text)) == are


@pytest.mark.parametrize(("text", "upload", "whose"), [
    ("ann\nbob\n", "Ann", ["ann"]), ("ann\nbob\n", "an", []), ("ann\n", "ann_lee", []),
    ("E\u0301va\n", "\u00e9va", ["E\u0301va"]),
    (CANVAS, "doejane_123_9001_handin-01", ["Doe, Jane"]),
    (CANVAS, "doejane_LATE_123_9001_handin-01", ["Doe, Jane"]),
    (CANVAS, "doejane_777_9001_handin-01", ["Doe, Jane"]),  # by the name alone
    (CANVAS, "müllerlüdenscheidtéva_LATE_777_9001_handin-01-1", ["Müller-Lüdenscheidt, Éva"]),
    (CANVAS, "doejane_125_9001_handin-01", ["Doe, John", "Doe, Jane"]),  # to be asked about
    (CANVAS, "doejohn_125_9001_x_123_assignsubmission_file", ["Doe, John"]),  # the rest is his own
    (CANVAS, "doejane", ["Doe, Jane"]), ("full name\nJane Mary Doe\n", "doejanemary_7_8_x", ["Jane Mary Doe"]),
    (CANVAS, "jdoe", ["Doe, Jane"]), (CANVAS, "John Doe", ["Doe, John"]),
    (CANVAS, "s0002", ["Müller-Lüdenscheidt, Éva"]),
    ("ann\n---\n", "+", []), (CANVAS, "999", []), (CANVAS, "points possible", []), (CANVAS, "anon_x7_9001_handin", []),
    (MOODLE, "Jane Doe_4711_assignsubmission_file", ["Jane Doe"]),
    (MOODLE, "Jane Doe_9_assignsubmission_file_handin-01", ["Jane Doe"]),
    (MOODLE, "Participant_4712_assignsubmission_file_", ["Li Wei"]),
    (MOODLE, "li", ["Li Wei"]), (MOODLE, "li@uni.example", ["Li Wei"]),
    (GRADESCOPE, "Jane Doe", ["31"]), (GRADESCOPE, "submission_123", []),
    ("name,id\nAnn,1\nAnn,2\n", "ann_2_7_x", ["Ann (2)"]),
    ("name,id\nAnn,1\nAnn,2\n", "Ann (2)", ["Ann (2)"]),  # as the tables call her
    ("name,id\nAnn,1\nAnn,2\n", "ann_9_7_x", ["Ann (1)", "Ann (2)"]),
    ("Matrikel,Name\n8,Ann\n", "8", ["Ann"]),
])
def test_whose_an_upload_is(tmp_path, text, upload, whose):
    assert names(roster.owners(upload, listed(tmp_path, text))) == whose


@pytest.mark.parametrize(("text", "says"), [
    (b"", "no student is on this list"), (b"student,total\n", "no student is on this list"),
    (b"\n\n", "no student"), (b"ann\nbob\nann\n", "ann is on the list more than once"),
    (b"ann\nANN\n", "more than once"), ("Éva".encode("cp1252"), "CSV UTF-8"),
    ("ann".encode("utf-16"), "CSV UTF-8"), (b'"ann\nbob\n', "is a quote left open"),
    (None, "No such file"), ("folder", "directory"),
    (b"ann,Ann Lee\nbob,Bob Ray\n", "which column has the names"), (b"ann\nDoe, Jane\n", "into quotes"),
    (b"Nachname;Vorname\nLee;Ann\n", "write student above"),
    (b"zoe\nyan\n", "no submission is called as anybody on this list, such as zoe"),
    (b"name,id\nann,1\nAnn,2\n", "ann may be that of ann (1) or of Ann (2)"),
])
def test_a_list_that_is_none_is_one_line_and_nothing_is_written(tmp_path, text, says):
    hand_in(tmp_path / "class", "ann")
    path = tmp_path / "list.csv"
    if isinstance(text, bytes):
        path.write_bytes(text)
    elif text:
        path.mkdir()
    done = subprocess.run(command(tmp_path / "class", tmp_path / "to", "--roster", path),
                          check=False, text=True, capture_output=True)
    assert done.returncode == 2 and says in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "to").exists() and not done.stdout


def upload(name):
    return folder.HandIn(name, Path("class") / f"{name}.zip", "a" * 64, "", ())


def test_hand_ins_are_named_as_on_the_list(tmp_path, capsys):
    uploads = [upload(name) for name in ("doejane_LATE_123_1_a", "johnd", "stranger", "x_y")]
    named, absent = roster.assign(uploads, listed(tmp_path, CANVAS), "list.csv")
    assert names(named) == ["Doe, Jane", "Doe, John", "stranger", "x_y"]
    assert [each.note for each in roster.noted(named, listed(tmp_path, CANVAS))] \
        == [roster.LATE, "", roster.OTHER, roster.OTHER]
    assert [each.note for each in roster.noted(uploads, [])] == [roster.LATE, "", "", ""]
    assert absent == ["Müller-Lüdenscheidt, Éva"]
    said = capsys.readouterr().err.splitlines()
    assert said == ["not on the list, and graded: stranger; x_y",
                    "late, by their names: Doe, Jane", "late, by their names: doejane_LATE_123_1_a"]
    with pytest.raises(UsageError, match="is it the right list"):
        roster.assign(uploads[-1:], listed(tmp_path, CANVAS), "list.csv")


def test_two_hand_ins_of_one_student_are_asked_about(tmp_path):
    uploads = [upload(name) for name in ("doejane_123_1_a", "doejane_LATE_123_2_b", "johnd")]
    with pytest.raises(UsageError) as error:
        roster.assign(uploads, listed(tmp_path, CANVAS), "list.csv")
    assert str(error.value) == (
        "doejane_123_1_a.zip and doejane_LATE_123_2_b.zip are both Doe, Jane's; take the older one away (of "
        "Canvas' names the higher number is newer), or put what belongs together into a folder that "
        "is called 'Doe, Jane'")


def test_late_is_what_lies_in_a_folder_too(tmp_path):
    for name in ("Doe, Jane/doejane_LATE_123_2_b.zip", "Doe, John/late_notes.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    hand_ins = [folder.HandIn(path.name, path, "", "", ()) for path in sorted(tmp_path.iterdir())]
    assert [each.note for each in roster.noted(hand_ins, [])] == [roster.LATE, ""]


def test_a_class_with_a_list(tmp_path):
    class_, to, path = tmp_path / "class", tmp_path / "to", tmp_path / "list.csv"
    hand_in(class_, "jdoe_LATE_7_8_handin-01")
    hand_in(class_, "guest", solved=4)
    path.write_text("email,id\njdoe@uni.example,7\neve/../x,8\n=zoe,9\n")
    before = path.read_bytes()
    said = run(class_, to, "--seed", 7, "--roster", path)
    assert "not on the list, and graded: guest\n" in said
    assert "2 submissions: 2 graded now" in said
    assert "2 of 3 on the list handed in nothing: eve/../x; =zoe\n" in said
    rows = grades(to)
    assert {name: (row["total"], row["verdict"], row["note"]) for name, row in rows.items()} == {
        "jdoe@uni.example": ("100", "PASS", "handed in late"), "guest": ("60", "TODO", "not on the list of students"),
        "'=zoe": ("0", "ABSENT", "nothing handed in"),
        "eve/../x": ("0", "ABSENT", "nothing handed in")}
    assert "eve/../x,0\n" in (to / "publish.csv").read_text()
    told = {path.name: path.read_text() for path in (to / "feedback").iterdir()}
    assert told["eve_.._x.txt"] == "nothing handed in\n"
    assert "100/100" in told["jdoe@uni.example.txt"]
    assert "<dt>nothing handed in</dt><dd>2</dd>" in (to / "report.html").read_text()
    assert path.read_bytes() == before

    said = run(class_, to, "--seed", 7)
    assert set(grades(to)) == {"jdoe_LATE_7_8_handin-01", "guest"} and "on the list" not in said
    assert "0 graded now" in said, "who it is called has nothing to do with the grade"
    assert "handed in nothing" not in said and not (to / "feedback" / "eve_.._x.txt").exists()


def test_who_handed_in_nothing_has_no_score_among_the_others():
    eve, ben = Student("eve", "", "", NOTHING, []), Student("ben", "x/ben", "", "no tarball", [])
    book = Book("class", "today", 7, "0" * 16, (), [ben, eve], [])
    known = summary.summarise(book)
    assert (known.graded, known.refused, known.absent, known.errors) == (0, 1, 1, 0)
    assert gradebook.students(book, ["01-x"]).splitlines()[1:] == [
        "ben,,0,REFUSED,no tarball,,7,", "eve,,0,ABSENT,nothing handed in,,7,"]
    text = page.render(book)
    assert text.count("From <code>") == 1 and "absent" in text
    assert "nothing handed in</dt>" not in page.render(book._replace(students=[ben]))
