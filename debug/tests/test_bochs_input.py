"""bochs-debug and what it is given: files that are none, and files that a program names."""

import os
import shutil
import subprocess
import sys

import pytest

from debug.bochs_source import Source
from debug.tests.sessions import DEBUG, answers, session
from grading import lab
from grading.tests.one_line import assert_one_line

GDB = [sys.executable, str(lab.ROOT / "debug" / "debug")]

SECRET = "root:secret\033[31m:"


def line_shown(built, where):
    """What is shown of a program that says of itself that it is made of this file."""
    elf = built("04", "launch.S", "host_entry:\n", f'host_entry:\n#line 1 "{where}"\n')
    source = Source(elf)
    return source.line(source.address("host_entry"))


def test_only_files_of_ours_are_shown(built, tmp_path):
    """#line lets a program say anything of where its lines stand."""
    secret = tmp_path / "shadow"
    secret.write_text(SECRET * 3)
    link = tmp_path / "link"
    link.symlink_to(secret)
    for place in (secret, link, lab.ROOT / os.path.relpath(secret, lab.ROOT)):
        shown = line_shown(built, place)
        assert "secret" not in shown and shown.endswith(":1"), shown
    assert line_shown(built, lab.ROOT / "README.md") == "README.md:1  # Ring \u22121"
    assert "\\x1b[31m" in line_shown(built, "/a\\033[31mb")


def test_a_file_in_the_tree_is_shown_as_text(built, tmp_path):
    place = lab.ROOT / "build" / f"shown-{tmp_path.name}-{os.getpid()}"
    place.mkdir(parents=True)
    try:
        (place / "text").write_text("a\033[2Jb\n")
        assert line_shown(built, place / "text").endswith("text:1  a\\x1b[2Jb")
        (place / "link").symlink_to("/etc/passwd")
        os.mkfifo(place / "pipe")
        for name in ("link", "pipe"):
            assert line_shown(built, place / name).endswith(f"{name}:1")
    finally:
        shutil.rmtree(place)


@pytest.mark.parametrize(("arguments", "environment", "words"), [
    (["none.elf"], {}, "none.elf is not built yet; make builds it"),
    ([None, "--cpu", "z80"], {}, "CPU=z80: bochs has no such model; bochs --help cpu lists"),
    ([None], {"BOCHS": "no-such-bochs"}, "no-such-bochs is not installed; ./setup.sh"),
    ([None], {"BOCHS": "true"}, "Bochs has ended with code 0"),
    ([None], {"TOOLPREFIX": "zz-"}, "zz-nm is not installed; ./setup.sh"),
])
def test_what_cannot_be_done_is_said_in_one_line(built, tmp_path, arguments, environment, words):
    done = subprocess.run([*DEBUG, *[each or built("04") for each in arguments]], text=True,
                          env=os.environ | environment | {"TMPDIR": str(tmp_path)}, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 2 and words in done.stderr and not done.stdout
    assert len(done.stderr.splitlines()) == 1 and not list(tmp_path.iterdir())


def assert_both_refuse(elf, words):
    """Both debuggers say one line with these words."""
    for command in (DEBUG, GDB):
        done = subprocess.run([*command, elf], text=True, check=False, stdin=subprocess.DEVNULL,
                              capture_output=True)
        assert_one_line(done, words)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", bytes(range(256)) * 9, b"\x7fELF" * 99],
                         ids=["empty", "short", "something else", "garbage"])
def test_what_is_no_program_is_said_in_one_line(tmp_path, content):
    (tmp_path / "a.elf").write_bytes(content)
    (tmp_path / "a.img").write_bytes(b"")
    assert_both_refuse(tmp_path / "a.elf", "a.elf is no program with names in it")


def test_without_an_image_it_is_said_in_one_line(built, tmp_path):
    shutil.copy(built("04"), tmp_path / "a.elf")
    assert_both_refuse(tmp_path / "a.elf", "a.img is not built yet; make builds it")


def test_the_names_are_those_of_nm_without_its_file(built, tmp_path):
    shutil.copy(built("04"), tmp_path / "a.elf")
    shutil.copy(built("04").with_suffix(".img"), tmp_path / "a.img")
    (tmp_path / "a.sym").write_bytes(bytes(range(256)))
    told = dict(answers(session(tmp_path / "a.elf", tmp_path, "until host_entry", "u /1", "q")))
    assert "<host_entry>" in told["until host_entry"] and "host_entry" in told["u /1"]
