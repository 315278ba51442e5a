"""grading/archive.py and grading/packed.py: submissions that are archives, and what counts in them."""

import io
import subprocess
import sys
import tarfile
import zipfile

import pytest

from grading import intake, lab, packed
from grading.errors import UsageError
from grading.tests import support
from grading.tests.uploads import FILES, LAB, LATER, zipped


@pytest.mark.parametrize("outer", ["", "ring-minus-1/", "./"])
def test_a_zip_is_a_submission_too(tmp_path, outer):
    path = zipped(tmp_path / "it.zip", [(outer + name, content) for name, content in FILES])
    assert intake.take(path, LAB, tmp_path / "taken") == {"one.c": b"1", "two.S": b"2"}


SHAPES = ["labs/01-x/", "ring-minus-1/labs/01-x/", "a/b/labs/01-x/", "../labs/01-x/", "/labs/01-x/",
          "01-x/", "Lab 1/", "homework/lab one/", "", "./", "labs\\01-x\\", "01-x\\"]


@pytest.mark.parametrize("folder", SHAPES)
def test_the_files_may_lie_in_any_one_folder_of_a_zip(tmp_path, folder):
    """Nothing is unpacked by its name: it may lead where it likes."""
    path = zipped(tmp_path / "it.zip", [("notes/readme.txt", b"?"), (folder + "one.c", b"1"),
                                        (folder + "two.S", b"2"), ("__MACOSX/._one.c", b"?")])
    assert intake.take(path, LAB, tmp_path / "taken") == {"one.c": b"1", "two.S": b"2"}
    assert intake.labs_in(path, [LAB]) == [LAB]


def test_where_a_handin_has_them_goes_before_elsewhere(tmp_path):
    path = zipped(tmp_path / "it.zip", [("build/one.c", b"?"), ("build/two.S", b"?"), *FILES])
    assert intake.take(path, LAB, tmp_path / "taken") == {"one.c": b"1", "two.S": b"2"}


def test_a_link_in_a_zip_is_no_file(tmp_path):
    link = zipfile.ZipInfo("labs/01-x/one.c")
    link.external_attr = 0o120777 << 16
    path = zipped(tmp_path / "it.zip", [(link, b"/etc/passwd"), FILES[1]])
    with pytest.raises(UsageError, match="one.c is missing"):
        intake.take(path, LAB, tmp_path / "taken")


def test_a_zip_that_grows_is_not_unpacked(tmp_path):
    path = zipped(tmp_path / "it.zip", [*FILES, ("bomb", bytes(100 * intake.MAX_BYTES))])
    assert path.stat().st_size < intake.MAX_BYTES
    with pytest.raises(UsageError, match="too large"):
        intake.take(path, LAB, tmp_path / "taken")


def test_a_zip_with_a_member_without_a_name(tmp_path):
    path = zipped(tmp_path / "it.zip", [*FILES, (zipfile.ZipInfo("?"), b"")])
    for name in (b"?", b"labs/01-x/one.c"):  # in both directories, of the same length
        path.write_bytes(path.read_bytes().replace(name, bytes(len(name))))
        with pytest.raises(UsageError, match="no tarball or zip that can be read|one.c is missing"):
            intake.read(path, LAB)


def test_what_a_tarball_says_of_all_its_members_has_an_end(tmp_path):
    """Each of them gets a copy: 900 of 14 MB."""
    said = {f"comment{number}": "x" * 60 for number in range(100)}
    for headers, fits in (({"comment": "of git"}, True), (said, False)):
        with tarfile.open(tmp_path / "it.tar.gz", "w:gz", format=tarfile.PAX_FORMAT,
                          pax_headers=headers) as tar:
            for name in LAB.edit:
                tar.addfile(tarfile.TarInfo(f"labs/01-x/{name}"))
        if fits:
            assert intake.read(tmp_path / "it.tar.gz", LAB) == {"one.c": b"", "two.S": b""}
        else:
            with pytest.raises(UsageError, match="one too large"):
                intake.read(tmp_path / "it.tar.gz", LAB)


def test_a_tarball_has_no_holes(tmp_path):
    """A map of them can be as large as all members are, for each of these once more."""
    with tarfile.open(tmp_path / "it.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name in LAB.edit:
            member = tarfile.TarInfo(f"labs/01-x/{name}")
            member.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": "0"}
            tar.addfile(member)
    with pytest.raises(UsageError, match="one too large"):
        intake.read(tmp_path / "it.tar.gz", LAB)


@pytest.mark.parametrize("at", range(0, 300, 7))
def test_a_damaged_zip(tmp_path, at):
    path = zipped(tmp_path / "it.zip", FILES)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 0x5A
    path.write_bytes(data)
    try:
        intake.take(path, LAB, tmp_path / "taken")
    except UsageError as error:
        assert "\n" not in str(error)


def test_several_archives_in_one_folder(tmp_path):
    upload = tmp_path / "upload"
    upload.mkdir()
    zipped(upload / "a.zip", FILES)
    zipped(upload / "b.zip", [("labs/02-y/three.c", b"3")])
    assert intake.labs_in(upload, [LAB, LATER]) == [LAB, LATER]
    assert intake.take(upload, LATER, tmp_path / "taken") == {"three.c": b"3", "one.c": b"1"}
    assert not packed.doubts(upload, [LAB, LATER])


def test_a_copy_that_somebody_keeps_beside_the_work_is_not_graded(tmp_path):
    for name, content in FILES:
        (tmp_path / name.split("/")[-1]).write_bytes(b"new " + content)
    zipped(tmp_path / "before.zip", FILES)
    assert intake.read(tmp_path, LAB)["one.c"] == b"1", "an upload page's"
    (tmp_path / "Makefile").touch()
    assert intake.read(tmp_path, LAB) == {"one.c": b"new 1", "two.S": b"new 2"}


def test_of_several_archives_the_first_that_is_whole_counts(tmp_path):
    """What is of one time is not mixed with what is of another."""
    zipped(tmp_path / "a.zip", [("labs/01-x/one.c", b"a")])
    zipped(tmp_path / "b.zip", [*FILES, ("labs/02-y/three.c", b"3")])
    zipped(tmp_path / "c.zip", [FILES[0], ("labs/01-x/two.S", b"c")])
    assert intake.read(tmp_path, LAB) == {"one.c": b"1", "two.S": b"2"}
    assert intake.read(tmp_path, LATER) == {"three.c": b"3", "one.c": b"1"}
    assert packed.doubts(tmp_path, [LAB, LATER]) == ["one.c is that of b.zip, not that of a.zip",
                                                     "two.S is that of b.zip, not that of c.zip"]


def test_a_grade_says_so_in_a_line_each_whatever_the_names_are(tmp_path):
    of = lab.find("01")
    for name in ("a\x1b[2J.zip", "b\nc.zip"):
        zipped(tmp_path / name, [(file, name.encode()) for file in of.edit])
    done = subprocess.run([sys.executable, "-S", lab.ROOT / "grading" / "grade", tmp_path, "--out",
                           support.OUT, "--work", tmp_path / "work"], text=True, check=False,
                          capture_output=True, stdin=subprocess.DEVNULL)
    assert done.stderr == "".join(f"{file} is that of a\\x1b[2J.zip, not that of b\\x0ac.zip\n"
                                  for file in of.edit), done.stderr


def test_an_archive_that_cannot_be_read_does_not_count_if_another_can(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK, and no more")
    with pytest.raises(UsageError, match="can be read"):
        intake.read(tmp_path, LAB)
    zipped(tmp_path / "b.zip", FILES)
    assert intake.read(tmp_path, LAB) == {"one.c": b"1", "two.S": b"2"}
    assert [line.split()[0] for line in packed.doubts(tmp_path, [LAB])] == ["a.zip"]


@pytest.mark.parametrize("backup", ["backup/", "./backup/"])
@pytest.mark.parametrize("first", [True, False])
def test_of_two_trees_the_outermost_counts(tmp_path, backup, first):
    old = [(backup + name, b"old") for name, _ in FILES]
    path = zipped(tmp_path / "it.zip", [*old, *FILES] if first else [*FILES, *old])
    assert intake.read(path, LAB) == {"one.c": b"1", "two.S": b"2"}


def test_of_two_trees_beside_each_other_none_is_guessed(tmp_path):
    path = zipped(tmp_path / "it.zip", [(folder + name, content) for folder in ("a/", "b/")
                                        for name, content in FILES])
    with pytest.raises(UsageError, match="both a/labs/01-x/one.c and b/labs/01-x/one.c"):
        intake.read(path, LAB)


def test_of_two_members_of_one_name_the_last_counts(tmp_path):
    """As when it is unpacked: `tar -r` appends."""
    with tarfile.open(tmp_path / "it.tar.gz", "w:gz") as tar:
        for content in (b"old", b"new"):
            for name in LAB.edit:
                member = tarfile.TarInfo(f"labs/01-x/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    assert intake.read(tmp_path / "it.tar.gz", LAB) == {"one.c": b"new", "two.S": b"new"}
