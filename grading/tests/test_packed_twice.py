"""grading/archive.py and grading/packed.py: an archive in an archive, and a folder in a folder."""

import shutil
import zipfile

import pytest

from grading import archive, intake, packed
from grading.errors import UsageError
from grading.tests.uploads import FILES, LAB, LATER, tarred, zipped

INSIDE = ["handin-01.tar.gz", "Lab 1/handin-01.tgz", "a/b/it.ZIP", "./it.zip", "..\\it.zip", "/it.zip"]


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("name", INSIDE)
def test_an_archive_in_an_archive(tmp_path, pack, name):
    inner = (zipped if "zip" in name.lower() else tarred)(tmp_path / "inner", FILES)
    path = pack(tmp_path / "it", [("notes.pdf", b"%PDF"), ("__MACOSX/._it.zip", b"?"), ("._it.zip", b"?"),
                                  ("__MACOSX/._one.c", b"?"), (name, inner.read_bytes())])
    assert intake.take(path, LAB, tmp_path / "taken") == {"one.c": b"1", "two.S": b"2"}
    assert intake.labs_in(path, [LAB, LATER]) == [LAB]


@pytest.mark.parametrize("beside", ["labs/01-x/one.c", "one.c", "src/main.C", "any/boot.S"])
def test_in_what_somebody_works_in_an_archive_is_a_copy(tmp_path, beside):
    inner = zipped(tmp_path / "inner.zip", FILES).read_bytes()
    path = zipped(tmp_path / "it.zip", [(beside, b"mine"), ("old.zip", inner)])
    assert intake.read_all(path, [LAB]) == {}
    assert intake.names_in(path, LAB) == ({"one.c"} if beside.endswith("one.c") else set())


def test_one_level_and_no_more(tmp_path):
    path = zipped(tmp_path / "0.zip", FILES)
    for number in (1, 2):
        path = zipped(tmp_path / f"{number}.zip", [(f"x{path.name}", path.read_bytes())])
    assert intake.labs_in(tmp_path / "1.zip", [LAB]) == [LAB]
    with pytest.raises(UsageError, match="2.zip, x1.zip: an archive in an archive in an archive"):
        intake.labs_in(path, [LAB])
    upload = tmp_path / "upload"
    upload.mkdir()
    shutil.copy(tmp_path / "1.zip", upload)
    assert intake.labs_in(upload, [LAB]) == [LAB], "a folder is no archive"
    shutil.copy(path, upload)
    assert intake.labs_in(upload, [LAB]) == [LAB]
    assert packed.doubts(upload, [LAB]) == ["2.zip, x1.zip: an archive in an archive in an archive; "
                                            "pack the files once: it does not count"]


def test_an_archive_that_is_in_itself(tmp_path, monkeypatch):
    """There are such; here it is said to be so."""
    opened = []

    def itself(data, left):
        opened.append(data)
        return [archive.Member("it.zip", 9, lambda limit: data)]

    monkeypatch.setattr(archive, "members_of", itself)
    (tmp_path / "it.zip").write_bytes(b"PK")
    with pytest.raises(UsageError, match="an archive in an archive in an archive"):
        intake.read(tmp_path / "it.zip", LAB)
    assert len(opened) == 2


def test_of_several_inside_none_is_guessed(tmp_path):
    inner = zipped(tmp_path / "inner", FILES).read_bytes()
    path = zipped(tmp_path / "it.zip", [("a.zip", inner), ("b/b.zip", inner)])
    with pytest.raises(UsageError, match="holds several archives, a.zip and b/b.zip; unpack it"):
        intake.read(path, LAB)


def test_a_link_that_is_called_an_archive_is_none(tmp_path):
    link = zipfile.ZipInfo("handin.zip")
    link.external_attr = 0o120777 << 16
    path = zipped(tmp_path / "it.zip", [(link, b"/etc/passwd")])
    with pytest.raises(UsageError, match="no file at all"):
        intake.labs_in(path, [LAB])


def test_the_limits_are_those_of_both(tmp_path):
    """Each of the two is within them."""
    many = [(str(number), b"") for number in range(archive.MAX_MEMBERS // 2)]
    for beside, fits in ((many[2:], True), (many, False)):
        inner = tarred(tmp_path / "inner", [*beside, *FILES[:1]]).read_bytes()
        path = zipped(tmp_path / "it.zip", [*beside, ("handin.tar.gz", inner)])
        assert (intake_says(path) == "") is fits
        assert fits or "too many members" in intake_says(path)
    large = [("large", bytes(archive.MAX_BYTES))] * 40
    for count, fits in ((25, True), (40, False)):
        inner = tarred(tmp_path / "inner", [*large[:count], *FILES[:1]]).read_bytes()
        path = tarred(tmp_path / "it", [*large[:count], ("handin.tar.gz", inner)])
        assert (intake_says(path) == "") is fits
    for count, fits in ((15, True), (20, False)):  # that are not packed: 5 MB of zeros, and a few bytes
        with zipfile.ZipFile(tmp_path / "inner", "w") as inner:
            for number, (name, content) in enumerate([*large[:count], *FILES]):
                inner.writestr(f"{number}/{name}" if name == "large" else name, content)
        path = zipped(tmp_path / "it.zip", [("handin.zip", (tmp_path / "inner").read_bytes())])
        assert (intake_says(path) == "") is fits


def intake_says(path):
    """Why it is refused; nothing if it is not."""
    try:
        intake.labs_in(path, [LAB])
    except UsageError as why:
        return str(why)
    return ""


def test_a_damaged_one_inside_is_named(tmp_path):
    path = zipped(tmp_path / "it.zip", [("x" * 200 + "\x1b[2J/handin.tar.gz", b"\x1f\x8b, and no more")])
    assert intake_says(path) == f"{path}, {'x' * 42}\\x1b[2J/handin.tar.gz is no folder and no tarball " \
        "or zip that can be read; make handin makes one"


def test_a_folder_in_a_folder(tmp_path):
    """As it is if somebody has unpacked the outer one."""
    upload = tmp_path / "ann" / "upload"
    upload.mkdir(parents=True)
    (tmp_path / "ann" / "__MACOSX").mkdir()
    zipped(upload / "handin.zip", FILES)
    (upload / "._handin.zip").touch()
    assert intake.labs_in(tmp_path / "ann", [LAB]) == [LAB]
    assert not packed.doubts(tmp_path / "ann", [LAB])
    (upload / "one.c").write_text("mine")
    assert intake.names_in(tmp_path / "ann", LAB) == {"one.c"}, "somebody works in there"
    (upload / "one.c").unlink()
    shutil.copytree(upload, tmp_path / "ann" / "more")
    assert "no lab's files" in intake_says(tmp_path / "ann"), "which of two?"
