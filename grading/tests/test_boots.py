"""The ends of the emulators' Boots: limits, failures, cancelling; and that nothing stays
behind. An emulator that fails on its own account is our error, never the student's."""

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from grading import emulators, image, judge, lab, log, process
from grading.emulators import bochs, bochs_config, bochs_stops
from grading.emulators.debugger import Debugger
from grading.image import IMAGE_BYTES
from grading.process import Limits
from grading.tests import support
from grading.tests.processes import processes
from grading.tests.programs import BEGIN, END, HEADERS, LOOP, boot, content, start, wanted
from grading.witness import Watch

PATIENCE = 20  # seconds; only what is broken takes that long


def children():
    """The children of this process, those that wait to be asked how they ended, too."""
    return {pid for each in Path("/proc/self/task").glob("*/children")
            for pid in each.read_text().split()}


@pytest.fixture(name="nothing_left", autouse=True)
def fixture_nothing_left(monkeypatch):
    """After each test: no thread, no child, no file is left, and no thread has failed."""
    failed = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    threads, files = set(threading.enumerate()), set(os.listdir("/proc/self/fd"))
    before = children()
    yield
    assert failed == []
    assert set(threading.enumerate()) <= threads
    assert set(os.listdir("/proc/self/fd")) <= files
    assert children() <= before


def test_too_many_stops_are_a_hang(program, tmp_path, monkeypatch):
    disk, symbols = program(LOOP)
    monkeypatch.setattr(bochs_stops, "MAX_STOPS", 20)
    run = boot("bochs", tmp_path / "boot", disk, Watch(((symbols["odd"], 7),), (symbols["spot"],)))
    assert (run.over_budget, run.problem, run.powered_off) == ("traps", None, False)
    assert run.memory.read(symbols["odd"], 7) == content(3)[1]
    said = log.read(run.serial, "program")
    assert judge.how_it_ended(said, run, {})[0] == "HANG"


def test_too_much_to_read_is_a_hang(program, tmp_path):
    disk, symbols = program(LOOP)
    run = boot("bochs", tmp_path / "boot", disk, wanted(symbols), Limits(file_bytes=1_000_000))
    assert (run.over_budget, run.problem) == ("bytes written to a log", None)
    assert (tmp_path / "boot" / "output").stat().st_size < 2_000_000


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_halted_cpu_uses_its_budget_up(name, program, tmp_path):
    disk, _ = program('asm volatile("cli; hlt");')
    run = boot(name, tmp_path / "boot", disk, limits=Limits(cpu_seconds=1))
    assert (run.over_budget, run.problem) == ("CPU time", None)


def test_there_are_as_many_breakpoints_as_the_module_says(tmp_path):
    names = [f"spot{number}" for number in range(bochs_stops.BREAKPOINTS + 1)]
    calls = "".join(f"{name}();" for name in names)
    main = HEADERS + "".join(f"void {name}(void);" for name in names) \
        + f"void main(void) {{ {BEGIN} {calls} {calls} report_end(); }}"
    code = "".join(f".globl {name}\n{name}: ret\n" for name in names)
    path = support.build_program(tmp_path / "program",
                                 {"main.c": main, "spots.S": f".text\n{code}"})
    symbols = image.read_symbols(path.with_suffix(".sym"))
    at = tuple(symbols[name] for name in names)
    run = boot("bochs", tmp_path / "boot", path.read_bytes(), Watch(((at[0], 1),), at))
    assert run.powered_off
    stops = re.findall(r"Breakpoint \d+, 0x([0-9a-f]+) in", (tmp_path / "boot/output").read_text())
    assert [int(stop, 16) for stop in stops if int(stop, 16) != bochs_stops.ENTRY] \
        == [*at[:-1], *at[:-1]]


def in_the_middle(name, folder, program, monkeypatch):
    """A Boot of an endless program that has got somewhere; on Bochs, at its stops."""
    disk, symbols = program(LOOP)
    there = threading.Event()
    note = bochs.Boot.note_memory

    def note_memory(self, *answers):
        there.set()
        return note(self, *answers)

    monkeypatch.setattr(bochs.Boot, "note_memory", note_memory)
    under_way = start(name, folder)
    under_way.go(disk, Watch(((symbols["odd"], 7),), (symbols["spot"],)))
    if name == "bochs":
        assert there.wait(PATIENCE)
    return under_way


def test_a_bochs_that_was_killed_leaves_nothing_behind(program, tmp_path, monkeypatch):
    under_way = in_the_middle("bochs", tmp_path / "boot", program, monkeypatch)
    os.kill(under_way.child.pid, signal.SIGKILL)
    run = under_way.wait()
    assert run.problem.startswith(f"Bochs ended with code {-signal.SIGKILL}: ")
    assert not under_way.talk.is_alive()


def test_a_bochs_may_be_cancelled_that_nobody_waits_for_any_more(program, tmp_path, monkeypatch):
    """As when Ctrl-C comes just behind its end."""
    under_way = in_the_middle("bochs", tmp_path / "boot", program, monkeypatch)
    os.kill(under_way.child.pid, signal.SIGKILL)
    process.finish(under_way.child)
    under_way.cancel()
    assert not under_way.talk.is_alive()


def test_a_bochs_is_heard_out_when_the_waiting_is_interrupted(program, tmp_path, monkeypatch):
    under_way = in_the_middle("bochs", tmp_path / "boot", program, monkeypatch)
    finish = process.finish

    def interrupted(child, limits):
        finish(child, limits)
        raise KeyboardInterrupt

    os.kill(under_way.child.pid, signal.SIGKILL)
    monkeypatch.setattr(process, "finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        under_way.wait()
    assert not under_way.talk.is_alive()
    under_way.cancel()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_boot_may_be_cancelled_before_it_goes(name, times, tmp_path):
    frozen = start(name, tmp_path / "boot")
    for _ in range(times):
        frozen.cancel()
    assert frozen.child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_boot_may_be_cancelled_when_it_goes(name, number, program, tmp_path, monkeypatch):
    listen = Debugger.listen

    def slow(self):
        said = listen(self)
        if said is None:
            time.sleep(0.1)  # a thread is not always as quick as one would wish
        return said

    monkeypatch.setattr(Debugger, "listen", slow)
    under_way = in_the_middle(name, tmp_path / "boot", program, monkeypatch)
    under_way.cancel()
    assert name == "qemu" or not under_way.talk.is_alive()
    under_way.cancel()
    assert under_way.child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_boot_may_be_cancelled_right_away(name, program, tmp_path):
    disk, symbols = program(LOOP)
    under_way = start(name, tmp_path / "boot")
    under_way.go(disk, wanted(symbols))
    under_way.cancel()


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_boot_may_be_cancelled_when_it_is_over(name, program, tmp_path):
    disk, _ = program(END)
    over = start(name, tmp_path / "boot")
    over.go(disk)
    assert over.wait().powered_off
    over.cancel()


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_failure_of_the_emulator_is_said_to_be_one(name, tmp_path, monkeypatch):
    emulator = emulators.get(name)
    if name == "qemu":
        monkeypatch.setattr(emulator, "machine", lambda: ["-machine", "no-such-machine"])
    else:
        monkeypatch.setattr(bochs_config, "CONFIGURATION", bochs_config.CONFIGURATION.replace(
            "BIOS-bochs-legacy", "no-such-bios"))
    run = emulators.boot(emulator, bytes(IMAGE_BYTES), tmp_path, Limits())
    assert run.problem, run
    assert not run.traps


def test_a_process_of_pipes_is_closed_at_its_end(tmp_path):
    child = process.start(["cat"], Limits(), tmp_path, output=process.PIPE)
    process.tell(child, "said")
    child.stdin.flush()
    assert os.read(child.stdout.fileno(), 100) == b"said"
    assert process.finish(child).code == 0
    assert child.stdout.closed and child.stdin.closed
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_person_s_boot_that_is_killed_takes_its_emulator_along(name, program, tmp_path):
    disk, _ = program(LOOP)
    (tmp_path / "disk.img").write_bytes(disk)
    boots = emulators.get(name)
    with subprocess.Popen([sys.executable, lab.ROOT / "grading" / "boot", tmp_path / "disk.img",
                           "--emu", name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, env=os.environ | {"TMPDIR": str(tmp_path)}
                          ) as child:
        assert b"begin" in child.stdout.readline()
        machine, = [pid for pid, line in processes(tmp_path) if line.startswith(boots.PROGRAM)]
        handle = os.pidfd_open(machine)
        child.kill()
        gone = select.select([handle], [], [], PATIENCE)[0]
        if not gone:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)
        assert gone, "it lives on"
