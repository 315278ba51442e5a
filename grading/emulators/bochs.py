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
from pathlib import Path

from grading import process
from grading.emulators.debugger import Debugger
from grading.emulators.frozen import Frozen
from grading.image import IMAGE_BYTES
from grading.structures import segment
from grading.witness import (EFLAGS_VM, REGISTERS, SEGMENTS, Memory, Run, Tables, Trap, VmEntry,
                             VmExit, VmxStep, Watch)

NAME = "bochs"
PROGRAM = "bochs"
SHARE = Path("/usr/share/bochs")
OFFERS = ("vmx",)  # what a lab may need of its CPU

# The CPU of the seeds: VMX without EPT. A lab may name others (`bochs --help cpu`).
CPU = "core2_penryn_t9600"

ENTRY = 0x10002  # the program's first instruction: no stops before it
MAX_STOPS = 8000  # then the run counts as a hang
BREAKPOINTS = 16  # that the debugger has
STEPS = 512  # of one VMX instruction that are looked at: a monitor's loop has thousands

# A low rate of instructions per emulated second keeps waiting (BIOS, UART) short.
IPS = 1000000

# Looking for sound devices costs a quarter of a boot: dummies.
CONFIGURATION = f"""\
config_interface: textconfig
display_library: {{display}}
megs: 32
cpu: model={{cpu}}, count=1, ips={IPS}, reset_on_triple_fault=0
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
# Behind the configuration: what is said of all devices there goes for the CPU too.
WITNESS = "debug: action=ignore, cpu0=report\npanic: action=fatal, cpu0=ask\n"

EXCEPTION = re.compile(
    r"^(?:\d{11}d\[CPU0  \] page fault for address ([0-9a-f]+) @ .*\n)?"
    r"(\d{11})d\[CPU0  \] exception\(0x([0-9a-f]{2})\): error_code=([0-9a-f]{4})", re.MULTILINE)
PANIC = re.compile(r">>PANIC<< (.*)")
GAVE_UP = "exception with no resolution"  # a triple fault
PANICKED = "A PANIC has occurred."
AFTER_QUESTION = re.compile(r" Next at t=(\d+)$", re.MULTILINE)
MODE_SWITCH = "(0) Caught mode switch breakpoint switching to "
TO_PROTECTED_MODE = MODE_SWITCH + "'protected mode'\n"
# Where it stops: the time; the physical address and the mnemonic, unless nothing is mapped.
NEXT = re.compile(r"^Next at t=(\d+)\n(?:WARNING: .*\n)*"
                  r"(?:\(0\) \[0x([0-9a-f]+)\] .*?\): (\w*))?", re.MULTILINE)
REGISTER = re.compile(r"^(r..): ([0-9a-f]{8})_([0-9a-f]{8})", re.MULTILINE)
WORLD = re.compile(r"^(\d{11})d\[CPU0  \] (?:(VMLAUNCH|VMRESUME) VMCS ptr|"
                   r"VMEXIT reason = (\d+) \(.*\) qualification=0x([0-9a-f]+))", re.MULTILINE)
FLAGS = re.compile(r"^eflags 0x([0-9a-f]{8})", re.MULTILINE)
CONTROL = re.compile(r"\bCR([034])=0x([0-9a-f]+)")
EFER = re.compile(r"^EFER=0x([0-9a-f]+)", re.MULTILINE)
EFER_LMA = 0x400  # long mode is active
STACK = re.compile(r"^ \| STACK 0x[0-9a-f]+ \[0x([0-9a-f]{8})\]", re.MULTILINE)
TABLE = re.compile(r"^(gdtr|idtr):base=0x([0-9a-f]+), limit=0x([0-9a-f]+)", re.MULTILINE)
SEGMENT = re.compile(r"^(.s|ldtr|tr):0x([0-9a-f]{4}), dh=0x([0-9a-f]{8}), "
                     r"dl=0x([0-9a-f]{8}), valid=", re.MULTILINE)
MEMORY = re.compile(r"\t0x([0-9a-f]{8})")


def configuration(image_bytes, cpu=None, **names):
    """The text of a bochsrc for an image of that size."""
    return CONFIGURATION.format(cylinders=image_bytes // (16 * 63 * 512), cpu=cpu or CPU, **names)


def interactive(folder, window, cpu=None, needs=()):
    """The command that boots folder/disk.img for a person."""
    size = (folder / "disk.img").stat().st_size
    (folder / "bochsrc").write_text(configuration(
        size, cpu, image=folder / "disk.img", serial=folder / "serial", log=folder / "cpu.log",
        display="x" if window else "term"))
    (folder / "script").write_text("continue\n")
    return [PROGRAM, "-q", "-f", f"{folder}/bochsrc", "-rc", f"{folder}/script"]


def models():
    """The names of the CPU models."""
    done = subprocess.run([PROGRAM, "--help", "cpu"], check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return re.findall(r"^(\w+)$", done.stdout, re.MULTILINE)


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
    return [] if version.startswith(f"{PROGRAM} 2.") else ["-debugger"]


class Boot(Frozen):
    """One boot for the grader."""

    def __init__(self, folder, limits, version, cpu=None):
        """Starts Bochs in `folder`; its debugger waits in front of the first instruction."""
        super().__init__(folder)
        (self.folder / "disk.img.lock").unlink(missing_ok=True)  # of a run that was killed
        (self.folder / "bochsrc").write_text(configuration(
            IMAGE_BYTES, cpu, image="disk.img", serial="serial.log", log="cpu.log",
            display="term") + WITNESS)
        self.cpu = cpu or CPU
        self.child = process.start([PROGRAM, *debugger(version), "-q", "-f", "bochsrc"], limits,
                                   folder, os.environ | {"TERM": "dumb"}, piped=True)
        self.debugger = Debugger(self.child, limits.file_bytes)
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

    def drive(self):
        """From stop to stop, until Bochs has ended or there were too many."""
        ask = self.debugger.ask
        addresses = [*self.watch.at, *self.watch.vmx][:BREAKPOINTS]
        self.numbers = {address: number for number, address in enumerate(addresses, 2)}
        self.debugger.listen()
        *_, said = ask(f"pbreak {ENTRY:#x}", "continue", "delete 1", "modebp",
                       *(f"pbreak {address:#x}" for address in addresses), "continue")
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
        that returns how the next stop opens. Nothing is sent behind that command: should
        the CPU panic, it would be read as an answer to what to do.
        """
        address, mnemonic = place(said)
        memory = [f"xp /{(length + 3) // 4}wx {start:#x}" for start, length in self.watch.memory]
        if PANICKED in said:
            return [*memory, "r", "creg", "sreg", "quit"], self.note_end
        if address in self.watch.at:
            return [*memory, "continue"], self.note_memory
        if mnemonic and self.watch.vmx.get(address) == mnemonic:
            return ["r", "creg", "s"], self.note_step
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

    def note_step(self, said, answers, after):
        """A VMX instruction, executed now."""
        if after is None:
            return None
        address = place(said)[0]
        self.stepped[address] += 1
        if self.stepped[address] == STEPS:
            self.debugger.ask(f"delete {self.numbers[address]}")
        # `continue` would not stop where it stands, and a CPU that gave up would not stop at all.
        stay = self.look(after)[1] in (self.note_end, self.note_memory, self.note_step)
        behind, *said_next = self.debugger.ask("r", *([] if stay else ["continue"]))
        self.steps.append((place(said)[1], said + "".join(answers), after + (behind or "")))
        if MODE_SWITCH in after:  # a VM entry: the step ended in the guest
            self.worlds.append(after + (behind or ""))
        return after if stay else said_next[0]

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
        ended = process.finish(self.child)
        said = self.debugger.heard.decode(errors="replace")
        (self.folder / "output").write_text(said)
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


def place(said):
    """(physical address, mnemonic) of the next instruction, at a stop that opens like this."""
    where = NEXT.search(said)
    return (int(where[2], 16), where[3]) if where and where[2] else (None, None)


def parse(cpu_log, switches, end=""):
    """The exceptions of the CPU log.

    With registers where the debugger stopped: `switches`, what it said each time; and
    where the CPU gave up: `end`, what it said of that. All exceptions of one time happened
    at one instruction: the first one to the program, the others on the way to a handler,
    and of those no more than the place is told.
    """
    stops = {}
    for text in switches:
        where, state = NEXT.search(text), parse_switch(text)
        if where and state:
            stops[int(where[1])] = state
    gave_up, last = AFTER_QUESTION.search(end), parse_end(end)
    traps, before = [], None
    for match in EXCEPTION.finditer(cpu_log):
        time = int(match[2])
        nested = time == before
        state = stops.get(time + 1, {})
        if last and gave_up and time + 1 == int(gave_up[1]):
            state = {name: last[name] for name in ("ip", "base")} if nested else last
        traps.append(Trap(vector=int(match[3], 16), error=int(match[4], 16), nested=nested,
                          cr2=int(match[1], 16) if match[1] else None, **state))
        before = time
    return traps


def parse_end(text):
    """The state of a CPU that gave up, from what the debugger said of it; None if cut off."""
    values, control = registers(text), controls(text)
    segments = {name: (int(selector, 16), segment(int(high + low, 16)).base)
                for name, selector, high, low in SEGMENT.findall(text)}
    flags, efer = FLAGS.search(text), EFER.search(text)
    if "rip" not in values or "cs" not in segments or not flags or not efer or 0 not in control:
        return None
    state = {"ip": values["rip"], "base": segments["cs"][1], "eflags": int(flags[1], 16),
             "cr0": control[0], "long": bool(int(efer[1], 16) & EFER_LMA),
             "segments": {name: segments[name][0] for name in SEGMENTS},
             "tables": parse_tables(text, control)}
    if not state["long"]:
        state["registers"] = {name: values["r" + name[1:]] for name in REGISTERS}
    return state


def parse_switch(text):
    """The task's state from one stop in the handler's first instruction, or None.

    The stack holds, a dword each: error code, IP, CS, EFLAGS, ESP, SS, ES, DS,
    FS, GS. SDM Vol. 3B, "Handling Exceptions and Interrupts in Virtual-8086 Mode".
    """
    values = {"e" + name[1:]: low for name, low in registers(text, 0xFFFFFFFF).items()}
    control = controls(text)
    stack = [int(value, 16) for value in STACK.findall(text)[:10]]
    if not set(REGISTERS) <= set(values) or 0 not in control or len(stack) < 10 \
            or not stack[3] & EFLAGS_VM:
        return None
    _, ip, cs, eflags, esp, ss, es, ds, fs, gs = stack
    values["esp"] = esp
    segments = {"es": es, "cs": cs, "ss": ss, "ds": ds, "fs": fs, "gs": gs}
    return {
        "registers": {name: values[name] for name in REGISTERS},
        "segments": {name: value & 0xFFFF for name, value in segments.items()},
        "ip": ip & 0xFFFF, "eflags": eflags, "cr0": control[0],
        "tables": parse_tables(text, control),
    }


def parse_tables(text, control):
    """The CPU's Tables, from what the debugger said to `sreg`; None if it did not."""
    bases = {name: (int(base, 16), int(limit, 16)) for name, base, limit in TABLE.findall(text)}
    for name, selector, high, low in SEGMENT.findall(text):
        descriptor = segment(int(high + low, 16))
        if name in ("ldtr", "tr"):
            bases[name] = (int(selector, 16), descriptor.base, descriptor.last)
    if len(bases) < 4 or not {3, 4} <= set(control):
        return None
    return Tables(cr3=control[3], cr4=control[4], **bases)


def faults(cpu_log):
    """Time → the vector of the first exception that the CPU log has for it."""
    found = {}
    for match in EXCEPTION.finditer(cpu_log):
        found.setdefault(int(match[2]), int(match[3], 16))
    return found


def parse_step(name, before, after, faulted):
    """One VMX instruction, from what the debugger said before and after it.

    `faulted`: of faults().
    """
    control = controls(before)
    time = int(NEXT.search(before)[1])
    flags = FLAGS.search(after)
    return VmxStep(name, time, registers(before), control.get(0, 0), control.get(4, 0),
                   int(flags[1], 16) if flags else 0, registers(after), faulted.get(time))


def parse_worlds(cpu_log, worlds):
    """Each VM entry and VM exit of the CPU log, with the registers at the stop behind it.

    An entry that the CPU refused is no entry: there is no stop.
    """
    stops = {int(where[1]): text for text in worlds if (where := NEXT.search(text))}
    events = []
    for match in WORLD.finditer(cpu_log):
        text = stops.get(int(match[1]) + 1, "")
        if not match[2]:
            events.append(VmExit(int(match[1]), int(match[3]), int(match[4], 16),
                                 registers(text)))
        elif text and "'long mode'" not in text:
            events.append(VmEntry(int(match[1]), match[2].lower(), registers(text),
                                  int(FLAGS.search(text)[1], 16)))
    return tuple(events)


def registers(text, mask=(1 << 64) - 1):
    """Name → value of the general registers in an answer to `r`."""
    return {name.strip(): int(high + low, 16) & mask
            for name, high, low in REGISTER.findall(text)}


def controls(text):
    """Number → value of the control registers in an answer to `creg`."""
    return {int(number): int(value, 16) for number, value in CONTROL.findall(text)}
