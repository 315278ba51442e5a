"""Bochs, with its internal debugger.

The witness has two parts. The CPU log (`debug: cpu0=report`) has a line for each
exception, with the instruction count in front. The debugger, told to stop at
every switch of the CPU's mode (`modebp`), prints the registers, and the stack on
which the CPU has just put the state of the virtual-8086 task. A stop counts only
if the log has an exception one instruction earlier: what a program writes to
memory or jumps to proves nothing.
"""

import os
import re
import select
import subprocess
import sys
from pathlib import Path

from grading import process
from grading.emulators.frozen import Frozen
from grading.image import IMAGE_BYTES
from grading.witness import EFLAGS_VM, REGISTERS, Run, Trap

NAME = "bochs"
PROGRAM = "bochs"
SHARE = Path("/usr/share/bochs")

ENTRY = 0x10002  # the program's first instruction: no stops before it
MAX_TRAPS = 400  # of tasks; then the run counts as a hang

# A low rate of instructions per emulated second keeps waiting (BIOS, UART) short.
IPS = 1000000

# Looking for sound devices costs a quarter of a boot: dummies.
CONFIGURATION = f"""\
config_interface: textconfig
display_library: {{display}}
megs: 32
cpu: model=core2_penryn_t9600, count=1, ips={IPS}, reset_on_triple_fault=0
romimage: file={SHARE}/BIOS-bochs-legacy
vgaromimage: file={SHARE}/VGABIOS-lgpl-latest
ata0: enabled=1
ata0-master: type=disk, path={{image}}, mode=flat, cylinders={{cylinders}}, heads=16, spt=63
boot: disk
com1: enabled=1, mode=file, dev={{serial}}
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
log: {{log}}
panic: action=fatal
error: action=ignore
info: action=ignore
"""
WITNESS = "debugger_log: witness.log\ndebug: action=ignore, cpu0=report\n"

EXCEPTION = re.compile(
    r"^(\d{11})d\[CPU0  \] exception\(0x([0-9a-f]{2})\): error_code=([0-9a-f]{4})", re.MULTILINE)
STOP = re.compile(r"^\(0\) Caught mode switch breakpoint switching to 'protected mode'\n"
                  r"Next at t=(\d+)\n", re.MULTILINE)
REGISTER = re.compile(r"^r(ax|cx|dx|bx|bp|si|di): [0-9a-f]{8}_([0-9a-f]{8})", re.MULTILINE)
CR0 = re.compile(r"^CR0=0x([0-9a-f]+):", re.MULTILINE)
STACK = re.compile(r"^ \| STACK 0x[0-9a-f]+ \[0x([0-9a-f]{8})\]", re.MULTILINE)


def configuration(image_bytes, **names):
    """The text of a bochsrc for an image of that size."""
    return CONFIGURATION.format(cylinders=image_bytes // (16 * 63 * 512), **names)


def interactive(folder, window):
    """The command that boots folder/disk.img for a person."""
    size = (folder / "disk.img").stat().st_size
    (folder / "bochsrc").write_text(configuration(
        size, image=folder / "disk.img", serial=folder / "serial", log=folder / "cpu.log",
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
    """Runs it, without input, and passes on what comes over the serial line, which is a pipe."""
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
    return [] if version.startswith(f"{PROGRAM} 2.") else ["-debugger"]


class Boot(Frozen):
    """One boot for the grader."""

    def __init__(self, folder, limits, version):
        """Starts Bochs in `folder`; its debugger waits in front of the first instruction."""
        super().__init__(folder)
        (self.folder / "disk.img.lock").unlink(missing_ok=True)  # of a run that was killed
        (self.folder / "bochsrc").write_text(WITNESS + configuration(
            IMAGE_BYTES, image="disk.img", serial="serial.log", log="cpu.log", display="term"))
        self.child = process.start([PROGRAM, *debugger(version), "-q", "-f", "bochsrc"], limits,
                                   folder, os.environ | {"TERM": "dumb"})

    def words(self):
        """The debugger's commands: run to the program, then show every trap.

        One command a line, no loops: the debugger has none. The first stop is the way to
        protected mode. From then on each second stop is a task's entry, where there is
        nothing to see, and the other its trap.
        """
        trap = "continue\ncontinue\nr\ncreg\nprint-stack 10\n"
        return f"pbreak {ENTRY:#x}\ncontinue\nmodebp\ncontinue\n" + trap * MAX_TRAPS + "quit\n"

    def wait(self):
        """Waits for its end; the Run that it left."""
        ended = process.finish(self.child)
        cpu_log = process.left(self.folder / "cpu.log").decode(errors="replace")
        witness = process.left(self.folder / "witness.log").decode(errors="replace")
        powered_off = ">>PANIC<< Shutdown port: shutdown requested" in cpu_log
        reset = "exception with no resolution" in cpu_log
        over_budget = ended.over_budget
        commands = witness.count("\ncontinue\n")
        if not (powered_off or reset or over_budget) and commands > 2 * MAX_TRAPS:
            over_budget = "traps"
        panicked = ">>PANIC<<" in cpu_log and f"[{ENTRY:#014x}]" in witness  # by the program
        problem = None
        if not (powered_off or reset or over_budget or panicked):
            problem = f"Bochs ended with code {ended.code}: {self.complaint()}"
        return Run(
            serial=process.left(self.folder / "serial.log"),
            traps=parse(cpu_log, witness),
            over_budget=over_budget,
            reset=reset,
            powered_off=powered_off,
            emulator=NAME,
            cpu_seconds=ended.cpu_seconds,
            problem=problem,
        )


def parse(cpu_log, witness):
    """The exceptions of the CPU log, with the debugger's registers where it stopped."""
    stops = {}
    matches = list(STOP.finditer(witness))
    ends = [match.start() for match in matches[1:]] + [len(witness)]
    for match, end in zip(matches, ends):
        state = parse_stop(witness[match.end():end])
        if state:
            stops[int(match[1])] = state

    traps = []
    for match in EXCEPTION.finditer(cpu_log):
        state = stops.get(int(match[1]) + 1)
        traps.append(Trap(vector=int(match[2], 16), error=int(match[3], 16), **(state or {})))
    return traps


def parse_stop(text):
    """The task's state from one stop in the handler's first instruction, or None.

    The stack holds, a dword each: error code, IP, CS, EFLAGS, ESP, SS, ES, DS,
    FS, GS. SDM Vol. 3B, "Handling Exceptions and Interrupts in Virtual-8086 Mode".
    """
    values = {"e" + name: int(value, 16) for name, value in REGISTER.findall(text)[:7]}
    cr0 = CR0.search(text)
    stack = [int(value, 16) for value in STACK.findall(text)[:10]]
    if len(values) < 7 or not cr0 or len(stack) < 10 or not stack[3] & EFLAGS_VM:
        return None
    _, ip, cs, eflags, esp, ss, es, ds, fs, gs = stack
    values["esp"] = esp
    segments = {"es": es, "cs": cs, "ss": ss, "ds": ds, "fs": fs, "gs": gs}
    return {
        "registers": {name: values[name] for name in REGISTERS},
        "segments": {name: value & 0xFFFF for name, value in segments.items()},
        "ip": ip & 0xFFFF, "eflags": eflags, "cr0": int(cr0[1], 16),
    }
