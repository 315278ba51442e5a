"""grading/intake.py: which files are taken, and what is said of the others."""

import os
import random
import tarfile
from pathlib import Path

import pytest

from grading import intake
from grading.errors import UsageError
from grading.tests.uploads import FILES, LAB, LATER, zipped


def submission(folder, inner=""):
    """A folder with the lab's files."""
    source = folder / "submission" / inner
    source.mkdir(parents=True)
    for name in LAB.edit:
        (source / name).write_text(f"/* {name} */\n")
    return folder / "submission"


def missing(path):
    path.unlink()


def link(path):
    path.rename(path.with_suffix(".old"))
    path.symlink_to(path.with_suffix(".old"))


def dangling(path):
    path.unlink()
    path.symlink_to("nowhere")


def fifo(path):
    path.unlink()
    os.mkfifo(path)


def directory(path):
    path.unlink()
    path.mkdir()


def too_large(path):
    path.write_bytes(b"x" * (intake.MAX_BYTES + 1))


@pytest.mark.parametrize(("spoil", "says"), [
    (missing, "is missing"), (link, "regular file"), (dangling, "regular file"),
    (fifo, "is no regular file"), (directory, "is no regular file"), (too_large, "at most 262144"),
])
def test_no_regular_file_no_submission(tmp_path, spoil, says):
    source = submission(tmp_path)
    spoil(source / "two.S")
    with pytest.raises(UsageError, match=says) as error:
        intake.take(source, LAB, tmp_path / "taken")
    assert "two.S" in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "taken").exists(), "nothing is written"


@pytest.mark.parametrize("inner", ["", "labs/01-x"])
def test_the_files_are_taken_and_nothing_else(tmp_path, inner):
    source = submission(tmp_path, inner)
    (source / inner / "Makefile").write_text("all: ; rm -rf /\n")
    (source / inner / "cpu.h").write_text("#define cli() 0\n")
    (source / inner / "more").mkdir()
    taken = intake.take(source, LAB, tmp_path / "taken")
    assert sorted(path.name for path in (tmp_path / "taken").iterdir()) == ["one.c", "two.S"]
    assert ((tmp_path / "taken") / "one.c").read_text() == "/* one.c */\n"
    assert len(intake.digest(taken)) == 64


@pytest.mark.parametrize("linked", ["labs", "labs/01-x"])
def test_a_link_to_someone_elses_folder_is_refused(tmp_path, linked):
    elsewhere = submission(tmp_path / "elsewhere", Path("labs/01-x").relative_to(linked))
    mine = submission(tmp_path)
    (mine / linked).parent.mkdir(exist_ok=True)
    (mine / linked).symlink_to(elsewhere)
    with pytest.raises(UsageError, match="link"):
        intake.take(mine, LAB, tmp_path / "taken")


def test_a_file_of_just_the_limit_is_taken(tmp_path):
    source = submission(tmp_path)
    (source / "one.c").write_bytes(b"x" * intake.MAX_BYTES)
    intake.take(source, LAB, tmp_path / "taken")
    assert ((tmp_path / "taken") / "one.c").stat().st_size == intake.MAX_BYTES


def test_an_equal_copy_is_left_alone_and_a_changed_one_is_not(tmp_path):
    source = submission(tmp_path)
    first = intake.take(source, LAB, tmp_path / "taken")
    for name in LAB.edit:
        os.utime((tmp_path / "taken") / name, (1000, 1000))
    (source / "two.S").write_text("/* another */\n")
    second = intake.take(source, LAB, tmp_path / "taken")
    assert ((tmp_path / "taken") / "one.c").stat().st_mtime == 1000
    assert ((tmp_path / "taken") / "two.S").stat().st_mtime != 1000
    assert ((tmp_path / "taken") / "two.S").read_text() == "/* another */\n"
    assert intake.digest(first) != intake.digest(second)


def test_the_hash_knows_which_file_is_which(tmp_path):
    source = submission(tmp_path)
    before = intake.digest(intake.take(source, LAB, tmp_path / "taken"))
    one, two = (source / name for name in LAB.edit)
    one.write_text(one.read_text() + two.read_text())
    two.write_text("")
    assert intake.digest(intake.take(source, LAB, tmp_path / "taken")) != before


@pytest.mark.parametrize("inside", ["", "deeper/still"])
def test_a_destination_that_cannot_be_written(tmp_path, inside):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written") as error:
        intake.take(submission(tmp_path), LAB, tmp_path / "file" / inside)
    assert "OUT=" in str(error.value)


@pytest.mark.parametrize(("make", "says"), [
    (lambda path: None, "make handin makes one"), (Path.touch, "is empty, 0 bytes"),
    (lambda path: path.write_bytes(bytes(range(256)) * 64), "no tarball"),
    (lambda path: path.symlink_to(path), "no such folder"),
], ids=["nothing", "empty", "binary", "loop"])
def test_a_submission_is_a_folder_or_a_tarball(tmp_path, make, says):
    make(tmp_path / "it")
    with pytest.raises(UsageError, match=says):
        intake.take(tmp_path / "it", LAB, tmp_path / "taken")


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
def test_a_damaged_tarball(tmp_path, packing):
    (tmp_path / "filler").write_bytes(random.Random(1).randbytes(100_000))
    with tarfile.open(tmp_path / "it", f"w:{packing}") as tar:
        tar.add(tmp_path / "filler", "filler")
    data = (tmp_path / "it").read_bytes()
    (tmp_path / "it").write_bytes(data[:50_000] + b"damage" + data[50_006:80_000])
    with pytest.raises(UsageError):
        intake.take(tmp_path / "it", LAB, tmp_path / "taken")


@pytest.mark.parametrize("order", [LAB.edit, LAB.edit[::-1]])
def test_a_tarball_and_its_folder_have_the_same_hash(tmp_path, order):
    source = submission(tmp_path)
    with tarfile.open(tmp_path / "it.tar", "w:gz") as tar:
        for name in order:
            tar.add(source / name, name)
    packed = intake.take(tmp_path / "it.tar", LAB, tmp_path / "packed")
    assert intake.digest(packed) == intake.digest(intake.take(source, LAB, tmp_path / "taken"))
    assert ((tmp_path / "packed") / "one.c").read_text() == "/* one.c */\n"


def tree(folder):
    """A tree of labs, as students have it."""
    for name, owner in LATER.sources.items():
        (folder / "labs" / owner).mkdir(parents=True)
        (folder / "labs" / owner / name).write_text(f"/* {name} of {owner} */\n")
    return folder


@pytest.mark.parametrize("inner", ["", "labs/02-y"], ids=["tree", "lab-in-a-tree"])
def test_files_of_other_labs_are_taken_from_theirs(inner, tmp_path):
    contents = intake.take(tree(tmp_path / "tree") / inner, LATER, tmp_path / "files")
    assert contents == {"three.c": b"/* three.c of 02-y */\n", "one.c": b"/* one.c of 01-x */\n"}
    assert {path.name for path in (tmp_path / "files").iterdir()} == {"three.c", "one.c"}


def test_files_of_other_labs_may_lie_beside_the_others(tmp_path):
    folder = tmp_path / "alice"
    folder.mkdir()
    (folder / "three.c").write_text("3")
    (folder / "one.c").write_text("1")
    assert intake.take(folder, LATER, tmp_path / "files") == {"three.c": b"3", "one.c": b"1"}


def test_a_neighbour_s_files_are_not_taken(tmp_path):
    """Only the folder of the lab, in a tree, has the others' folders beside it."""
    (tree(tmp_path) / "labs" / "02-y").rename(tmp_path / "labs" / "alice")
    with pytest.raises(UsageError, match="one.c is missing"):
        intake.take(tmp_path / "labs" / "alice", LATER, tmp_path / "files")


def test_a_tarball_holds_files_of_several_labs(tmp_path):
    tree(tmp_path / "tree")
    with tarfile.open(tmp_path / "handin.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "tree" / "labs", "labs")
    contents = intake.take(tmp_path / "handin.tar.gz", LATER, tmp_path / "files")
    assert contents["one.c"] == b"/* one.c of 01-x */\n"


@pytest.mark.parametrize("folder", ["01-x", "Lab 1", ""])
def test_the_files_may_lie_in_one_folder_of_a_folder(tmp_path, folder):
    source = submission(tmp_path, folder)
    (source / "notes").mkdir()
    assert sorted(intake.take(source, LAB, tmp_path / "taken")) == ["one.c", "two.S"]


@pytest.mark.parametrize("folders", [("new/", "old/"), ("a/01-y/", "b/")])
def test_of_two_folders_with_such_files_none_is_taken(tmp_path, folders):
    path = zipped(tmp_path / "it.zip", [(folder + name, b"1") for folder in folders
                                        for name in LAB.edit])
    with pytest.raises(UsageError, match="one.c is missing"):
        intake.take(path, LAB, tmp_path / "taken")
    for folder in folders:
        (tmp_path / "it" / folder).mkdir(parents=True)
        (tmp_path / "it" / folder / "one.c").write_text("1")
    if "a/01-y/" not in folders:
        with pytest.raises(UsageError, match="one.c is missing"):
            intake.take(tmp_path / "it", LAB, tmp_path / "taken")


def test_a_link_to_a_folder_is_not_looked_into(tmp_path):
    elsewhere = submission(tmp_path / "elsewhere")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "Lab 1").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="one.c is missing"):
        intake.take(tmp_path / "mine", LAB, tmp_path / "taken")


def test_which_labs_are_in_a_submission(tmp_path):
    folder = tree(tmp_path / "handed" / "ring-minus-1").parent
    assert intake.labs_in(folder, [LAB, LATER]) == [LATER], "of 01-x only what 02-y uses"
    assert intake.labs_in(folder, [LAB]) == [LAB], "one.c is there, two.S is missing"
    (folder / "ring-minus-1" / "labs" / "01-x" / "two.S").write_text("2")
    assert intake.labs_in(folder, [LAB, LATER]) == [LAB, LATER]
    assert intake.labs_in(zipped(tmp_path / "it.zip", FILES), [LAB, LATER]) == [LAB]
    (tmp_path / "empty").mkdir()
    for nothing in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(UsageError):
            intake.labs_in(nothing, [LAB.__class__("09-z", *LAB[1:2], ("z.c",), *LAB[3:])])


def test_what_is_missing_is_that_labs_affair(tmp_path):
    folder = tree(tmp_path)
    (folder / "labs" / "01-x" / "one.c").unlink()
    with pytest.raises(intake.Incomplete, match="one.c is missing"):
        intake.read(folder, LAB)
