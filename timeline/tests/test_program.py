"""timeline/timeline, as it is called: what it compares, where it writes, what it refuses."""

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from grading import lab, tree
from grading.tests import support
from grading.tests.one_line import assert_one_line
from timeline import record
from timeline.tests.called import PROGRAM, call, make


def assert_said(done, words):
    """make failed, and what it started has said so in one line; make adds its own."""
    assert done.returncode == 2 and "Traceback" not in done.stderr, done
    first, *rest = done.stderr.splitlines(keepends=True)
    assert words in first and all(line.startswith("make") for line in rest), done


def test_labs_are_compared_one_after_the_other(tmp_path):
    """They are built in folders of their own: the files of one are not those of another."""
    for name in ("05-cr3-exercise", "01-vm86trap"):
        done = call(name, "--emu", "qemu", "--compare", "reference", "--text", "--out", tmp_path)
        assert done.returncode == 0, done.stderr
        assert "compared with the reference: alike to the end" in done.stdout


@pytest.mark.parametrize("variable", ["SAVE", "COMPARE"])
def test_a_file_has_one_program(variable, tmp_path):
    done = make("LAB=05", "timeline", f"{variable}={tmp_path}/x.json", f"OUT={tmp_path}")
    assert_one_line(done, "which program of lab 05? say LAB=05-cr3-exercise or LAB=05-cr3-vmx")
    assert not [*tmp_path.iterdir()]


def test_all_is_written_where_out_says(tmp_path):
    def written(*arguments, folder=lab.ROOT):
        done = make("timeline", "EMU=qemu", *arguments, folder=folder)
        assert done.returncode == 0, done.stderr
        return done.stdout.rpartition(": ")[2].strip()

    assert written("LAB=01", f"OUT={tmp_path}") == f"{tmp_path}/timeline/01-vm86trap.html"
    relative = os.path.relpath(tmp_path, lab.find("01").folder)
    assert written(f"OUT={relative}", folder=lab.find("01").folder) \
        == f"{tmp_path}/timeline/01-vm86trap.html"
    # And where it usually is.
    assert written(folder=lab.find("01").folder) == f"{lab.ROOT}/build/timeline/01-vm86trap.html"


@pytest.mark.parametrize("place", ["elsewhere", "below"])
def test_a_stranger_s_files_are_not_run_by_mistake(place, tmp_path):
    """A lab's own folder is ours; what lies elsewhere, even below build/, may be anybody's."""
    (lab.ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=lab.ROOT / "build") as below:
        folder = Path(below if place == "below" else tmp_path)
        sources = support.write_sources(lab.find("01"), folder / "mine")
        arguments = ("01", "--emu", "qemu", "--folder", sources, "-o", tmp_path / "page.html")
        assert_one_line(call(*arguments), f"--folder {sources}", "say --no-sandbox")
        assert not (tmp_path / "page.html").exists()
        done = call(*arguments, "--no-sandbox")
    assert done.returncode == 0 and (tmp_path / "page.html").exists(), done
    assert call("01", "--emu", "qemu", "--folder", lab.find("01").folder, "-o",
                tmp_path / "page.html").returncode == 0


@pytest.fixture(name="saved")
def fixture_saved(task, task_on_qemu, tmp_path):
    """The folder of two saved runs of lab 01."""
    for name, seen in (("bochs", task), ("qemu", task_on_qemu)):
        (tmp_path / f"{name}.json").write_text(json.dumps(record.of(seen)))
    return tmp_path


@pytest.mark.parametrize(("one", "two"), [("qemu", "bochs"), ("bochs", "qemu")])
def test_runs_of_two_emulators_are_not_compared(saved, one, two):
    page = saved / "page.html"
    done = call("--show", saved / f"{one}.json", "--compare", saved / f"{two}.json", "-o", page)
    assert_one_line(done, f"this run is of {one}", f"say EMU={two}")
    assert not page.exists()
    assert call("--show", saved / f"{one}.json", "--compare", saved / f"{one}.json", "-o",
                page).returncode == 0


def test_nor_is_the_reference_of_a_students_tree(saved):
    """There it was saved, on Bochs."""
    tree.make_tree(lab.ROOT, saved / "tree")
    (saved / "tree/labs/01-vm86trap/reference").mkdir(exist_ok=True)
    (saved / "bochs.json").rename(saved / "tree/labs/01-vm86trap/reference/timeline.json")
    done = make("timeline", "LAB=01", "EMU=qemu", "COMPARE=reference", folder=saved / "tree")
    assert_said(done, "say EMU=bochs\n")


@pytest.mark.parametrize("path", [".", "/proc/x/y", "bochs.json/x", "pipe"])
@pytest.mark.parametrize("option", ["-o", "--save"])
def test_where_nothing_can_be_written_is_said(saved, option, path):
    os.mkfifo(saved / "pipe")
    before = sorted(saved.iterdir())
    done = call("--show", "bochs.json", option, path, *["--text"] * (option == "--save"), cwd=saved)
    assert_one_line(done, f"{path} cannot be written (")
    assert sorted(saved.iterdir()) == before and (saved / "pipe").is_fifo()


def test_make_says_so_too(saved):
    assert_said(make("timeline", "LAB=01", "EMU=qemu", "SAVE=/"), "/ cannot be written (")
    assert_said(make("timeline", "LAB=01", "EMU=qemu", f"SAVE={saved}/no/x"), "no/x cannot be written (No such")


@pytest.mark.parametrize("option", ["-o", "--save"])
def test_a_file_is_written_in_whole_or_not_at_all(saved, option):
    """A disk that is full: what was there is left, and nothing beside it."""
    (saved / "x").write_text("before")
    before = sorted(saved.iterdir())
    limit = ["prlimit", "--fsize=20000", PROGRAM, "--show", saved / "bochs.json", option, saved / "x",
             *["--text"] * (option == "--save")]
    done = subprocess.run([*map(str, limit)], text=True, capture_output=True, check=False,
                          preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
    assert_one_line(done, "x cannot be written (File too large)")
    assert (saved / "x").read_text() == "before" and sorted(saved.iterdir()) == before
