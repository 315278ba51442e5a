"""What real boots have left, and how damaged copies of it are read again.

A Record is one boot of a solution, or of one with a mistake that costs the CPU. replay()
puts its files, damaged, where an emulator would have left them, and lets the emulator's own
module read them: what the debugger of Bochs says is talked through again, stop by stop.
"""

import fcntl
import os
import pickle
import re
import subprocess
import threading
from typing import NamedTuple

from grading import emulators, grader, lab, process
from grading.emulators.bochs_stops import Stops
from grading.emulators.debugger import Debugger
from grading.process import Ended
from grading.tests import support
from grading.tests.fuzz.damage import damaged
from grading.watch import watch
from grading.witness import Run, Watch

SEED = 20070131
NUMBER = re.compile(rb"^0x[0-9a-f]+ (\d+)$", re.MULTILINE)  # behind an answer
FILES = {"qemu": ("serial.log", "witness.log", "output"),
         "bochs": ("serial.log", "cpu.log", "output")}

# One wrong line in a solution, and the CPU gives up: lab, emulator, file, old, new.
CRASHES = {
    "in-v86": ("02", "bochs", "vmxstep1.c", "PAGE_RW | PAGE_US", "PAGE_RW"),
    "in-v86-on-qemu": ("02", "qemu", "vmxstep1.c", "PAGE_RW | PAGE_US", "PAGE_RW"),
    "in-long-mode": ("03", "bochs", "vmxstep2.c", "DESC_P | TYPE_TSS)", "DESC_P | TYPE_LDT)"),
    "behind-cr3": ("05-cr3-exercise", "bochs", "paging.c", "directory[0] = physical(table)",
                   "extern uint32_t tss[]; tss[2] = 0; directory[0] = physical(table)"),
}
NAMES = (*support.CASE_IDS, *CRASHES)


class Record(NamedTuple):
    """One boot, and what belongs to it."""

    lab: str
    emulator: str
    files: dict  # of FILES: what it left
    image: bytes  # as it was built, without a challenge
    symbols: bytes  # what nm said
    own: list  # the symbols that a student could have defined otherwise, or not at all
    watch: Watch
    run: Run

    @property
    def of(self):
        """The lab."""
        return lab.find(self.lab)

    @property
    def challenge(self):
        """What it faced."""
        rubric = self.of.rubric()
        return rubric.draw(SEED, self.run.symbols[rubric.REGION])


def record(name, folder):
    """Grades a solution, or one of CRASHES, in `folder`; the Record of its first boot."""
    of, emulator = next((case for case, each in zip(support.CASES, support.CASE_IDS)
                         if each == name), (None, None))
    if name in CRASHES:
        number, emulator, file, old, new = CRASHES[name]
        of = lab.find(number)
    sources = support.write_sources(of, folder / "sources")
    if name in CRASHES:
        text = (sources / file).read_text()
        assert text.count(old) == 1, name
        (sources / file).write_text(text.replace(old, new))
    values, runs = grader.grade(sources, of, emulators.get(emulator), SEED, support.OUT,
                                work=folder / "work", demands=grader.Demands(1))
    assert (values["score"] == values["max"]) == (name not in CRASHES), values
    assert runs[0].reset == (name in CRASHES), values
    left, built = folder / "work" / f"{emulator}-run0", folder / "work" / of.name
    rubric, symbols = of.rubric(), runs[0].symbols
    looking = watch(of, rubric, built.with_suffix(".img"), symbols)
    drawn = rubric.draw(SEED, symbols[rubric.REGION])
    return Record(of.name, emulator, {file: (left / file).read_bytes()
                                      for file in FILES[emulator]},
                  built.with_suffix(".img").read_bytes(), built.with_suffix(".sym").read_bytes(),
                  sorted(names((folder / "work" / "edit").glob("*.o"), "--defined-only") - names(
                      (support.OUT / of.name / "given").glob("*.o"), "--undefined-only")),
                  looking._replace(told=getattr(drawn, "told", ())), runs[0])


def names(objects, which):
    """The global names that these objects define, or need."""
    said = subprocess.run(["nm", "-g", which, *objects], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return {line.split()[-1] for line in said.splitlines() if line and line[-1] != ":"}


def recorded(name, folder):
    """The same, made once for all workers of pytest-xdist, who share `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{name}.record"
    with open(folder / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            made = pickle.dumps(record(name, folder / name))
            kept.with_suffix(".new").write_bytes(made)
            kept.with_suffix(".new").replace(kept)
    return pickle.loads(kept.read_bytes())


def replay(kept, files, ended, folder, memory=None):
    """The Run that an emulator's module makes of these files; `ended`: process.Ended.

    `memory`: what the machine's memory holds, as (address, bytes); None: what it held.
    """
    module = emulators.get(kept.emulator)
    (folder / "alive").unlink(missing_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    boot = object.__new__(module.Boot)
    boot.folder, boot.watch, boot.limits = folder, kept.watch, None
    if kept.emulator == "qemu":
        boot.ram = folder / "ram"
        write_memory(boot.ram, kept.run.memory.pieces.items() if memory is None else memory)
        boot.child = None
        return finished(boot, ended)
    boot.debugger = Listener(folder, kept.files["output"])
    boot.child, boot.cpu = None, kept.run.cpu
    Stops.__init__(boot)
    boot.watch = kept.watch
    boot.drive()
    boot.talk = threading.Thread()
    return finished(boot, ended)


class Listener(Debugger):
    """A Debugger that talks to nobody, and hears what stands in folder/output; it waits for the
    numbers that stood in `said`."""

    def __init__(self, folder, said):
        super().__init__(folder)
        os.close(self.script)
        self.script = self.ours[0] = os.open(os.devnull, os.O_WRONLY)
        os.write(self.output, process.left(folder / "output"))
        self.number = int(NUMBER.search(said)[1])

    def wait(self):
        """It is always our turn."""


def finished(boot, ended):
    """boot.wait(), whose child has ended so."""
    real = process.finish
    process.finish = lambda child, limits: ended
    try:
        return boot.wait()
    finally:
        process.finish = real


def write_memory(path, pieces):
    """The file that is QEMU's memory."""
    path.unlink(missing_ok=True)
    with open(path, "wb") as ram:
        os.truncate(path, emulators.get("qemu").RAM_BYTES)
        for address, content in pieces:
            ram.seek(address)
            ram.write(content)


def usual(kept):
    """The code with which that emulator ends a boot that ended as this one did."""
    return 0 if kept.emulator == "qemu" and kept.run.reset else 1


def damage(chance, kept, folder):
    """A Run read from this record's files, one or all of them damaged."""
    names = list(kept.files)
    harmed = chance.sample(names, chance.choice((1, 1, 1, len(names))))
    files = {name: damaged(chance, content) if name in harmed else content
             for name, content in kept.files.items()}
    memory = [(address, damaged(chance, content)[:len(content)])
              for address, content in kept.run.memory.pieces.items()]
    code = chance.choice((usual(kept),) * 6 + (0, 1, 2, 3, 255, -6, -9, -24, -25))
    over = process.OVER_BUDGET.get(-code) if code < 0 else None
    if code < 0 and chance.randrange(2):  # killed, or so it seems: its number is still there
        files["alive"] = b""
    return replay(kept, files, Ended(code, over, 0.25), folder,
                  memory if chance.randrange(2) else None)


def untouched(kept, folder):
    """What is read of the record as it is: the Run that the boot itself made."""
    return replay(kept, kept.files, Ended(usual(kept), None, kept.run.cpu_seconds), folder)
