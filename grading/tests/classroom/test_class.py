"""A class: each submission graded once, whatever dies in between; the book, the tables."""

import csv
import os
import shutil
import signal
import subprocess
import sys

import pytest

from grading import lab
from grading.classroom import gradebook, summary, work
from grading.classroom.book import opened
from grading.classroom.records import Book, Student
from grading.errors import UsageError
from grading.tests import support
from grading.tests.classroom.classes import (CLASS, LAB01, grades, hand_in, in_book, many, run,
                                             started)
from grading.tests.processes import processes, until, with_end


def test_a_class(tmp_path):
    class_ = tmp_path / "class"
    hand_in(class_, "good")
    hand_in(class_, "twin")
    hand_in(class_, "half", solved=4)
    (class_ / "garbage.zip").write_bytes(b"PK\3\4 and so on")
    (class_ / "notes.txt").write_text("not a submission")
    (class_ / "none").mkdir()
    to = tmp_path / "to"
    said = run(class_, to, "--seed", 7)
    assert "5 submissions: 2 graded now, 0 in the book already, 1 equal to one of these, 2 refused, " \
        "0 not graded" in said
    assert "passed over, no folder, tarball or zip: notes.txt" in said
    rows = grades(to)
    assert {name: row["total"] for name, row in rows.items()} == {
        "good": "100", "twin": "100", "half": "60", "garbage": "0", "none": "0"}
    assert rows["good"]["01-vm86trap"] == "100" and rows["garbage"]["01-vm86trap"] == ""
    assert "no folder and no tarball" in rows["garbage"]["note"]
    assert rows["garbage"]["verdict"] == "REFUSED" and rows["half"]["verdict"] == "TODO"
    assert rows["good"]["sha256"] == rows["twin"]["sha256"] != rows["half"]["sha256"]

    hand_in(class_, "late", solved=0)
    assert "6 submissions: 1 graded now, 3 in the book already, 0 equal to one of these, 2 refused" \
        in run(class_, to, "--seed", 7)
    assert grades(to)["late"]["total"] == "0"
    assert "0 graded now" in run(class_, to, "--seed", 7)
    assert "3 graded now" in run(class_, to, "--seed", 8), "another seed is another grade"
    with open(to / "exercises.csv", encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 4 * 8
    assert "half" in (to / "report.html").read_text()
    assert not processes(tmp_path)


def test_with_the_reference_under_it_earlier_labs_do_not_count(tmp_path):
    """The hand-in's own files for them are spoilt."""
    of = lab.find("04")
    sources = support.write_sources(of, tmp_path / "all")
    (tmp_path / "class" / "ann").mkdir(parents=True)
    for name in of.edit:
        shutil.copy(sources / name, tmp_path / "class" / "ann")
    (tmp_path / "class" / "ann" / "decode.c").write_text("no C")
    run(tmp_path / "class", tmp_path / "to", "--lab", "04", "--base", "reference")
    assert grades(tmp_path / "to")["ann"]["total"] == "100"


def test_where_we_failed_nobody_was_refused():
    """No result, and yet a hash."""
    ann = Student("ann", "class/ann", "a" * 64, "the grader failed", [])
    bob = Student("bob", "class/bob", "", "no tarball", [])
    book = Book("class", "today", 7, "0" * 16, (), [ann, bob], [])
    rows = list(csv.DictReader(gradebook.students(book, ["01-vm86trap"]).splitlines()))
    assert [(row["verdict"], row["total"]) for row in rows] == [("ERROR", ""), ("REFUSED", "0")]
    known = summary.summarise(book)
    assert (known.errors, known.refused) == (1, 1)


@pytest.mark.parametrize("said", [(), ("--seed", 7)])
def test_the_seed_of_a_class_is_drawn_once(tmp_path, said):
    hand_in(tmp_path / "class", "good")
    first = run(tmp_path / "class", tmp_path / "to", *said)
    again = run(tmp_path / "class", tmp_path / "to")
    assert "1 graded now" in first and "0 graded now" in again
    assert first.split("SEED=")[1].split()[0] == again.split("SEED=")[1].split()[0]


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_is_gone_on_with(tmp_path, by):
    class_, to = many(tmp_path / "class", 6), tmp_path / "to"
    child = started(class_, to, "--seed", 7)
    child.send_signal(by)
    said = child.communicate()[1]
    assert by == signal.SIGKILL or "stopped: what is graded is kept" in said, said
    for pid, _ in processes(tmp_path):  # those that are being ended
        with_end(pid)
    assert not processes(tmp_path)
    with opened(to / "grades.db") as book:
        before = len(in_book(book))
    assert 2 <= before < 6
    said = run(class_, to, "--seed", 7)
    new = int(said.split(" graded now")[0].split()[-1])
    assert new <= 6 - before, said
    assert len(grades(to)) == 6
    assert {row["total"] for row in grades(to).values()} == {"100"}
    with opened(to / "grades.db") as book:
        assert len(in_book(book)) == 6


def test_a_grader_that_is_killed_is_replaced(tmp_path):
    class_, to = many(tmp_path / "class", 4), tmp_path / "to"
    child = started(class_, to, "--seed", 7)
    killed = []

    def kill():
        for pid, line in processes(tmp_path / "class"):
            if "grading/grade " in line:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        return killed
    until(kill, child)
    assert child.wait() == 0
    assert {row["total"] for row in grades(to).values()} == {"100"}
    assert len(grades(to)) == 4


FAKE = """\
import json, os, sys
log = os.environ["FAKE_LOG"]
with open(log, "a") as file:
    file.write("x")
verdict = os.environ["FAKE_VERDICTS"].split()[os.path.getsize(log) - 1]
if verdict == "DIE":
    os.kill(os.getpid(), 9)
path = sys.argv[sys.argv.index("-o") + 1]
values = {"lab": "01-vm86trap", "verdict": verdict, "submission_sha256": "0", "score": 0,
          "max": 100, "exercises": [{}]}
with open(path, "w") as file:
    json.dump({"results": [values]}, file)
sys.exit(verdict == "ERROR")
"""


@pytest.mark.parametrize(("verdicts", "tries", "last"), [
    ("FAIL PASS", 1, "FAIL"), ("CRASH PASS", 1, "CRASH"), ("ERROR FAIL PASS", 2, "FAIL"),
    ("DIE DIE PASS", 3, "PASS"), ("ERROR ERROR ERROR PASS", 3, "ERROR"),
    ("DIE DIE DIE PASS", 3, None), ("ERROR DIE DIE", 3, "ERROR"),
])
def test_an_error_is_tried_again_and_a_grade_never(tmp_path, monkeypatch, verdicts, tries, last):
    (tmp_path / "fake").write_text(FAKE)
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr(work, "GRADE", (sys.executable, str(tmp_path / "fake")))
    monkeypatch.setenv("FAKE_VERDICTS", verdicts)
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    ended = []
    way = work.Way(7, tmp_path / "out", tmp_path / "spool")
    work.run([work.Task("key", "path", ("01-vm86trap",))], way, 2, tmp_path / "scratch",
             ended.append)
    assert (tmp_path / "log").read_text() == "x" * tries
    assert len(ended) == 1
    assert ([values["verdict"] for values in work.result(way, "key")] if last else
            sorted(work.spooled(way))) == ([last] if last else [])


def graded(verdict, score=0):
    return [{"lab": "01-vm86trap", "verdict": verdict, "score": score, "max": 100,
             "exercises": [{}], "submission_sha256": "0"}]


def test_what_is_in_the_book_stays_but_errors(tmp_path):
    with opened(tmp_path / "book") as book:
        book.add("a", "g", 1, graded("ERROR"))
        assert book.done("g", 1) == set()
        book.add("a", "g", 1, graded("FAIL", 10))
        assert book.done("g", 1) == {"a"}
        book.add("a", "g", 1, graded("PASS", 100))
        book.add("a", "g", 1, graded("ERROR"))
    with opened(tmp_path / "book") as book:
        assert book.results("a", "g", 1) == graded("FAIL", 10)
        assert book.results("a", "g", 2) == book.results("a", "h", 1) == []
        assert book.done("h", 1) == book.done("g", 2) == set()


@pytest.mark.parametrize("content", [b"no database" * 100, None])
def test_a_book_that_is_none(tmp_path, content):
    path = tmp_path / "book"
    path.write_bytes(content) if content else path.mkdir()
    with pytest.raises(UsageError, match="--db"), opened(path):
        pass


@pytest.mark.parametrize(("arguments", "says"), [
    ([], "a folder of submissions is wanted"), (["nowhere"], "No such file"),
    (["/"], "a folder of submissions is wanted"), (["..", "--to", "/dev/null"], "/dev/null"),
    (["."], "has no folder, tarball or zip"), (["..", "--lab", "77"], "there is no such lab"),
    (["..", "--jobs", "0"], "from 1 to 1000 is wanted"), (["..", "--challenges", "17"], "1 to 16"), (["..", "--seed", "x"], "SEED=x"),
    (["..", "--emu", "bochs"], "see class --help"), (["..", "--part-size", "0"], "from 1"),
    (["..", "--jobs", "99999999"], "from 1 to 1000"), (["..", "--hidden", ""], "no such folder"),
])
def test_bad_arguments(tmp_path, arguments, says):
    (tmp_path / "empty").mkdir()
    done = subprocess.run([*CLASS, *arguments], cwd=tmp_path / "empty", text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list((tmp_path / "empty").iterdir())


def lab01(to, *names):
    """A folder with these files of lab 01's solution."""
    sources = support.write_sources(LAB01, to.parent.parent / "all")
    to.mkdir(parents=True)
    for name in names:
        shutil.copy(sources / name, to)


def test_each_incomplete_hand_in_is_told_what_it_lacks_itself(tmp_path):
    class_, to = tmp_path / "class", tmp_path / "to"
    lab01(class_ / "ann", "vm86trap.c", "decode.c")
    lab01(class_ / "ben", "vm86trap.c", "isrGPF.S")
    run(class_, to, "--seed", 7)
    rows = grades(to)
    assert rows["ann"]["sha256"] != rows["ben"]["sha256"]
    told = {name: (to / "feedback" / f"{name}.txt").read_text() for name in rows}
    assert "isrGPF.S is missing" in told["ann"] and "decode.c is missing" in told["ben"]
    assert str(tmp_path) not in "".join(told.values()) + (to / "exercises.csv").read_text()


def test_two_who_lack_one_file_in_two_ways_are_told_so(tmp_path):
    for name in ("ann", "ben"):
        lab01(tmp_path / "class" / name, "vm86trap.c", "isrGPF.S")
    (tmp_path / "class" / "ben" / "decode.c").mkdir()
    run(tmp_path / "class", tmp_path / "to", "--seed", 7)
    told = [(tmp_path / "to" / "feedback" / f"{name}.txt").read_text() for name in ("ann", "ben")]
    assert "decode.c is missing" in told[0] and "decode.c is no regular file" in told[1]


def test_where_we_failed_no_sum_is_published():
    students = [Student("ann", "", "ab", "lost", []), Student("ben", "", "", "refused", []),
                Student("cyd", "", "cd", "", graded("ERROR")), Student("dan", "", "ef", "", graded("FAIL", 30))]
    book = Book("class", "today", 7, "0", (), students, [])
    assert gradebook.sums(book).splitlines()[1:] == ["ann,", "ben,0", "cyd,", "dan,30"]


def test_every_student_has_a_file_whatever_they_are_called():
    names = ["b" * 20 + " (1)", "b" * 250, "b" * 251, "c" * 250]
    book = Book("class", "today", 7, "0", (), [Student(name, "", "", name[:1], []) for name in names], [])
    told = list(gradebook.feedback(book))
    assert len({name for name, _ in told}) == len(names)


def test_what_students_get_has_no_seed_and_no_path(tmp_path):
    class_, to = tmp_path / "class", tmp_path / "to"
    hand_in(class_, "ann")
    (class_ / "ben.rar").write_bytes(b"Rar!")
    (class_ / "cyd.zip").touch()
    hand_in(class_, "d" * 240)
    run(class_, to, "--seed", 70007)
    files = {path.name: path.read_text() for path in (to / "feedback").iterdir()}
    files.pop(".written")
    assert len(files) == 4 and "  01-vm86trap: 100/100" in files["ann.txt"]
    assert "its kind is not read" in files["ben.txt"] and "is empty" in files["cyd.txt"]
    said = "".join(files.values()) + (to / "publish.csv").read_text()
    (to / "feedback" / "mine.md").write_text("a word of the TA's")
    (class_ / "ben.rar").unlink()
    run(class_, to, "--seed", 70007)
    assert (to / "feedback" / "mine.md").exists() and not (to / "feedback" / "ben.txt").exists()
    assert "70007" not in said and str(tmp_path) not in said + (to / "grades.csv").read_text()
    assert (to / "publish.csv").read_text().splitlines()[:2] == ["student,total", "ann,100"]


def test_a_program_of_a_lab_that_was_not_handed_in_is_named(tmp_path):
    class_, to = tmp_path / "class", tmp_path / "to"
    first = lab.find("05-cr3-exercise")
    support.write_sources(first, class_ / "ann")
    done = subprocess.run([*CLASS, class_, "--to", to, "--lab", "05", "--no-similar", "--seed", "7"],
                          check=True, text=True, capture_output=True)
    assert "1 graded now" in done.stdout
    assert grades(to)["ann"]["note"] == "not handed in: 05-cr3-vmx"


def test_when_all_were_refused_it_is_the_folder_that_is_wrong(tmp_path):
    hand_in(tmp_path / "class", "ann")
    done = subprocess.run([*CLASS, tmp_path / "class", "--to", tmp_path / "to", "--lab", "02"],
                          check=False, text=True, capture_output=True)
    assert done.returncode == 1 and "the right --lab?" in done.stderr
    assert "it holds 01-vm86trap, not 02-guest-resources" in grades(tmp_path / "to")["ann"]["note"]


def test_what_is_odd_in_the_folder_is_said(tmp_path):
    class_ = tmp_path / "class"
    hand_in(class_, "ann")
    shutil.copy(class_ / "ann.tar.gz", class_ / "ann.tgz")
    (class_ / "notes.txt").touch()
    said = run(class_, tmp_path / "to", "--seed", 7)
    assert "passed over, no folder, tarball or zip: notes.txt" in said
    assert "one name, and graded as several students'" in said and "ann.tar.gz, ann.tgz" in said
    said = run(class_, tmp_path / "to", "--seed", 8)
    assert "SEED=8 for this run; the book's is 7" in said
    inside = subprocess.run([*CLASS, class_, "--to", class_ / "to"], check=False, text=True,
                            capture_output=True)
    assert inside.returncode == 2 and "it would be a submission" in inside.stderr
    assert not (class_ / "to").exists()
