"""Hostile submissions through the whole pipeline, as an instructor would grade them.

Whatever one does, it gets the points that it deserves, in the time and memory that a
submission may take; it leaves no process and no file; and the next submission, in the same
folders, is graded as if it had not been there.
"""

import json

import pytest

from grading import lab
from grading.tests.hostile import archives, folders, rows
from grading.tests.hostile.world import World, without_times

ROWS = rows.all_rows()
LAB01 = lab.find("01")
ARCHIVE_SECONDS, ARCHIVE_MEGABYTES = 3, 120
NO_ARCHIVE = "no folder and no tarball or zip"
# Since a mend of Python's it is no tarball at all.
BELOW_ZERO = (0, "vm86trap.c is missing") if archives.python_reads_sizes_below_zero() \
    else (None, NO_ARCHIVE)

# A folder or an archive, and what it deserves: points, or words of the one line that refuses.
ARCHIVES = [
    (archives.link_in_tarball, 0, "vm86trap.c is missing"),
    (archives.hard_link_in_tarball, 0, "vm86trap.c is missing"),
    (archives.device_in_tarball, 0, "vm86trap.c is missing"),
    (archives.fifo_in_tarball, 0, "vm86trap.c is missing"),
    (archives.link_first_in_tarball, 100, ""),  # the link is left behind, the file is there
    (archives.paths_out_of_the_tarball, 100, ""),  # nothing is unpacked
    (archives.duplicates, 0, "the third one"),
    (archives.duplicates_wrong_first, 100, ""),  # the last one is right
    (archives.names_with_escapes, 100, ""),  # nobody asked for these
    (archives.names_in_capitals, 0, "vm86trap.c is missing"),
    (archives.many_members, None, "handin"),
    (archives.giant_member, None, "handin"),
    (archives.sparse_member, None, "one too large"),
    (archives.header_of_a_gigabyte, None, "handin"),
    (archives.names_in_names, None, NO_ARCHIVE),
    (archives.size_below_zero, *BELOW_ZERO),
    (archives.zip_bomb, None, "one too large"),
    (archives.zip_that_lies_of_sizes, None, NO_ARCHIVE),
    (archives.zip_by_bzip2, None, "handin"),
    (archives.zip_by_lzma, None, "handin"),
    (archives.zip_encrypted, None, NO_ARCHIVE),
    (archives.zip_with_a_link, 0, "vm86trap.c is missing"),
    (archives.zip_of_many, None, "too many members"),
    (archives.packed_twice, 100, ""),
    (archives.packed_three_times, None, "an archive in an archive in an archive"),
    (archives.packed_a_hundred_times, None, "an archive in an archive in an archive"),
    (archives.giant_member_inside, None, "one too large"),
    (archives.header_of_a_gigabyte_inside, None, "one too large"),
    (archives.zip_bomb_inside, None, "one too large"),
    (archives.zip_that_lies_of_sizes_inside, None, NO_ARCHIVE),
    (archives.archive_that_is_a_bomb, None, "one too large"),
    (archives.bomb_in_a_bomb, None, "one too large"),
    (archives.many_members_in_both, None, "too many members"),
    (archives.zip_of_as_many_as_fit, None, "too many members"),
    (folders.folder_with_a_fifo, 0, "no regular file"),
    (folders.folder_with_a_link, 0, "a regular file is wanted"),
    (folders.folder_that_is_a_link, None, "is a link"),
    (folders.folder_with_a_link_to_an_archive, 0, ""),
    (folders.folder_with_a_fifo_for_an_archive, None, NO_ARCHIVE),
    (folders.archive_with_escapes, None, NO_ARCHIVE),
    (folders.folder_with_escapes, 0, "is missing"),
    (folders.folder_with_a_large_file, 0, "1099511627776 bytes"),
    (folders.folder_of_everything, 100, ""),  # and none of it was taken
]


@pytest.fixture(scope="session", name="world")
def fixture_world(tmp_path_factory):
    """One for all workers of pytest-xdist: they grade side by side, as graders do."""
    base = tmp_path_factory.getbasetemp()
    return World((base.parent if base.name.startswith("popen-") else base) / "hostile").make()


def graded(world, submission, of, folder, emulator=None):
    """Grades it: what runner.py says, and the values of its one result, or None.

    It leaves no process and no file; and the solution is graded after it as without it.
    """
    reference = world.reference(of, emulator)
    before = world.snapshot()
    ended, text = world.grade(submission, of, folder / "work", emulator)
    assert ended["code"] is not None, "it hung"
    assert ended["left"] == [], "processes were left behind"
    assert "Traceback" not in ended["out"] + ended["err"], ended["err"]
    assert printable(ended["out"]) and printable(ended["err"])
    assert world.snapshot() == before, "files were changed"
    if text is None:  # refused: nothing was built, nothing booted
        return ended, None
    behind, again = world.grade(world.solution(of), of, folder / "work", emulator)
    assert behind["left"] == []
    assert without_times(again) == reference, "the next submission is graded otherwise"
    return ended, json.loads(text)["results"][0]


def printable(text):
    """True if nothing in it steers a terminal."""
    return all(letter.isprintable() or letter == "\n" for letter in text)


def within(ended, seconds, megabytes):
    """It took no more than that."""
    assert ended["cpu"] <= seconds, f"{ended['cpu']:.1f} seconds of CPU time"
    assert ended["megabytes"] <= megabytes, f"{ended['megabytes']:.0f} MB of memory"


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['lab']}-{row['name']}" for row in ROWS])
def test_a_hostile_program_gets_what_it_deserves(row, world, tmp_path):
    of = lab.find(row["lab"])
    submission = tmp_path / "submission"
    submission.mkdir()
    for path in world.solution(of).iterdir():
        (submission / path.name).write_bytes(path.read_bytes())
    rows.spoil(row, submission)
    ended, result = graded(world, submission, of, tmp_path, row["emulator"])
    assert ended["code"] == 0, ended["err"]
    first = result["exercises"][0]
    assert (result["score"], first["status"]) == (row["score"], row["status"]), result
    assert result["verdict"] != "ERROR"
    assert all(words in first["got"] for words in row["got"]), first["got"]
    assert len(first["got"]) <= row["shorter"]
    within(ended, row["cpu"], row["megabytes"])


@pytest.mark.parametrize(("make", "score", "says"), ARCHIVES,
                         ids=[make.__name__ for make, _, _ in ARCHIVES])
def test_a_hostile_archive_gets_what_it_deserves(make, score, says, world, tmp_path):
    files = {path.name: path.read_bytes() for path in world.solution(LAB01).iterdir()}
    ended, result = graded(world, make(tmp_path, files), LAB01, tmp_path)
    if score is None:
        assert (ended["code"], result) == (2, None), ended
        assert ended["err"].count("\n") == 1 and says in ended["err"], ended["err"]
    else:
        assert (ended["code"], result["score"]) == (0, score), ended
        assert says in result["exercises"][0]["got"]
    within(ended, ARCHIVE_SECONDS, ARCHIVE_MEGABYTES)


def test_refusals_leave_no_emulator_behind(world, tmp_path):
    """It is started before the submission is looked at, and is ended in its first moments."""
    for number in range(12):
        ended, _ = world.grade(tmp_path / "nowhere", LAB01, tmp_path / "work")
        assert (ended["code"], ended["left"]) == (2, []), number


def test_a_program_s_last_words_are_not_the_grader_s(world, tmp_path):
    """Autolab takes the last line; a program says that it has all points."""
    submission = tmp_path / "submission"
    submission.mkdir()
    for path in world.solution(LAB01).iterdir():
        (submission / path.name).write_bytes(path.read_bytes())
    row = next(row for row in ROWS if row["name"] == "ends-before-it-begins")
    rows.spoil(row, submission)
    _, text = world.grade(submission, LAB01, tmp_path / "work", form="autolab")
    assert text.splitlines()[-1] == '{"scores": {"lab01": %d}}' % row["score"]
    assert sum(line.startswith("{") for line in text.splitlines()) == 1
