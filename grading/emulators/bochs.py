"""Bochs, with its internal debugger.

The witness has two parts. The CPU log (`debug: cpu0=report`) has a line for each
exception, with the instruction count in front. The debugger, told to stop at every
switch of the CPU's mode (`modebp`) and at VMX instructions of the program, shows
registers, and the stack on which the CPU has just put the state of a virtual-8086 task.
A stop counts only if the log has an exception one instruction earlier: what a program
writes to memory or jumps to proves nothing. A CPU that gives up (a triple fault) panics;
asked what to do, we say "debug", and look at it once more.
"""

import os
import re
import select
import sys
import threading
from subprocess import DEVNULL, STDOUT

from grading import process
from grading.emulators.bochs_config import (CPU, PROGRAM, WITNESS, configuration,  # noqa: F401
                                            models)  # the module's contract has models()
from grading.emulators.bochs_record import (faults, interrupts, leaves, parse, parse_step,
                                            parse_worlds)
from grading.emulators.bochs_stops import ENTRY, Stops
from grading.emulators.debugger import Debugger
from grading.emulators.frozen import Frozen, crashed
from grading.image import IMAGE_BYTES
from grading.witness import Memory, Run

NAME = "bochs"
OFFERS = ("vmx",)  # what a lab may need of its CPU

PANIC = re.compile(r">>PANIC<< (.*)")
GAVE_UP = re.compile(r"^\d+p\[CPU0  \] .*exception with no resolution", re.MULTILINE)  # a triple fault


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
    text = re.sub(r"^(sound|ata0-slave|vga|plugin_ctrl): .*\n", "", text, flags=re.MULTILINE)
    text = text.replace("-legacy", "-latest")
    (folder / "stock").write_text(re.sub(r"ips=\d+", "ips=4000000", text))  # Bochs's own
    return [PROGRAM, "-q", "-f", f"{folder}/stock", "-rc", f"{folder}/script"]


def show(command, folder, stdin=None):
    """Runs it, without input, and passes on what comes over the serial line, which is a pipe.

    True if the CPU gave up in the end.
    """
    os.mkfifo(folder / "serial")
    with open(folder / "output", "wb") as output:
        child = process.begin(command, stdin=DEVNULL, stdout=output, stderr=STDOUT,
                              env=os.environ | {"TERM": "dumb"})
    # Opened for writing too: no waiting for Bochs to open it, should it fail to.
    pipe = os.open(folder / "serial", os.O_RDWR | os.O_NONBLOCK)
    try:
        copy(pipe, child)
    finally:
        child.kill()
        child.wait()
        os.close(pipe)
    return bool(GAVE_UP.search(process.left(folder / "cpu.log").decode(errors="replace")))


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


class Boot(Stops, Frozen):
    """One boot for the grader."""

    def __init__(self, folder, limits, version, cpu=None):
        """Starts Bochs in `folder`; its debugger waits in front of the first instruction."""
        Frozen.__init__(self, folder, limits)
        Stops.__init__(self)
        (self.folder / "disk.img.lock").unlink(missing_ok=True)  # of a run that was killed
        (self.folder / "bochsrc").write_text(configuration(
            IMAGE_BYTES, cpu, image="disk.img", serial="serial.log", log="cpu.log",
            display="term") + WITNESS)
        self.cpu = cpu or CPU
        self.debugger = Debugger(self.folder)
        try:
            self.child = process.start([PROGRAM, *debugger(version), "-q", "-f", "bochsrc"],
                                       limits, folder, os.environ | {"TERM": "dumb"},
                                       self.debugger.output)
        except BaseException:
            self.debugger.close()
            raise
        self.debugger.meet(self.child)
        self.talk = threading.Thread(target=self.drive)

    def let_go(self, watch):
        """Lets the CPU run, and watches it from a thread of its own."""
        self.watch = watch
        self.talk.start()

    def cancel(self):
        """Gives it up; the thread hears its end."""
        super().cancel()
        self.hear_out()
        self.debugger.close()

    def hear_out(self):
        """Its last words; then the thread has ended."""
        self.debugger.hang_up()
        if self.talk.ident:
            self.talk.join()
        while self.debugger.hear():
            pass

    def wait(self):
        """Waits for its end; the Run that it left."""
        try:
            ended = process.finish(self.child, self.limits)
        finally:
            self.hear_out()
        self.debugger.close()
        said = self.debugger.heard.decode(errors="replace")
        process.put(self.folder / "output", said)
        cpu_log = process.left(self.folder / "cpu.log").decode(errors="replace")
        powered_off = ">>PANIC<< Shutdown port: shutdown requested" in cpu_log
        reset = bool(GAVE_UP.search(cpu_log))
        over_budget = ended.over_budget
        if not (powered_off or reset or over_budget) and self.stopped_too_often:
            over_budget = "traps"
        gave_up = problem = None
        if not (powered_off or reset or over_budget):
            panic = PANIC.search(cpu_log)
            why = panic[1] if panic else crashed(ended)
            begun = f"[{ENTRY:#014x}]" in said  # then it is the program's doing
            gave_up = why if begun else None
            problem = None if gave_up else f"Bochs ended with code {ended.code}: {self.complaint()}"
        cpuid = leaves(cpu_log)
        if not problem and not {0, 0x80000000} <= cpuid.keys():
            problem = "Bochs' log does not say what CPUID answers; is this a version that is known?"
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
            vmx=self.vmx_steps(cpu_log),
            vm=parse_worlds(cpu_log, self.worlds),
            cpu=self.cpu,
            cpuid=cpuid,
            gave_up=gave_up,
            begun=frozenset(self.begun) or None,
        )

    def vmx_steps(self, cpu_log):
        """The VmxSteps that were executed, or raised an exception."""
        faulted, interrupted = faults(cpu_log), interrupts(cpu_log)
        steps = [parse_step(step.name, step.before, step.after, faulted, step.told)
                 for step in self.steps]
        return tuple(step for step in steps if step.time not in interrupted)
