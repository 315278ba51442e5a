"""Random and damaged hand-ins, results and books of a class: what is in them, or one line
that says what is wrong; never a traceback, never a hang."""

import contextlib
import copy
import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import zipfile

import pytest

from grading import intake, lab
from grading.classroom import folder, gradebook, page, work
from grading.classroom.book import opened
from grading.classroom.records import Book, Pair, Student
from grading.errors import UsageError
from grading.judge import VERDICTS
from grading.tests import support
from grading.tests.formats.results import CASES
from grading.tests.fuzz.cases import DEPTHS, run
from grading.tests.fuzz.damage import ODD, damaged, harm_json, number
from grading.tests.fuzz.judging import SCHEMA

LABS = [lab.find(name) for name in ("01", "02", "05-cr3-exercise")]
RESULTS = [values for results in CASES.values() for values in results]

# How many cases of each part: in `make check`, in `make check-full`.
ARCHIVES, FOLDERS, SPOOLS, BOOKS, PAGES = (40, 300), (20, 100), (20, 150), (15, 100), (3, 30)


def one_line(error):
    """What a UsageError says is a line for people."""
    assert str(error) and "\n" not in str(error), str(error)


# ---- Hand-ins. ---------------------------------------------------------------

@pytest.fixture(scope="module", name="files")
def fixture_files(tmp_path_factory):
    """Path in a tree → bytes: the solutions of a few labs."""
    found = {}
    for of in LABS:
        place = support.write_sources(of, tmp_path_factory.mktemp("sources") / of.name)
        found |= {f"labs/{owner}/{name}": (place / name).read_bytes()
                  for name, owner in of.sources.items()}
    return found


def packed(chance, files):
    """The bytes of a tarball or a zip, and an ending for its name; damaged inside, outside."""
    names = {name: name.encode() for name in files}
    out = io.BytesIO()
    if chance.randrange(2):
        with zipfile.ZipFile(out, "w", chance.choice((zipfile.ZIP_STORED,
                                                      zipfile.ZIP_DEFLATED))) as archive:
            for name in names:
                archive.writestr(name, files[name])
        return damaged(chance, out.getvalue()), ".zip"
    with tarfile.open(fileobj=out, mode="w", format=chance.choice((
            tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))) as archive:
        for name in names:
            member = tarfile.TarInfo(chance.choice(("", "./", "tree/")) + name)
            member.size = len(files[name])
            if not chance.randrange(5):
                member.type = chance.choice((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE,
                                             tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE,
                                             tarfile.GNUTYPE_SPARSE, tarfile.CHRTYPE))
            archive.addfile(member, io.BytesIO(files[name]))
    tar = out.getvalue()
    if chance.randrange(3):
        return gzip.compress(damaged(chance, tar), 1), ".tar.gz"
    return damaged(chance, gzip.compress(tar, 1)), ".tgz"


def take_in(path, destination):
    """All that the grader and a class do with a hand-in, up to the compiler."""
    with contextlib.suppress(UsageError):
        folder.hand_ins(path.parent, LABS)
    held = LABS
    try:
        held = intake.labs_in(path, LABS)
    except UsageError as error:
        one_line(error)
    for of in held:
        try:
            contents = intake.take(path, of, destination / of.name)
        except UsageError as error:
            one_line(error)
            continue
        assert list(contents) == list(of.sources)
        for name, content in contents.items():
            assert len(content) <= intake.MAX_BYTES
            assert (destination / of.name / name).read_bytes() == content
    assert {each.name for each in destination.parent.iterdir()} <= {"hand-ins", "taken"}


@pytest.mark.parametrize("depth", DEPTHS)
def test_damaged_archives(depth, files, tmp_path):
    def case(chance):
        shutil.rmtree(tmp_path / "hand-ins", ignore_errors=True)
        (tmp_path / "hand-ins").mkdir()
        content, ending = packed(chance, dict(chance.sample(list(files.items()), 6)))
        path = tmp_path / "hand-ins" / f"ann{ending}"
        path.write_bytes(content)
        take_in(path if chance.randrange(2) else path.parent, tmp_path / "taken")
    assert run("archives", ARCHIVES[depth], case) >= ARCHIVES[depth]


def spoil(chance, path):
    """Puts something else where a file, or a folder, of a hand-in was."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    kind = chance.randrange(7)
    if kind == 0:
        path.symlink_to(chance.choice(("/etc/passwd", ".", "..", path.name, "nowhere")))
    elif kind == 1:
        os.mkfifo(path)
    elif kind == 2:
        path.mkdir()
    elif kind == 3:
        path.write_bytes(chance.choice(ODD) * 100)
    elif kind == 4:
        path.touch()
        os.truncate(path, chance.choice((intake.MAX_BYTES, intake.MAX_BYTES + 1, 1 << 40)))
    elif kind == 5:
        path.with_name(os.fsdecode(b"\xff\n\x1b[2J") + chance.choice(("", ".zip"))).touch()


@pytest.mark.parametrize("depth", DEPTHS)
def test_damaged_folders(depth, files, tmp_path):
    def case(chance):
        shutil.rmtree(tmp_path / "hand-ins", ignore_errors=True)
        root = tmp_path / "hand-ins" / "ann"
        inner = root / "tree" if chance.randrange(2) else root
        for name, content in files.items():
            place = inner / (name if chance.randrange(9) else name.split("/")[-1])
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        for _ in range(chance.choice((1, 1, 2, 5))):
            there = sorted(path for path in root.rglob("*"))
            spoil(chance, chance.choice(there))
            if not list(root.rglob("*")):
                break
        take_in(root, tmp_path / "taken")
    assert run("folders", FOLDERS[depth], case) >= FOLDERS[depth]


# ---- What a class keeps. --------------------------------------------------------

def a_class(chance):
    """Results of a submission, as the grader makes them."""
    return copy.deepcopy(chance.sample(RESULTS, chance.randrange(1, 4)))


def usable(results):
    """They are some, each with a known verdict; if all is as the grader makes it, the class's
    tables can be made of them. (A value that only a hand can have changed may be missed.)"""
    assert isinstance(results, list)
    assert all(values["verdict"] in VERDICTS for values in results)
    if not all(SCHEMA.is_valid(values) for values in results):
        return
    students = [Student("ann", "/hand-ins/ann", "ab" * 32, "" if results else "lost", results)]
    book = Book("class", "today", 7, "0123", (), students, [])
    text = gradebook.students(book, [of.name for of in LABS]) + gradebook.exercises(book)
    assert text.startswith("student,")


@pytest.mark.parametrize("depth", DEPTHS)
def test_damaged_results_in_the_spool(depth, tmp_path):
    way = work.Way(7, tmp_path, tmp_path)

    def case(chance):
        values = {"version": 1, "results": a_class(chance)}
        for _ in range(chance.randrange(3)):
            values = harm_json(chance, values)
        text = json.dumps(values).encode()
        (tmp_path / "key.json").write_bytes(damaged(chance, text) if chance.randrange(2) else text)
        try:
            results = work.result(way, "key")
        except UsageError as error:
            one_line(error)
        else:
            usable(results)
            assert len(folder.of_results(results)) == 64
    assert run("spools", SPOOLS[depth], case) >= SPOOLS[depth]


def written(chance, path):
    """A book with a few grades, whose every page and cell is as it should be."""
    path.unlink(missing_ok=True)
    with opened(path) as book:
        seed = book.seed(chance.getrandbits(32))
        for student in range(chance.randrange(1, 20)):
            book.add(f"{student:064x}", "grader", seed, a_class(chance))
    return seed


def spoil_cell(chance, path):
    """Puts another value into a cell, as only a hand or a bad disk does."""
    value = chance.choice((None, 1.5, b"\xff\0", "", "[]", "{}", "[1]", '[{"lab": 1}]', "[" * 9999,
                           json.dumps(harm_json(chance, a_class(chance)))))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        column = chance.choice(("submission", "status", "results", "results", "results"))
        with contextlib.suppress(sqlite3.IntegrityError):
            connection.execute(f"UPDATE grades SET {column} = ? WHERE submission = ?",
                               (value, f"{0:064x}"))


@pytest.mark.parametrize("depth", DEPTHS)
def test_damaged_books(depth, tmp_path):
    path = tmp_path / "grades.db"

    def case(chance):
        seed = written(chance, path)
        if chance.randrange(3):
            path.write_bytes(damaged(chance, path.read_bytes()))
        else:
            spoil_cell(chance, path)
        for ending in ("-journal", "-wal"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        try:
            with opened(path) as book:
                known = book.seed(1)
                assert isinstance(known, int) and known >= 0
                assert book.done("grader", seed) is not None
                for student in range(20):
                    usable(book.results(f"{student:064x}", "grader", seed))
                book.add("ff" * 32, "grader", number(chance, 7, 64), a_class(chance))
        except UsageError as error:
            one_line(error)
    assert run("books", BOOKS[depth], case) >= BOOKS[depth]


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_page_of_any_class(depth):
    """Results of any texts, and files of any bytes: a page, and UTF-8."""
    def case(chance):
        def text(size=60):
            return damaged(chance, bytes(range(256)) * 2)[:size].decode(
                errors=chance.choice(("replace", "surrogateescape")))
        students = []
        for name in range(chance.randrange(6)):
            results = a_class(chance)
            for values in results:
                values["output"] = text(9000)
                for exercise in values["exercises"]:
                    exercise |= {key: text() for key in ("title", "expected", "got", "hint")}
            students.append(Student(f"{name}{text()}", text(), "ab" * 32, "",
                                    list({each["lab"]: each for each in results}.values())))
        pair = Pair(text(), students[0].name if students else text(), text(), 50, text(9000),
                    text(9000))
        known = page.render(Book(text(), text(), 7, "0123", (), students, [pair]))
        assert known.encode() and known.rstrip().endswith("</html>")
    assert run("pages", PAGES[depth], case) >= PAGES[depth]
