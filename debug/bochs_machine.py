"""Bochs with its debugger, for a person: what it says is passed on, Ctrl-C stops the guest.

The CPU's record (the log of debug: cpu0=report) and the serial line come through pipes, so
that a loop of exits, which writes ten megabytes of record a second, fills no disk.
"""

import os
import re
import select
import signal
import sys

from debug import cpu
from grading import image, process
from grading.emulators import bochs, bochs_config, bochs_record
from grading.emulators.bochs_record import EFER, FLAGS, SEGMENT, TABLE, controls
from grading.emulators.debugger import ANSWERS, Conversation
from grading.structures import segment

EVENT = re.compile(r"^(\d{11})\w\[CPU0  \] ((?:VMEXIT reason|VMFAIL|VMENTER FAIL|exception\().*)")
REFUSALS = "error: action=ignore, cpu0=report\n"  # why an entry is refused is told as an error
POWERED_OFF = ">>PANIC<< Shutdown port: shutdown requested"
PANIC = re.compile(r">>PANIC<< (.*)")
PARAMETER = re.compile(r"^ *(\w+) = (0x[0-9a-f]+|\d+|true|false)$", re.MULTILINE)
BYTES = re.compile(r"\t0x([0-9a-f]{2})\b")
REFUSED = re.compile(r"VMEXIT reason = (33|34|41) ")  # by the guest's state: that is no exit
MEMORY = bochs_config.MEGABYTES << 20
KEPT = 1000  # events of the record that are remembered between two stops
# How its question about a CPU that gave up opens. It is answered here, and not shown.
LID = b"=" * 72 + b"\nEvent type: PANIC\n"
LONGEST = len(LID)  # bytes that are held back when passing on: the LID, or a prompt, cut in two
NO_LIMITS = process.Limits(cpu_seconds=10**7, file_bytes=1 << 40)
SELECTORS = {"ldtr": "LDT", "tr": "TR"}
# After a panic; it listens to its input.
QUESTION = b"Choose one of the actions above: [die] "


class Ended(Exception):
    """Bochs has ended; why, in words."""


class Machine(Conversation):
    """A Bochs that stands before its first instruction. Use it in a `with`."""

    def __init__(self, folder, elf, program, version, cpu_model):
        for name in ("serial", "log"):
            os.mkfifo(folder / name)
        # Opened for writing too: no waiting for Bochs to open them, should it fail to.
        self.pipes = {name: os.open(folder / name, os.O_RDWR | os.O_NONBLOCK)
                      for name in ("serial", "log")}
        (folder / "disk.img").write_bytes(elf.with_suffix(".img").read_bytes())
        (folder / "bochsrc").write_text(bochs_config.configuration(
            image.IMAGE_BYTES, cpu_model, image="disk.img", serial="serial", log="log",
            display="term") + bochs_config.WITNESS + REFUSALS)
        super().__init__()
        self.child = process.start([program, *bochs.debugger(version), "-q", "-f",
                                    folder / "bochsrc"], NO_LIMITS, folder,
                                   os.environ | {"TERM": "dumb"}, process.PIPE)
        self.number = 1
        self.running = False  # a command of ours is on its way
        self.asked = False  # what to do after a panic
        self.prompting = False  # a person is asked
        self.passing = False  # on to the terminal, what it says
        self.record = b""  # the last line of the record, not all there yet
        self.events = []  # (time, what) since the last forget()
        self.exits = 0  # VM exits since the start
        self.panic = ""
        self.line = False  # the serial line is in the middle of a line
        self.echo = b""  # the command, which it may repeat before it answers
        if self.listen() is None:
            raise Ended(self.why())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        process.cancel(self.child)
        for pipe in self.pipes.values():
            os.close(pipe)

    def interrupt(self):
        """What Ctrl-C does: it stops the CPU, or it throws the line away that is being typed."""
        if self.running:
            self.child.send_signal(signal.SIGINT)
        elif self.prompting:
            raise KeyboardInterrupt

    def mark(self):
        """Its prompt: as a script, as a grader speaks to it, one slip of the pen would end it."""
        return b"<bochs:%d> " % self.number

    def ask(self, *commands):
        """Its answers to `commands`; None from where it ended."""
        process.tell(self.child, "".join(f"{command}\n" for command in commands))
        return [self.listen() for _ in commands]

    def hear(self):
        """As in Conversation; takes in the pipes too, and passes on what is to be passed on."""
        while True:
            ready, _, _ = select.select([self.child.stdout, *self.pipes.values()], [], [])
            self.drain()
            if self.child.stdout in ready:
                break
        del self.heard[:self.start]
        self.searched -= min(self.searched, self.start)
        self.start = 0
        more = os.read(self.child.stdout.fileno(), 65536)
        self.heard += more
        if self.heard.endswith(QUESTION):
            process.tell(self.child, ANSWERS[self.asked])
            self.asked = True
            if LID in self.heard:
                del self.heard[self.heard.rfind(LID):]
            self.searched = min(self.searched, len(self.heard))
        if self.passing:
            closed = self.heard.find(LID)
            end = len(self.heard) - (LONGEST if more else 0)
            self.pass_on(end if closed < 0 else min(end, closed))
        return bool(more)

    def pass_on(self, end):
        """Prints what it has said, up to `end`; not the echo of the command."""
        if self.echo and end >= self.start + len(self.echo):
            self.start += len(self.echo) * self.heard.startswith(self.echo, self.start)
            self.echo = b""
        if end > self.start and not self.echo:
            self.write(self.heard[self.start:end].decode(errors="replace"))
            self.start = end
            self.searched = max(self.searched, end)

    def drain(self):
        """Takes in all that is in the two pipes now."""
        for name, pipe in self.pipes.items():
            while True:
                try:
                    data = os.read(pipe, 65536)
                except BlockingIOError:
                    break
                (self.keep if name == "log" else self.show_serial)(data)

    def keep(self, data):
        """The record: only the events of VMX, and exceptions."""
        *lines, self.record = (self.record + data).split(b"\n")
        for line in lines:
            text = line.decode("ascii", "replace")
            if found := EVENT.match(text):
                self.events.append((int(found[1]), found[2]))
                self.exits += found[2].startswith("VMEXIT") and not REFUSED.match(found[2])
            elif (found := PANIC.search(text)) and not self.panic:
                self.panic = found[0]
        if len(self.events) > 2 * KEPT:
            del self.events[:-KEPT]

    def show_serial(self, data):
        """What the program sends, each line behind a bar."""
        for letter in data.decode("ascii", "replace"):
            if not self.line:
                sys.stdout.write("  | ")
            self.line = letter != "\n"
            sys.stdout.write(letter if " " <= letter <= "~" or letter == "\n" else "?")
        sys.stdout.flush()

    def write(self, text):
        """To the terminal, on a line of its own if the serial line is in the middle of one."""
        if self.line and text:
            sys.stdout.write("\n")
            self.line = False
        sys.stdout.write(text)
        sys.stdout.flush()

    def say(self, command, passing=False):
        """What it answers; Ended if it has ended. With `passing`, it is on the terminal too."""
        self.passing, self.running = passing, True
        self.echo = command.encode() + b"\n" if passing else b""
        try:
            said, = self.ask(command)
        finally:
            self.running = False
        self.drain()
        if said is None:
            if passing:
                self.pass_on(len(self.heard))
            raise Ended(self.why())
        if passing:
            self.write(said.removeprefix(self.echo.decode()))
        return said

    def why(self):
        """Why it has ended, in words."""
        self.drain()
        if self.panic == POWERED_OFF:
            return "the program has powered the machine off"
        if self.panic and not self.asked:
            return f"Bochs gave up: {self.panic}"
        code = process.finish(self.child, NO_LIMITS).code
        last = self.heard.decode(errors="replace").strip().rpartition("\n")[2]
        return f"Bochs has ended with code {code}{f': {last}' if code else ''}"

    def forget(self):
        """The events since it was last called."""
        self.drain()
        events, self.events = self.events, []
        return events

    @property
    def gave_up(self):
        """True if the CPU has given up, and stands where it did: it shall not run again."""
        return self.asked

    def physical(self, address, length):
        """Bytes at a physical address; fewer where there is no memory."""
        if address + length > MEMORY:  # far behind it, asking would kill Bochs
            return b""
        said = self.say(f"xp /{length}bx {address:#x}")
        return bytes(int(value, 16) for value in BYTES.findall(said))

    def parameters(self, name):
        """Name → number of what Bochs keeps below a parameter of its own: "cpu0.VMX"."""
        return {each: {"true": 1, "false": 0}.get(value) if value[0] in "tf" else int(value, 0)
                for each, value in PARAMETER.findall(self.say(f'show "{name}"'))}

    def state(self):
        """The CPU's state as a cpu.State."""
        general, control, segments = self.say("r"), self.say("creg"), self.say("sreg")
        registers = {name.upper(): value
                     for name, value in bochs_record.registers(general).items()}
        registers |= {f"CR{number}": value for number, value in controls(control).items()}
        registers["RFL"] = int(FLAGS.search(general)[1], 16)
        registers["EFER"] = int(EFER.search(control)[1], 16)
        cached = {}
        for name, selector, high, low in SEGMENT.findall(segments):
            found = segment(int(high + low, 16))
            cached[SELECTORS.get(name, name.upper())] = cpu.Cached(
                int(selector, 16), found.base, found.last, int(high, 16))
        tables = {name[:3].upper(): (int(base, 16), int(limit, 16))
                  for name, base, limit in TABLE.findall(segments)}
        ring = 0 if not registers["CR0"] & cpu.CR0_PE else 3 if registers["RFL"] & cpu.VM \
            else cached["CS"].selector & 3
        return cpu.State(registers, cached, tables, ring)
