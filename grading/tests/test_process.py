"""grading/process.py: budgets, and that nothing stays behind."""

import os
import select

import pytest

from grading import process
from grading.process import Limits

SPIN = "while :; do :; done"
PATIENCE = 60_000  # milliseconds; only a broken test waits that long


def run(folder, *command, **limits):
    return process.finish(process.start(command, Limits(**limits), folder))


def test_an_ordinary_end(tmp_path):
    ended = run(tmp_path, "sh", "-c", "echo said; echo cried >&2; read line; exit 7")
    assert (ended.code, ended.over_budget) == (7, None)
    assert (tmp_path / "output").read_text() == "said\ncried\n"


def test_a_spinning_child_uses_up_its_cpu_time(tmp_path):
    ended = run(tmp_path, "sh", "-c", SPIN, cpu_seconds=1)
    assert ended.over_budget == "CPU time"
    assert 0.5 < ended.cpu_seconds < 2.5


def test_so_does_one_that_ignores_the_first_signal(tmp_path):
    ended = run(tmp_path, "sh", "-c", f"trap '' XCPU; {SPIN}", cpu_seconds=1)
    assert ended.over_budget == "CPU time"


@pytest.mark.parametrize("command", [("yes",), ("dd", "if=/dev/zero", "of=f", "bs=4096")],
                         ids=["output", "file"])
def test_a_file_has_a_largest_size(tmp_path, command):
    ended = run(tmp_path, *command, file_bytes=100_000)
    assert ended.over_budget == "bytes written to a log"
    assert max(path.stat().st_size for path in tmp_path.iterdir()) <= 100_000


def test_a_crash_is_no_budget(tmp_path):
    assert run(tmp_path, "sh", "-c", "kill -SEGV $$") .over_budget is None


def open_pid(path):
    """A handle on the process whose number is in that file; None if it is gone."""
    try:
        return os.pidfd_open(int(path.read_text()))
    except ProcessLookupError:
        return None


@pytest.mark.parametrize("script", [
    "sleep 1000 & echo $! >pid", "(sleep 1000 & echo $! >pid) & wait; exit 3",
    "trap '' HUP TERM; sleep 1000 & echo $! >pid"])
def test_what_a_child_leaves_running_is_ended(tmp_path, script):
    run(tmp_path, "sh", "-c", script)
    handle = open_pid(tmp_path / "pid")
    if handle is None:
        return
    watch = select.poll()
    watch.register(handle, select.POLLIN)  # readable once it has ended
    ended = watch.poll(PATIENCE)
    os.close(handle)
    assert ended


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        process.start(["no-such-program"], Limits(), tmp_path)
