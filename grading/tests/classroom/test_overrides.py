"""grading/classroom/overrides.py: points that an instructor has set by hand."""

import csv
import subprocess

import pytest

from grading import lab
from grading.classroom import gradebook, overrides, page, summary
from grading.classroom.records import NOTHING, Book, Student
from grading.errors import UsageError
from grading.tests.classroom.classes import command, grades, hand_in, run

LABS = lab.named(["01", "05"])
GOOD = "student,exercise,points,reason\n"


def said(tmp_path, text, labs=tuple(LABS)):
    """The Changes of a file with this text, for Ann and Bob."""
    path = tmp_path / "overrides.csv"
    path.write_text(text, encoding="utf-8")
    return overrides.read(path, ["ann", "=bob"], labs)


@pytest.mark.parametrize(("text", "are"), [
    ("", []), (GOOD, []), (GOOD + "\n,,,\n", []),
    ("ann,01-3,15,asked\n", [("ann", "01-vm86trap", "01-3", 15, 15)]),
    ("\ufeffStudent;Lab;Points;Reason\r\nann;01;0;\"he; she\"\r\n", [("ann", "01-vm86trap", "", 0, 100)]),
    (GOOD + "'=bob,05-cr3-vmx,30,x\n=bob,05-1,20,x\n",
     [("=bob", "05-cr3-exercise", "05-1", 20, 20), ("=bob", "05-cr3-vmx", "", 30, 30)]),
    ("ann,01,-10,late\nann,01-3,15,x\n", [("ann", "01-vm86trap", "01-3", 15, 15),
                                        ("ann", "01-vm86trap", "", 0, 100)]),
])
def test_what_a_file_says(tmp_path, text, are):
    assert [(each.student, each.lab, each.exercise, each.points, each.most)
            for each in said(tmp_path, text)] == are


@pytest.mark.parametrize(("text", "says"), [
    ("eve,01-3,15,x\n", "line 1: there is no student eve in this class"),
    ("student,01-3,15,x\n", "line 1: there is no student student"),  # no header
    (GOOD + "Ann,01-3,15,x\n", "line 2: there is no student Ann"),
    ("ann,01-9,1,x\n", "01-9 is no exercise and no program that is graded here; there is 01-vm86trap"),
    ("ann,02-1,1,x\n", "02-1 is no exercise"), ("ann,1. Mar,1,x\n", "1. Mar is no exercise"),
    ("ann,05,1,x\n", "05 is no exercise and no program"),  # which of two?
    ("ann,01-3,16,x\n", "16 points for 01-3: a whole number from 0 to 15"),
    ("ann,01,101,x\n", "0 to 100"), ("ann,01-3,+1,x\n", "+1 points"), ("ann,01-3,7.5,x\n", "7.5"),
    ("ann,01,101%,x\n", "what comes off: -10, or -20%"), ("ann,01,80%,x\n", "80% points"), ("ann,01,-101%,x\n", "-101%"),
    ("ann,01,--8,x\n", "--8"),
    ("ann,01,-8,x\nann,01,-80%,x\n", "are set already"), ("ann,01-3,-8,x\nann,01-3,8,x\n", "already"),
    ("ann,01-3,-8,x\nann,01,50,x\n", "already"), ("ann,01,50,x\nann,01-3,-80%,x\n", "already"),
    ("ann,01-3,\u0661,x\n", "a whole number"), ("ann,01-3,0000000000000016,x\n", "a whole number"),
    ("ann,01-3,15\n", "student, exercise, points, reason are wanted"),
    ("ann,01-3,15,\n", "are wanted"), ("ann,01-3,15,late, but ill\n", "quotes around"),
    ("ann,01-3,1,x\n\nann,01-3,2,x\n", "line 3: the points of ann for 01-3 are set already, by 01-3"),
    ("ann,01-3,1,x\nann,01,2,x\n", "line 2: the points of ann for 01-vm86trap are set already, by 01-3"),
    ("ann,01,1,x\nann,01-3,2,x\n", "for 01-3 are set already, by 01-vm86trap; leave one out"),
    ('ann,01-3,1,"x\n', "is a quote left open"),
])
def test_what_cannot_be_is_one_line(tmp_path, text, says):
    with pytest.raises(UsageError) as error:
        said(tmp_path, text)
    assert says in str(error.value) and "overrides.csv" in str(error.value)


def test_a_class_with_points_by_hand(tmp_path):
    class_, to = tmp_path / "class", tmp_path / "to"
    hand_in(class_, "ann")
    hand_in(class_, "bob", solved=4)
    (class_ / "cyd.zip").touch()
    run(class_, to, "--seed", 7)
    first = {path: path.read_bytes() for path in to.rglob("*.csv")}
    assert grades(to)["bob"]["by_hand"] == "" and b"by_hand" not in first[to / "publish.csv"]

    file = to / "overrides.csv"
    file.write_text(GOOD + 'bob,01-5,7,"half of it, as seen"\ncyd,01,40,on paper\nann,01-1,10,late\n')
    before = file.read_bytes()
    for more in ((), ("--overrides", file)):
        said = run(class_, to, *more)
        assert f"points set by hand: 3, by {file}\n" in said and "0 graded now, 2 in the book" in said
    told = {"ann": "01-1 set by hand: 10 of 15, the grader gave 15: late",
            "bob": "01-5 set by hand: 7 of 15, the grader gave 0: half of it, as seen",
            "cyd": "01-vm86trap set by hand: 40 of 100, the grader gave no grade: on paper"}
    rows = grades(to)
    assert {name: (row["01-vm86trap"], row["total"], row["verdict"]) for name, row in rows.items()} == {
        "ann": ("95", "95", "PASS"), "bob": ("67", "67", "TODO"), "cyd": ("40", "40", "REFUSED")}
    assert {name: row["by_hand"] for name, row in rows.items()} == told
    with open(to / "publish.csv", encoding="utf-8", newline="") as text:
        assert {row["student"]: (row["total"], row["by_hand"]) for row in csv.DictReader(text)} == {
            name: (rows[name]["total"], told[name]) for name in rows}
    with open(to / "exercises.csv", encoding="utf-8", newline="") as text:
        of_bob = {row["exercise"]: row for row in csv.DictReader(text) if row["student"] == "bob"}
    assert (of_bob["01-5"]["score"], of_bob["01-5"]["status"]) == ("7", "TODO")
    assert {name: row["by_hand"] for name, row in of_bob.items() if row["by_hand"]} == {
        "01-5": told["bob"]}
    for name, line in told.items():
        assert line in (to / "feedback" / f"{name}.txt").read_text().splitlines()
        assert line in (to / "report.html").read_text()
    assert "  01-vm86trap: 67/100" in (to / "feedback" / "bob.txt").read_text()
    assert (to / "feedback" / "cyd.txt").read_text().startswith("not graded: ")
    assert file.read_bytes() == before

    file.unlink()
    assert "0 graded now" in run(class_, to)
    assert {path: path.read_bytes() for path in to.rglob("*.csv")} == first, "the book has it all"


def test_a_file_that_is_wrong_changes_nothing(tmp_path):
    class_, to = tmp_path / "class", tmp_path / "to"
    hand_in(class_, "ann")
    (tmp_path / "mine.csv").write_text("ann,01-1,99,x\n")
    for path, says in ((tmp_path / "mine.csv", "99 points for 01-1"), (tmp_path / "none", "No such")):
        done = subprocess.run(command(class_, to, "--overrides", path), check=False, text=True,
                              capture_output=True)
        assert done.returncode == 2 and says in done.stderr and done.stderr.count("\n") == 1
        assert not to.exists()
    run(class_, to, "--seed", 7)
    before = {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}
    hand_in(class_, "bob", solved=0)
    (to / "overrides.csv").symlink_to("nowhere")
    done = subprocess.run(command(class_, to), check=False, text=True, capture_output=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert {path: path.read_bytes() for path in before} == before


def result(verdict, *scores):
    rubric = lab.find("01").rubric().EXERCISES
    exercises = [{"id": each.id, "title": each.title, "score": score, "max": each.points,
                  "status": "FAIL", "expected": "", "got": "", "hint": "", "section": "",
                  "visibility": "visible"} for each, score in zip(rubric, scores)]
    return {"lab": "01-vm86trap", "verdict": verdict, "score": sum(scores), "max": 100,
            "exercises": exercises, "submission_sha256": "0", "seed": 7, "emulator": "qemu",
            "base": "own", "uses": [], "borrowed": [], "runs": [], "output": "", "versions": {"emulator": "QEMU"}}


def test_where_we_failed_points_by_hand_are_a_grade(tmp_path):
    """If they are for all of it: a sum of what is known and what is not is none."""
    ann = Student("ann", "class/ann", "a" * 64, "", [result("ERROR", 0, 0)])
    bob = Student("=bob", "class/bob", "b" * 64, "the grader failed", [])
    book = Book("class", "today", 7, "0" * 16, (), [ann, bob], [])
    for what, sums in (("01-1", ["ann,,*", "'=bob,,*"]), ("01", ["ann,12,*", "'=bob,12,*"])):
        changes = said(tmp_path, f"ann,{what},12,x\n=bob,{what},12,x\n")
        known = book._replace(students=overrides.applied(book.students, changes))
        lines = gradebook.sums(known).splitlines()[1:]
        assert [line.split(",")[:2] for line in lines] == [line.split(",")[:2] for line in sums]
        assert all("the grader gave no grade" in line for line in lines)
        assert "12 of" in page.render(known)
    assert ann.results == [result("ERROR", 0, 0)] and not ann.changes, "copies are changed"


def test_nobody_has_a_grade_and_one_has_points(tmp_path):
    eve = Student("ann", "", "", NOTHING, [])
    changes = said(tmp_path, "ann,05-1,20,oral\nann,05-cr3-vmx,15,oral\n")
    book = Book("class", "today", 7, "0", (), overrides.applied([eve], changes), [])
    known = summary.summarise(book)
    assert (known.rows[0].total, known.labs, known.by_hand) == (35, {"05": 100}, 1)
    assert known.scores[0].count == 1 and known.rows[0].verdict == summary.ABSENT
    assert gradebook.exercises(book).splitlines()[1:] == [
        'ann,05-cr3-exercise,05-1,"paging, where it is wanted",20,20,,,,,'
        '"05-1 set by hand: 20 of 20, the grader gave no grade: oral"']
    assert "<b>35</b> of 100 points" in page.render(book)
    text = dict(gradebook.feedback(book))["ann.txt"]
    assert text.splitlines()[0] == NOTHING and text.count("set by hand") == 2


@pytest.mark.parametrize(("lines", "sums", "told"), [
    (["01,-10,late"], (30, [15, 25]), ["30 of 100 (40 -10), the grader gave 40"]),
    (["1,-99,late"], (0, [15, 25]), ["0 of 100 (40 -99), the grader gave 40"]),
    (["01,-20%,late"], (32, [15, 25]), ["32 of 100 (40 -20%), the grader gave 40"]),
    (["01,-19 %,late"], (33, [15, 25]), ["33 of 100 (40 -19 %), the grader gave 40"]),  # 32.4, up
    (["01,-0%,late"], (40, [15, 25]), ["40 of 100 (40 -0%), the grader gave 40"]),
    (["01,-100%,late"], (0, [15, 25]), ["0 of 100 (40 -100%), the grader gave 40"]),
    (["01-1,-10,x"], (30, [5, 25]), ["5 of 15 (15 -10), the grader gave 15"]),
    (["01,-10,late", "01-1,5,x"], (20, [5, 25]), ["5 of 15, the grader gave 15",
                                                  "20 of 100 (30 -10), the grader gave 40"]),
    (["01-1,-5,x", "01-2,-50%,y", "01,-10%,late"], (21, [10, 13]), [
        "10 of 15 (15 -5), the grader gave 15", "13 of 15 (25 -50%), the grader gave 25",
        "21 of 100 (23 -10%), the grader gave 40"]),
])
def test_what_comes_off(tmp_path, lines, sums, told):
    """Off what the grader gave; off a program as its exercises are now. The book stays as it is."""
    ann = Student("ann", "class/ann", "a" * 64, "", [result("FAIL", 15, 25)])
    changes = said(tmp_path, "".join(f"ann,{line}\n" for line in lines))
    after = overrides.applied([ann], changes)
    assert (after[0].results[0]["score"],
            [each["score"] for each in after[0].results[0]["exercises"]]) == sums
    assert [each.told().split(": ")[1] for each in after[0].changes] == told
    assert ann.results[0]["score"] == 40 and not overrides.idle(after, changes)


@pytest.mark.parametrize("results", [[], [result("ERROR", 0, 0)]])
def test_nothing_comes_off_where_there_is_no_grade(tmp_path, results):
    ann = Student("ann", "class/ann", "a" * 64, "", results)
    for what in ("01,-10", "01-1,-20%"):
        changes = said(tmp_path, f"ann,{what},late\n")
        after = overrides.applied([ann], changes)
        assert after == [ann] and overrides.idle(after, changes) == changes


def test_a_class_is_told_of_what_changes_nothing(tmp_path):
    """Its tables are written all the same; and anything that the list calls a student will do."""
    class_, to, path = tmp_path / "class", tmp_path / "to", tmp_path / "list.csv"
    hand_in(class_, "ann")
    path.write_text('student,login,email\n"Lee, Ann",ann,a@uni.example\n"Roe, Eve",eve,e@uni.example\n')
    (tmp_path / "mine.csv").write_text("ann,01,-10,late\nEve Roe,01,-20%,late\n")
    out = run(class_, to, "--seed", 7, "--roster", path, "--overrides", tmp_path / "mine.csv")
    assert "Roe, Eve has no grade of 01-vm86trap that -20% could change: set the points" in out
    assert {name: row["total"] for name, row in grades(to).items()} == {"Lee, Ann": "90", "Roe, Eve": "0"}
