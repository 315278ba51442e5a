"""bochs-debug as a process: Ctrl-C, signals, the terminal's end; nothing left behind."""

import os
import select
import signal
from contextlib import contextmanager

import pytest

from debug.tests.sessions import LONGEST, start
from grading.tests import support
from grading.tests.processes import processes


def until(child, words):
    """Reads on until the session says that."""
    said = ""
    while words not in said:
        letter = child.stdout.read(1)
        assert letter, said
        said += letter
    return said


@contextmanager
def endless(place, before=()):
    """A session whose CPU runs, and would for ever; and the number of its Bochs."""
    image = support.build_program(place / "program", {
        "main.c": '#include "serial.h"\nvoid main(void)\n{\n\tserial_init();\n\tfor (;;)\n'
                  "\t\t;\n}\n"})
    with start(image.with_suffix(".elf"), place, before=before) as child:
        until(child, "bochs> ")
        settle(child)
        child.send_signal(signal.SIGINT)  # at the prompt: a new prompt
        until(child, "bochs> ")
        child.stdin.write("until main\nc\n")
        child.stdin.flush()
        assert "<main>" in until(child, "bochs> c\n")
        machine, = [pid for pid, line in processes(place) if line.endswith("/bochsrc ")]
        spend(machine)
        yield child, machine


def test_ctrl_c_stops_the_cpu_and_only_that(tmp_path):
    with endless(tmp_path) as (child, _):
        child.send_signal(signal.SIGINT)
        assert "Next at t=" in until(child, "bochs> ")
        child.stdin.write("where\n")
        child.stdin.flush()
        assert "<main+" in until(child, "bochs> ")
        child.stdin.close()  # as Ctrl-D
        child.wait(LONGEST)
    assert child.returncode == 0 and not processes(tmp_path)
    assert not list(tmp_path.glob("bochs-debug-*"))


def settle(child):
    """Waits until it waits: a signal in the moment before that would wake nobody."""
    state = ""
    while state != "S":
        with open(f"/proc/{child.pid}/stat", encoding="ascii") as file:
            state = file.read().rpartition(")")[2].split()[0]


def spend(pid):
    """Waits until a process has used some more CPU time: it runs."""
    def used():
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
    before = used()
    while used() < before + 5:
        os.sched_yield()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_one_that_is_killed_takes_bochs_along(tmp_path, number):
    with endless(tmp_path) as (child, machine):
        handle = os.pidfd_open(machine)
        child.send_signal(number)
        assert select.select([handle], [], [], 20)[0], "Bochs lives on"
        os.close(handle)
    assert number == signal.SIGKILL or not list(tmp_path.glob("bochs-debug-*"))


def test_one_behind_nohup_survives_its_terminal(tmp_path):
    with endless(tmp_path, ["nohup"]) as (child, machine):
        child.send_signal(signal.SIGHUP)
        spend(machine)
        child.send_signal(signal.SIGTERM)
        assert child.wait(LONGEST) == 128 + signal.SIGTERM
