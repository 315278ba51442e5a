"""grading/classroom/folder.py: whose a submission is, and what is said of it before it is graded."""

import os
import shutil
import tarfile
import zipfile

import pytest

from grading.classroom import folder
from grading.errors import UsageError
from grading.tests.classroom.classes import LAB01, grades, hand_in, run


def test_a_name_is_told_by_its_ending_if_it_must(tmp_path):
    for name in ("ann.zip", "ann.tar.gz", "bob.tgz", "eve"):
        (tmp_path / name).mkdir()
    (tmp_path / ".hidden").mkdir()
    names = [each.name for each in folder.hand_ins(tmp_path, [LAB01])]
    assert sorted(names) == ["ann.tar.gz", "ann.zip", "bob", "eve"]


def test_a_name_of_any_bytes(tmp_path):
    (tmp_path / "class").mkdir()
    for name in (b"b\xff.zip", b"new\nline.zip", "\u00e9va \u202ex.zip".encode()):
        with open(os.path.join(os.fsencode(tmp_path / "class"), name), "wb") as file:
            file.write(b"PK")
    hand_in(tmp_path / "class", "good")
    names = [each.name for each in folder.hand_ins(tmp_path / "class", [LAB01])]
    assert sorted(names) == ["b\\xff", "good", "new\\x0aline", "\u00e9va \\x202ex"]
    run(tmp_path / "class", tmp_path / "to")
    assert len(grades(tmp_path / "to")) == 4


def test_what_a_mac_packs_beside_them_is_nobodys(tmp_path):
    for name in ("__MACOSX", "zita.tar.xz", "otto.tar.bz2"):
        (tmp_path / name).mkdir()
    assert [each.name for each in folder.hand_ins(tmp_path, [LAB01])] == ["otto", "zita"]


def test_a_folder_that_cannot_be_read_stops_nobody_else(tmp_path, monkeypatch):
    def denied(path, labs):
        raise PermissionError(13, "Permission denied", str(path))

    hand_in(tmp_path / "class", "bob")
    monkeypatch.setattr(folder.intake, "labs_in", denied)
    [bob] = folder.hand_ins(tmp_path / "class", [LAB01])
    assert (bob.sha256, bob.refused) == ("", "it cannot be read: Permission denied")


@pytest.mark.parametrize("closed", ["ann.tar.gz", "bob", "bob/labs/01-vm86trap/decode.c",
                                    "bob/labs", "bob/more.zip"])
def test_what_we_may_not_read_is_no_student_s_fault(tmp_path, monkeypatch, closed):
    """As root there is no such thing, so the system is asked less."""
    class_ = tmp_path / "class"
    hand_in(class_, "ann")
    (class_ / "bob").mkdir()
    shutil.unpack_archive(class_ / "ann.tar.gz", class_ / "bob")
    for other in ("more.zip", "notes"):
        (class_ / "bob" / other).touch()
    monkeypatch.setattr(os, "access", lambda path, mode: path != class_ / closed)
    with pytest.raises(UsageError, match=f"may not read: {closed}; chmod -R"):
        folder.hand_ins(class_, [LAB01])
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != "notes")
    assert len(folder.hand_ins(class_, [LAB01])) == 2


def test_two_versions_of_a_file_are_told_of(tmp_path):
    ann = tmp_path / "class" / "ann"
    for name in ("first", "second"):
        hand_in(tmp_path / "packed", name, mark=name)
    shutil.copytree(tmp_path / "packed", ann)
    [found] = folder.hand_ins(ann.parent, [LAB01])
    assert found.note == "decode.c is that of first.tar.gz, not that of second.tar.gz"
    shutil.copy(ann / "first.tar.gz", ann / "second.tar.gz")
    assert not folder.hand_ins(ann.parent, [LAB01])[0].note


def packed(to, *names):
    """Of a student who has packed what is packed."""
    hand_in(to.parent / "packed", "handin")
    with zipfile.ZipFile(to / "it.zip", "w") as packed_again:
        for name in names:
            packed_again.write(to.parent / "packed" / "handin.tar.gz", name)


def packed_twice(to):
    """As .gz, which is no name of an archive's."""
    packed(to, "files/handin.gz")


def packed_several(to):
    packed(to, "files/handin.tar.gz", "files/handin-1.tar.gz")


def test_what_was_packed_twice_is_what_was_packed(tmp_path):
    """The same hash: it is graded once."""
    (tmp_path / "class").mkdir()
    packed(tmp_path / "class", "files/handin.tar.gz")
    shutil.copy(tmp_path / "packed" / "handin.tar.gz", tmp_path / "class" / "ann.tar.gz")
    ann, it = folder.hand_ins(tmp_path / "class", [LAB01])
    assert ann.sha256 == it.sha256 != "" and not it.refused + it.note


def misnamed(to):
    """Files with names of their own."""
    (to / "it").mkdir()
    for number in range(9):
        (to / "it" / f"Answer{number}.c").touch()


def hostile(to):
    """A name that steers a terminal, and is long."""
    with tarfile.open(to / "it.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("\x1b[2J" + 500 * "x"))


@pytest.mark.parametrize(("make", "says"), [
    (packed_twice, "it.zip: no lab's files are in it, only files/handin.gz; make handin"),
    (packed_several, "it.zip holds several archives, files/handin.tar.gz and files/handin-1.tar.gz; "
     "unpack it into a folder"),
    (misnamed, "only Answer0.c Answer1.c Answer2.c Answer3.c ...; make handin"),
    (lambda to: (to / "it").mkdir(), "no lab's files are in it, no file at all; make handin"),
    (hostile, f"only \\x1b[2J{56 * 'x'}; make handin"),
])
def test_who_handed_in_something_else_is_told_what(tmp_path, make, says):
    (tmp_path / "class").mkdir()
    make(tmp_path / "class")
    [it] = folder.hand_ins(tmp_path / "class", [LAB01])
    assert says in it.refused
