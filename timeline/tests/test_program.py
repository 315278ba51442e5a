"""timeline/timeline, as it is called: what it compares, where it writes, what it refuses."""

import json
import subprocess

import pytest

from grading import lab, tree
from grading.tests.one_line import assert_one_line
from timeline import record

PROGRAM = lab.ROOT / "timeline" / "timeline"


def call(*arguments, **options):
    """Runs the program; the finished process."""
    return subprocess.run([PROGRAM, *map(str, arguments)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False, **options)


def test_labs_are_compared_one_after_the_other(tmp_path):
    """They are built in folders of their own: the files of one are not those of another."""
    for name in ("05-cr3-exercise", "01-vm86trap"):
        done = call(name, "--emu", "qemu", "--compare", "reference", "--text", "--out", tmp_path)
        assert done.returncode == 0, done.stderr
        assert "compared with the reference: alike to the end" in done.stdout


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
    done = subprocess.run(["make", "-s", "timeline", "LAB=01", "EMU=qemu", "COMPARE=reference"],
                          cwd=saved / "tree", text=True, capture_output=True, check=False)
    assert done.returncode == 2 and "say EMU=bochs\n" in done.stderr, done
