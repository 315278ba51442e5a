"""QEMU, with its TCG accelerator.

The witness is `-d int`: for each exception a block that opens with
"v=0d e=0000 i=0 cpl=3" and holds every register; and `-d in_asm`: where the
CPU begins to run code that it has not run yet, QEMU translates it, and shows it
under "IN:". Instruction counting with sleep=off makes time deterministic, and
makes a halted CPU use up CPU time instead of waiting, so that one budget ends
every kind of hang.
"""

import os
import re
from itertools import islice

from grading import process, sandbox
from grading.emulators.frozen import Frozen, crashed
from grading.witness import REGISTERS, SEGMENTS, Memory, Run, Tables, Trap, Watch

NAME = "qemu"
PROGRAM = "qemu-system-x86_64"
OFFERS = ()  # TCG, the accelerator without KVM, has no VMX

# An isa-debug-exit write of 0 (common/leave.c) ends QEMU with this code.
POWERED_OFF = 1

# The machine's memory is a file, which can be read when the run is over.
RAM_BYTES = 16 * 1024 * 1024
RAM = ["-m", "16", "-object", "memory-backend-file,id=ram,size=16M,mem-path=ram,share=on",
       "-machine", "memory-backend=ram"]

PROGRAMS = "0x0+0xa0000"  # where they are, and what they map: below the firmware
BEGUN = re.compile(r"^IN: .*\n0x([0-9a-f]+):", re.MULTILINE)

MAX_TRAPS = 5000  # read of a witness; an endless fault leaves many more

# By which a program ends QEMU.
POWER = ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

# An exception may be raised on the way to the handler of an `old` one; of a `new` one that
# turned into a #DF no more is known.
BLOCK = re.compile(r"(?:check_exception old: 0x([0-9a-f]+) new 0x([0-9a-f]+)\n *\d+: )?"
                   r"v=([0-9a-f]{2}) e=([0-9a-f]{4}) i=([01]) ")  # i=1: an INT instruction
NONE_BEFORE, DOUBLE_FAULT, PAGE_FAULT = 0xFFFFFFFF, 8, 14
CONTRIBUTORY = (0, 10, 11, 12, 13)  # with #PF, all that a handler's gate and stack can raise
REGISTER = re.compile(r"\b(E[A-D]X|E[SBD][IP]|EIP|EFL|CR0)=([0-9a-f]{8})")
SEGMENT = re.compile(r"^([C-GS]S) =([0-9a-f]{4}) ([0-9a-f]{8}) ", re.MULTILINE)
TABLE = re.compile(r"^(GDT|IDT)= {5}([0-9a-f]{8}) ([0-9a-f]{8})$", re.MULTILINE)
SYSTEM_SEGMENT = re.compile(r"^(LDT|TR )=([0-9a-f]{4}) ([0-9a-f]{8}) ([0-9a-f]{8}) ", re.MULTILINE)
FATAL = re.compile(r"^(?:\(qemu\) )?qemu: fatal: (.*)$", re.MULTILINE)
CONTROL = re.compile(r"\b(CR[234])=([0-9a-f]{8})\b")


def machine(cpu="qemu64", accelerator="tcg"):
    """QEMU's arguments for a PC without PCI and ACPI, which these programs never look at: its
    firmware has less to do, and a boot takes a quarter less time."""
    return ["-machine", "isapc", "-cpu", cpu, "-accel", accelerator, "-no-user-config",
            "-nodefaults", "-net", "none", "-no-reboot", *POWER]


def interactive(folder, window, cpu=None, needs=()):
    """The command that boots folder/disk.img for a person, serial line on the terminal."""
    return [PROGRAM, *machine(), *for_people(folder, window)]


def for_people(folder, window):
    """What a person's boot has, whatever the accelerator."""
    return ["-drive", f"file={folder}/disk.img,format=raw,if=ide", "-serial", "mon:stdio",
            *(["-vga", "std"] if window else ["-display", "none"])]


def models():
    """None by name: what programs of ours need of a CPU, QEMU has or has not."""
    return []


def stock(folder):
    """The same without any tuning of ours, for comparison."""
    return [PROGRAM, "-accel", "tcg", "-nodefaults", "-net", "none", "-no-reboot",
            *POWER, "-display", "none",
            "-serial", f"file:{folder}/serial",
            "-drive", f"file={folder}/disk.img,format=raw,if=ide"]


def show(command, folder, stdin=None):
    """Runs it. True if it ended without the program's saying so: a reset, or Ctrl-A X."""
    child = process.begin(command, stdin=stdin)
    try:
        return child.wait() == 0
    finally:
        child.kill()


class Boot(Frozen):
    """One boot for the grader."""

    def __init__(self, folder, limits, version, cpu=None):
        """Starts QEMU in `folder`, frozen in front of the first instruction."""
        super().__init__(folder, limits)
        self.ram = self.folder / "ram"
        self.ram.touch()
        os.truncate(self.ram, RAM_BYTES)
        self.ram.chmod(0o666)  # as the disk
        self.watch = Watch()
        command = [PROGRAM, *machine(), *RAM, "-icount", "shift=7,sleep=off", "-display", "none",
                   "-S", "-monitor", "stdio", "-sandbox", SANDBOX, "-serial", "file:serial.log",
                   "-d", "int,in_asm", "-dfilter", PROGRAMS, "-D", "witness.log",
                   "-pidfile", "alive",
                   "-drive", "file=disk.img,format=raw,if=ide"]
        self.child = process.start(command, limits, folder, os.environ | {"TMPDIR": str(folder)})

    def let_go(self, watch):
        """Lets the CPU run. Memory is read once, when it is over."""
        self.watch = watch
        process.tell(self.child, "cont\n")

    def memory(self):
        """What the machine's memory held at its end, where `watch` wants to know."""
        return Memory({address: process.left(self.ram, address, length)
                       for address, length in self.watch.memory
                       if address + length <= RAM_BYTES})  # what a program says may be anywhere

    def wait(self):
        """Waits for its end; the Run that it left."""
        ended = self.by_itself(process.finish(self.child, self.limits))
        serial = process.left(self.folder / "serial.log")
        # Odd codes are the program's doing: it chose what it wrote to the exit port. But
        # QEMU's own failures end with 1, too: before the program, and with a complaint.
        # It aborts where its CPU is in a state that it cannot emulate, and where a device is used
        # as it does not expect: the program's doing, once that has begun.
        fatal = FATAL.search(process.left(self.folder / "output").decode(errors="replace"))
        gave_up = fatal[1] if fatal else crashed(ended) if serial else None
        by_program = ended.code == 0 or ended.code > 0 and ended.code % 2 == 1 or gave_up
        complaint = self.complaint(f"{PROGRAM}: ")
        problem = None
        if (not by_program or not serial and complaint) and not ended.over_budget:
            problem = f"QEMU ended with code {ended.code}: {complaint}"
        witness = process.left(self.folder / "witness.log").decode(errors="replace")
        return Run(
            serial=serial,
            traps=parse(witness),
            begun=frozenset(int(linear, 16) for linear in BEGUN.findall(witness)) or None,
            over_budget=ended.over_budget,
            reset=ended.code == 0,
            powered_off=ended.code == POWERED_OFF,
            emulator=NAME,
            cpu_seconds=ended.cpu_seconds,
            problem=problem,
            memory=self.memory(),
            gave_up=gave_up,
        )

    def by_itself(self, ended):
        """The same, with the code that the program chose, if QEMU ended by itself. What a sandbox
        passes on may look as if a signal had killed it; but who is killed leaves the file with its
        number behind."""
        if ended.code >= 0 or (self.folder / "alive").exists():
            return ended
        return ended._replace(code=sandbox.DIED - ended.code, over_budget=None)


def parse(text):
    """The exceptions in a `-d int` log."""
    blocks = list(islice(BLOCK.finditer(text), MAX_TRAPS))
    ends = [block.start() for block in blocks[1:]] + [len(text)]
    traps = []
    for block, end in zip(blocks, ends):
        body = text[block.end():end].partition("\nSMM: ")[0].partition("\n-----")[0]
        values = {name.lower(): int(value, 16) for name, value in REGISTER.findall(body)}
        values |= {name.lower(): int(value, 16) for name, value in CONTROL.findall(body)}
        segments = {name.lower(): (int(selector, 16), int(base, 16))
                    for name, selector, base in SEGMENT.findall(body)}
        old, new, vector, error, software = (each and int(each, 16) for each in block.groups())
        if software:
            continue
        if len(segments) < len(SEGMENTS) \
                or not {"eip", "efl", "cr0", "cr3", *REGISTERS} <= set(values):
            continue  # cut off, or an interrupt of 64-bit code: its registers are named R..
        place = {"ip": values["eip"], "base": segments["cs"][1]}
        trap = Trap(
            vector=vector, error=error,
            registers={name: values[name] for name in REGISTERS},
            segments={name: selector for name, (selector, _) in segments.items()},
            eflags=values["efl"], cr0=values["cr0"], cr3=values["cr3"], tables=tables(body),
            cr2=values.get("cr2") if vector == PAGE_FAULT else None, **place)
        nested = old not in (None, NONE_BEFORE) or traps and follows(trap, traps[-1])
        if nested and vector == DOUBLE_FAULT and new != vector:
            traps.append(Trap(vector=new, error=None, nested=True, **place))
        traps.append(trap._replace(nested=bool(nested)))
    return traps


def follows(trap, before):
    """True if `trap` was raised on the way to the handler of `before`, where QEMU does not
    say so: where that one is benign, as #UD is. Then the CPU is the same in all."""
    same = all(getattr(trap, name) == getattr(before, name) for name in
               ("registers", "segments", "ip", "eflags", "cr0"))
    return same and trap.vector in (*CONTRIBUTORY, PAGE_FAULT) \
        and before.vector not in (*CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT)


def tables(body):
    """The CPU's Tables from one exception's block; None if it is cut off."""
    found = {name.lower() + "r": (int(base, 16), int(limit, 16))
             for name, base, limit in TABLE.findall(body)}
    for name, selector, base, limit in SYSTEM_SEGMENT.findall(body):
        found["tr" if name == "TR " else "ldtr"] = \
            (int(selector, 16), int(base, 16), int(limit, 16))
    found |= {name.lower(): int(value, 16) for name, value in CONTROL.findall(body)
              if name != "CR2"}
    return Tables(**found) if len(found) == len(Tables._fields) else None
