"""The exit path: instructions from a VM exit to the VM entry behind it.

Bochs counts them, so the figures are exact and the same on every machine. By reason, in a
challenge of lab 04's solution; and for an emulated mov %cr0, reg beside
labs/04-vmlaunch/tests/shortest, which does nothing but save, look, emulate, restore.
"""

import importlib
import random
import shutil
import statistics
from typing import NamedTuple

from grading import build, emulators, grader, image, lab, manual
from grading.process import Limits
from grading.versions import version
from grading.watch import watch
from grading.witness import REGISTERS, VmEntry, VmExit

TITLE = "The exit path"
GOAL = 4
WANTED = f"mov %cr0, reg: at most {GOAL} × the shortest way"
WHY = "It is written for reading. What that costs, part by part, was not measured."
LAB = "04"
SEED = 1
SHORTEST = "tests/shortest"
TIMES = 4  # each register
SHADOW = 0x12340020  # what the guest is told of CR0
SECONDS = 2  # of CPU time: the shortest way never ends, the guest spins at last
BEHIND_HLT = b"\x90\x90\xEB\xFE"  # nop, nop, jmp to itself: hlt taken for three bytes


class Cost(NamedTuple):
    """Instructions from exit to entry: the fewest, the usual and the most of `exits`."""

    least: int
    usual: int
    most: int
    exits: int


def cost_of(spent):
    """The Cost of exits that took so many instructions each."""
    return Cost(min(spent), round(statistics.median(spent)), max(spent), len(spent))


def program(writer):
    """A guest that asks for CR0, register by register. ESP is a field of the VMCS: not it."""
    guest = writer.new()
    for _ in range(TIMES):
        for register in REGISTERS:
            if register != "esp":
                guest.mov_from_cr0(register)
    guest.halt()
    guest.emit(BEHIND_HLT)
    return writer.done(guest)


def draw(rubric, region):
    """A challenge of lab 04 with that one program; its bytes, and the guest."""
    challenge, programs = (importlib.import_module(f"{rubric.__name__}.{name}")
                           for name in ("challenge", "programs"))
    writer = programs.Writer(random.Random(0), region + challenge.HEADER)
    guest = program(writer)
    run = challenge.Program(guest, challenge.CR0, ~0 & 0xFFFFFFFF, SHADOW)
    canaries = [1] * challenge.CANARIES
    drawn = challenge.Challenge(1, region, b"", writer.registers, canaries, guest, [run])
    return challenge.pack(drawn), guest


def boot(chosen, files, work, out):
    """Builds lab 04 of `files` and runs the program; the Run, and the guest."""
    with grader.locked(out):  # others build there, too
        built = build.make(chosen, files, work, out)
    if built.error:
        raise ValueError(f"{files}: {built.error}")
    symbols, rubric = image.read_symbols(built.symbols), chosen.rubric()
    content, guest = draw(rubric, symbols[rubric.REGION])
    emulator = emulators.get("bochs")
    folder = work / "run"
    folder.mkdir(parents=True)
    under_way = emulator.Boot(folder, Limits(SECONDS), version(emulator.PROGRAM, out),
                              chosen.cpu(0))
    under_way.go(image.with_challenge(built.image, symbols[rubric.REGION], content),
                 watch(chosen, rubric, built.image, symbols))
    return under_way.wait(), guest


def count(run, guest):
    """The Cost of the program's exits; ValueError if one was not emulated."""
    asked = [want for want in guest.traps if want.destination]
    start = max(number for number, event in enumerate(run.vm)  # the testbed has launched before
                if isinstance(event, VmEntry) and event.how == "vmlaunch")
    events = run.vm[start:start + 2 * len(asked) + 1]
    spent = []
    for number, want in enumerate(asked):
        left, entered = events[2 * number + 1:2 * number + 3]
        if not (isinstance(left, VmExit) and isinstance(entered, VmEntry)
                and entered.registers["rip"] == want.ip + len(want.code)
                and entered.registers["r" + want.destination[1:]] & 0xFFFFFFFF == SHADOW):
            raise ValueError(f"mov %cr0, %{want.destination} is not emulated")
        spent.append(entered.time - left.time)
    return cost_of(spent)


def compare(work, out):
    """The Costs of the solution and of the shortest way; `work` is emptied."""
    chosen = lab.find(LAB)
    costs = []
    for name in ("solution", "shortest"):
        folder = work / name
        shutil.rmtree(folder, ignore_errors=True)
        files = folder / "files"
        files.mkdir(parents=True)
        for file, owner in chosen.sources.items():
            shutil.copy(chosen.folder.parent / owner / file, files)
        if name == "shortest":
            shutil.copytree(chosen.folder / SHORTEST, files, dirs_exist_ok=True)
        costs.append(count(*boot(chosen, files, folder, out)))
    return costs


def by_reason(work, out):
    """Exit reason → the Cost of its exits, in one challenge of the solution's."""
    chosen = lab.find(LAB)
    _, runs = grader.grade(lab.ROOT, chosen, emulators.get("bochs"), SEED, out, work=work,
                           demands=grader.Demands(1))
    spent = {}
    for left, entered in zip(runs[0].vm, runs[0].vm[1:]):
        if isinstance(left, VmExit) and isinstance(entered, VmEntry) and entered.how == "vmresume":
            spent.setdefault(left.reason, []).append(entered.time - left.time)
    return {reason: cost_of(each) for reason, each in sorted(spent.items())}


def measure(folder, quick):
    """A row for each reason, and for what is compared."""
    out = folder / "build"
    solution, shortest = compare(folder, out)
    for what, cost in (("mov %cr0, reg: the solution", solution),
                       ("mov %cr0, reg: the shortest way", shortest)):
        yield {"exit": what} | cost._asdict() | {"ratio": round(cost.most / shortest.most, 2)}
    for reason, cost in by_reason(folder / "reasons", out).items():
        yield {"exit": f"all exits, reason {reason} ({manual.exit_reason(reason)})"} \
            | cost._asdict() | {"ratio": None}


def reached(rows):
    """Whether the solution is short enough."""
    return rows[0]["ratio"] <= GOAL
