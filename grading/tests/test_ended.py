"""grading/errors.py: who tells a program of ours to end is heard, wherever Python is just then."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref

import pytest

from grading import process
from grading.classroom import work
from grading.lab import ROOT
from grading.process import Limits

# What Python calls on its own, and whose exceptions it prints and forgets.
FORGETS = {
    "weakref": "class A: pass\na = A()\nkept = weakref.ref(a, lambda gone: {what})\ndel a",
    "finalizer": "class A:\n def __del__(self): {what}\nA()",
    "garbage": "class A:\n def __del__(self): {what}\na = A(); a.ring = a; del a; gc.collect()",
    "fork": "os.register_at_fork(after_in_parent=lambda: {what})\nif not os.fork(): os._exit(0)",
}
PROGRAM = """
import gc, os, signal, time, weakref
from grading import errors

def main():
{code}
    while time.process_time() < 5:  # it is heard long before
        pass
    return 0

signal.signal(signal.SIGINT, signal.default_int_handler)
errors.run_main(main)
"""


def run(code):
    """The end of a program with this in its main()."""
    text = PROGRAM.format(code="\n".join(f"    {line}" for line in code.split("\n")))
    return subprocess.run([sys.executable, "-c", text], cwd=ROOT, check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("place", FORGETS)
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143),
                                          (signal.SIGHUP, 129)])
def test_it_is_heard_where_python_forgets(place, number, code):
    done = run(FORGETS[place].format(what=f"os.kill(os.getpid(), {int(number)})"))
    assert (done.returncode, done.stderr) == (code, ""), done.stderr


def test_what_else_is_forgotten_is_printed():
    done = run(FORGETS["weakref"].format(what="1 / 0") + "\nreturn 7")
    assert done.returncode == 7 and "ZeroDivisionError" in done.stderr


def test_a_guard_is_no_garbage(tmp_path):
    gc.disable()
    try:
        child = process.start(["true"], Limits(), tmp_path)
        process.guard(child)
        guard = weakref.ref(child.guard)
        process.finish(child)
        del child
        assert guard() is None
    finally:
        gc.enable()


def test_a_grader_that_has_just_ended_is_stopped(tmp_path):
    child = process.start(["true"], Limits(), tmp_path)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    work.stop(child)
    assert child.returncode == 0


def test_what_is_run_ends_with_us(tmp_path):
    """Without waiting for our own end, which kills it in any case."""
    def told(number, frame):
        raise KeyboardInterrupt

    def tell():
        while not (tmp_path / "begun").exists():  # nothing else says that it runs
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGALRM)
    before = signal.signal(signal.SIGALRM, told)
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            process.run(["sh", "-c", f"echo $$ >{tmp_path}/pid; touch {tmp_path}/begun; sleep 1000"],
                        Limits(), tmp_path)
    finally:
        teller.join()
        signal.signal(signal.SIGALRM, before)
    assert not os.path.exists(f"/proc/{(tmp_path / 'pid').read_text().strip()}")
