"""grading/process.py: budgets, and that nothing stays behind."""

import os
import select
import signal
import subprocess
import sys
import threading

import pytest

from grading import process
from grading.lab import ROOT
from grading.process import Limits

SPIN = "while :; do :; done"
PATIENCE = 10  # seconds; only what is broken takes that long


def run(folder, *command, **limits):
    return process.finish(process.start(command, Limits(**limits), folder))


def test_an_ordinary_end(tmp_path):
    ended = run(tmp_path, "sh", "-c", "echo said; echo cried >&2; exit 7")
    assert (ended.code, ended.over_budget) == (7, None)
    assert (tmp_path / "output").read_text() == "said\ncried\n"


def test_nobody_waits_for_more_input(tmp_path):
    child = process.start(["sh", "-c", "read line; exit 7"], Limits(), tmp_path)
    rescue = threading.Timer(PATIENCE, child.kill)
    rescue.start()
    ended = process.finish(child)
    rescue.cancel()
    assert ended.code == 7


def test_a_spinning_child_uses_up_its_cpu_time(tmp_path):
    ended = run(tmp_path, "sh", "-c", SPIN, cpu_seconds=1)
    assert ended.over_budget == "CPU time"
    assert 0.5 < ended.cpu_seconds < 2.5


def test_so_does_one_that_ignores_the_first_signal(tmp_path):
    ended = run(tmp_path, "sh", "-c", f"trap '' XCPU; {SPIN}", cpu_seconds=1)
    assert ended.code == -signal.SIGKILL


@pytest.mark.parametrize("command", [("yes",), ("dd", "if=/dev/zero", "of=f", "bs=4096")],
                         ids=["output", "file"])
def test_a_file_has_a_largest_size(tmp_path, command):
    ended = run(tmp_path, *command, file_bytes=100_000)
    assert ended.over_budget == "bytes written to a log"
    assert max(path.stat().st_size for path in tmp_path.iterdir()) <= 100_000


def test_a_crash_is_no_budget(tmp_path):
    assert run(tmp_path, "sh", "-c", "kill -SEGV $$").over_budget is None


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
    ended = watch.poll(PATIENCE * 1000)
    os.close(handle)
    assert ended


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        process.start(["no-such-program"], Limits(), tmp_path)


STARTER = """
from grading import process
child = process.start(["sleep", "1000"], process.Limits(), {folder!r})
print(child.pid, flush=True)
input()
"""


def test_a_child_does_not_outlive_a_grader_that_is_killed(tmp_path):
    grader = subprocess.Popen([sys.executable, "-c", STARTER.format(folder=str(tmp_path))],
                              cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with grader:
        handle = os.pidfd_open(int(grader.stdout.readline()))
        grader.kill()
    watch = select.poll()
    watch.register(handle, select.POLLIN)
    ended = watch.poll(PATIENCE * 1000)
    if not ended:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    os.close(handle)
    assert ended


HEARD = """
import os, signal, time
from grading import process

def told():
    os.kill(os.getpid(), signal.SIGINT)
    used = time.process_time()
    while time.process_time() < used + 0.1:  # in which another thread would hear it
        pass

signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    {code}
    print("ignored")
except KeyboardInterrupt:
    print("heard")
"""


@pytest.mark.parametrize("code, said", [
    ('os.register_at_fork(after_in_parent=told); process.begin(["true"])', "heard"),
    ("with process.undisturbed(): told(); print('then', end=' ')", "then heard"),
    ("""child = process.start(["sleep", "1000"], process.Limits(), {folder!r})
    process.guard(child)
    with process.undisturbed(): told(); print('then', end=' ')""", "then heard")],
    ids=["in-a-fork", "when-undisturbed", "beside-a-guard"])
def test_who_tells_us_to_end_is_heard(tmp_path, code, said):
    """Behind what must not be disturbed, and not while Python forks, where it would be lost."""
    text = HEARD.format(code=code.format(folder=str(tmp_path)))
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert done.stdout.strip() == said


def test_a_child_of_ours_hears_it_too(tmp_path):
    with process.undisturbed():
        child = process.start(["sleep", "1000"], Limits(), tmp_path)
    child.send_signal(signal.SIGTERM)
    process.guard(child, Limits(rest_seconds=1))  # should it not
    assert process.finish(child).code == -signal.SIGTERM


def test_one_that_only_sleeps_is_ended(tmp_path):
    ended, _ = process.run(["sh", "-c", "sleep 100 & wait"], Limits(rest_seconds=0.2), tmp_path)
    assert ended.over_budget.startswith("rest")


def test_one_that_is_stopped_does_not_rest(tmp_path):
    """As one that waits for a disk: it would work if it were let. Stopped for many looks of the
    guard, which takes a time: there is nothing else to wait for."""
    child = process.start(["sh", "-c", "kill -STOP $$; exit 7"], Limits(), tmp_path)
    process.guard(child, Limits(rest_seconds=0.1))
    waker = threading.Timer(1, lambda: os.killpg(child.pid, signal.SIGCONT))
    waker.start()
    ended = process.finish(child)
    waker.join()
    assert (ended.code, ended.over_budget) == (7, None)


def test_a_piece_of_what_a_child_left(tmp_path):
    file = tmp_path / "left"
    file.write_bytes(b"0123456789")
    assert process.left(file) == b"0123456789"
    assert process.left(file, 3, 4) == b"3456"
    assert process.left(file, 8, 4) == b"89"
    assert process.left(file, 99, 4) == b""


def test_what_is_no_file_of_its_own_is_nothing_that_a_child_left(tmp_path):
    (tmp_path / "ours").write_text("a secret")
    (tmp_path / "link").symlink_to("ours")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert {process.left(tmp_path / name) for name in ("link", "folder", "pipe", "none")} == {b""}
