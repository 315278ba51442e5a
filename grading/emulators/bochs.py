"""Bochs, with its internal debugger.

The witness has two parts. The CPU log (`debug: cpu0=report`) has a line for each
exception, with the instruction count in front. The debugger, told to stop at every
switch of the CPU's mode (`modebp`) and at every VMX instruction of the program, shows
registers, and the stack on which the CPU has just put the state of a virtual-8086 task.
A stop counts only if the log has an exception one instruction earlier: what a program
writes to memory or jumps to proves nothing. A CPU that gives up (a triple fault) panics;
asked what to do, we say "debug", and look at it once more.
"""

import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections import Counter

from grading import process
from grading.emulators.bochs_config import (CPU, PROGRAM, WITNESS, configuration,  # noqa: F401
                                            models)  # the module's contract has models()
from grading.emulators.bochs_record import faults, parse, parse_step, parse_worlds, place
from grading.emulators.debugger import Debugger
from grading.emulators.frozen import Frozen
from grading.image import IMAGE_BYTES
from grading.witness import BEFORE_LAUNCH, STEPS, Memory, Run, Watch

NAME = "bochs"
OFFERS = ("vmx",)  # what a lab may need of its CPU

ENTRY = 0x10002  # the program's first instruction: no stops before it
MAX_STOPS = 8000  # then the run counts as a hang
BREAKPOINTS = 16  # that the debugger has

PANIC = re.compile(r">>PANIC<< (.*)")
PANICKED = "A PANIC has occurred."
MODE_SWITCH = "(0) Caught mode switch breakpoint switching to "
TO_PROTECTED_MODE = MODE_SWITCH + "'protected mode'\n"
MEMORY = re.compile(r"\t0x([0-9a-f]{8})")
GAVE_UP = "exception with no resolution"  # a triple fault


def interactive(folder, window, cpu=None, needs=()):
    """The command that boots folder/disk.img for a person."""
    size = (folder / "disk.img").stat().st_size
    (folder / "bochsrc").write_text(configuration(
        size, cpu, image=folder / "disk.img", serial=folder / "serial", log=folder / "cpu.log",
        display="x" if window else "term"))
    (folder / "script").write_text("continue\n")
    return [PROGRAM, "-q", "-f", f"{folder}/bochsrc", "-rc", f"{folder}/script"]


def stock(folder):
    """The same without any tuning of ours, for comparison."""
    interactive(folder, False)
    text = (folder / "bochsrc").read_text()
    text = re.sub(r"^sound: .*\n", "", text, flags=re.MULTILINE).replace("-legacy", "-latest")
    (folder / "stock").write_text(re.sub(r"ips=\d+", "ips=4000000", text))  # Bochs's own
    return [PROGRAM, "-q", "-f", f"{folder}/stock", "-rc", f"{folder}/script"]


def show(command, folder, stdin=None):
    """Runs it, without input, and passes on what comes over the serial line, which is a pipe.

    True if the CPU gave up in the end.
    """
    os.mkfifo(folder / "serial")
    with open(folder / "output", "wb") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, env=os.environ | {"TERM": "dumb"},
                                 preexec_fn=process.die_with_parent)
    # Opened for writing too: no waiting for Bochs to open it, should it fail to.
    pipe = os.open(folder / "serial", os.O_RDWR | os.O_NONBLOCK)
    try:
        copy(pipe, child)
    finally:
        child.kill()
        child.wait()
        os.close(pipe)
    return GAVE_UP.encode() in process.left(folder / "cpu.log")


def copy(pipe, child):
    """Copies the pipe to stdout until the child has ended and the pipe is empty."""
    ended = os.pidfd_open(child.pid)
    while True:
        ready, _, _ = select.select([pipe, ended], [], [])
        if pipe in ready:
            sys.stdout.buffer.write(os.read(pipe, 4096))
            sys.stdout.flush()
        else:
            break
    os.close(ended)


def debugger(version):
    """The option that asks for the debugger; 2.x always starts it and knows no such option."""
    return [] if re.search(r" 2\.\d", version) else ["-debugger"]


class Boot(Frozen):
    """One boot for the grader."""

    def __init__(self, folder, limits, version, cpu=None):
        """Starts Bochs in `folder`; its debugger waits in front of the first instruction."""
        super().__init__(folder, limits)
        (self.folder / "disk.img.lock").unlink(missing_ok=True)  # of a run that was killed
        (self.folder / "bochsrc").write_text(configuration(
            IMAGE_BYTES, cpu, image="disk.img", serial="serial.log", log="cpu.log",
            display="term") + WITNESS)
        self.cpu = cpu or CPU
        self.debugger = Debugger(self.folder, limits.file_bytes)
        try:
            self.child = process.start([PROGRAM, *debugger(version), "-q", "-f", "bochsrc"],
                                       limits, folder, os.environ | {"TERM": "dumb"}, piped=True)
        except BaseException:
            self.debugger.close()
            raise
        self.debugger.meet(self.child)
        self.watch = Watch()
        self.switches = []  # what the debugger said at each switch to protected mode
        self.steps = []  # (name, what it said before, and after) of each VMX instruction
        self.stepped = Counter()  # address → how many of these
        self.numbers = {}  # address → its breakpoint's
        self.worlds = []  # what it said at each switch of the mode, if there is VMX
        self.end = ""  # what it said of a CPU that gave up
        self.pieces = {}  # of memory
        self.stopped_too_often = False
        self.talk = threading.Thread(target=self.drive)

    def let_go(self, watch):
        """Lets the CPU run, and watches it from a thread of its own."""
        self.watch = watch
        self.talk.start()

    def cancel(self):
        """Gives it up; the thread hears its end."""
        if self.talk.is_alive():
            os.killpg(self.child.pid, signal.SIGKILL)
            self.talk.join()
        super().cancel()
        self.debugger.close()

    def drive(self):
        """From stop to stop, until Bochs has ended or there were too many."""
        ask = self.debugger.ask
        addresses = [*self.watch.at, *(address for address, name in self.watch.vmx.items()
                                       if self.watch.steps.get(name) != 0)][:BREAKPOINTS]
        self.numbers = {address: number for number, address in enumerate(addresses, 2)}
        ask(f"lbreak {ENTRY:#x}", "continue")  # Bochs 3 forgets what it was told behind it
        *_, said = ask("delete 1", "modebp",
                       *(f"lbreak {address:#x}" for address in addresses), "continue")
        for _ in range(MAX_STOPS):
            if said is None:
                return
            commands, note = self.look(said)
            *answers, after = ask(*commands)
            if None in answers:
                return
            said = note(said, answers, after)
        self.stopped_too_often = True
        ask("quit")

    def look(self, said):
        """What to ask for at a stop that opens like this, and what takes the answers down.

        The last command lets it run, and the others' answers are taken down, by a method
        that returns how the next stop opens.
        """
        address, mnemonic = place(said)
        memory = [f"xp /{(length + 3) // 4}wx {start:#x}" for start, length in self.watch.memory]
        if PANICKED in said:
            return [*memory, "r", "creg", "sreg", "quit"], self.note_end
        if address in self.watch.at:
            return [*memory, "continue"], self.note_memory
        if mnemonic and self.watch.vmx.get(address) == mnemonic:
            return ["r", "creg", "s", "r"], self.note_step
        if TO_PROTECTED_MODE in said:
            tables = [] if self.switches[1:] else ["sreg"]  # the first is no task's
            return ["r", "creg", "print-stack 10", *tables, "continue"], self.note_switch
        if self.watch.vmx and MODE_SWITCH in said:
            return ["r", "continue"], self.note_world
        return ["continue"], lambda said, answers, after: after

    def note_memory(self, said, answers, after):
        """Memory as it is now; what it was before does not count."""
        for (start, length), shown in zip(self.watch.memory, answers):
            words = [int(word, 16).to_bytes(4, "little") for word in MEMORY.findall(shown)]
            self.pieces[start] = b"".join(words)[:length]
        return after

    def note_end(self, said, answers, after):
        """A CPU that gave up."""
        self.end = said + "".join(answers[-3:])
        return self.note_memory(said, answers, after)

    def note_step(self, said, answers, behind):
        """A VMX instruction, executed now; `behind` are the registers then."""
        *before, after = answers
        address = place(said)[0]
        self.stepped[address] += 1
        self.steps.append((place(said)[1], said + "".join(before), after + (behind or "")))
        if MODE_SWITCH in after:  # a VM entry: the step ended in the guest
            self.worlds.append(after + (behind or ""))
        orders = self.orders(address)
        # `continue` would not stop where it stands, and a CPU that gave up would not stop at all.
        if self.look(after)[1] in (self.note_end, self.note_memory, self.note_step):
            self.debugger.ask(*orders)
            return after
        return self.debugger.ask(*orders, "continue")[-1]

    def orders(self, address):
        """What is stopped at from now on, and what no more, behind a step there."""
        name, limits = self.watch.vmx[address], self.watch.steps
        if self.stepped[address] == limits.get(name, STEPS):
            return [f"delete {self.numbers.pop(address)}"]
        order = {"vmlaunch": "bpd", "vmptrld": "bpe"}.get(name)  # breakpoint: disable, enable
        return [f"{order} {number}" for each, number in self.numbers.items()
                if order and limits.get(self.watch.vmx.get(each)) == BEFORE_LAUNCH]

    def note_switch(self, said, answers, after):
        """A switch to protected mode: a task may have trapped."""
        self.switches.append(said + "".join(answers))
        self.worlds.append(said + answers[0])
        return after

    def note_world(self, said, answers, after):
        """Another switch of the mode: a VM entry or a VM exit."""
        self.worlds.append(said + answers[0])
        return after

    def wait(self):
        """Waits for its end; the Run that it left."""
        if self.talk.ident:
            self.talk.join()
        ended = process.finish(self.child, self.limits)
        self.debugger.close()
        said = self.debugger.heard.decode(errors="replace")
        process.put(self.folder / "output", said)
        cpu_log = process.left(self.folder / "cpu.log").decode(errors="replace")
        powered_off = ">>PANIC<< Shutdown port: shutdown requested" in cpu_log
        reset = GAVE_UP in cpu_log
        over_budget = ended.over_budget
        if not (powered_off or reset or over_budget) and self.stopped_too_often:
            over_budget = "traps"
        faulted = faults(cpu_log)
        panic = PANIC.search(cpu_log)
        panicked = panic and f"[{ENTRY:#014x}]" in said  # by the program
        problem = None
        if not (powered_off or reset or over_budget or panicked):
            problem = f"Bochs ended with code {ended.code}: {self.complaint()}"
        return Run(
            serial=process.left(self.folder / "serial.log"),
            traps=parse(cpu_log, self.switches, self.end if reset else ""),
            over_budget=over_budget,
            reset=reset,
            powered_off=powered_off,
            emulator=NAME,
            cpu_seconds=ended.cpu_seconds,
            problem=problem,
            memory=Memory(self.pieces),
            vmx=tuple(parse_step(*step, faulted) for step in self.steps),
            vm=parse_worlds(cpu_log, self.worlds),
            cpu=self.cpu,
            gave_up=panic[1] if panicked and not (powered_off or reset) else None,
        )
