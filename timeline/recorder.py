"""The witness with a pencil: one boot on Bochs, of which more is kept than a grade needs.

The emulator, its configuration and its end are the grader's (grading/emulators/bochs.py);
only what the debugger is asked on the way differs. It stops at every switch of the CPU's
mode, at every VMX instruction of the program, and at each byte on the serial line; and
behind a switch of the mode it writes down the instructions that follow, up to STAY.
Nothing here is judged: what comes of it is for the eye.
"""

import os
import re

from grading import process
from grading.emulators import bochs, bochs_vmcs
from grading.emulators.bochs_record import NEXT
from grading.emulators.bochs_stops import (BREAKPOINTS, ENTRY, MODE_SWITCH, PANICKED,
                                           TO_PROTECTED_MODE)

STAY = 2500  # instructions that are traced behind each switch of the mode
MANY, LATER = 600, 500  # switches; behind these, a stay is traced less far
ONE_WORLD = 400_000  # the same, where a program has no guest and the mode does not change
TRACED = 800_000  # and in the whole run: the debugger needs 100 bytes for each
STEPS = 300  # of one VMX instruction that are looked at
SWITCHES = 24_000  # of the mode; then the run is cut
SILENT = 4000  # of these without a byte on the serial line: the same, no lab has half as many
KINDS = ("pbreak {:#x}", "lbreak {:#x}", "vbreak 0x8:{:#x}")  # 16 breakpoints of each
RETURN = re.compile(r"^ \| STACK 0x[0-9a-f]+ \[0x(?:([0-9a-f]{8}):0x)?([0-9a-f]{8})\]",
                    re.MULTILINE)
POINTER = re.compile(rb"VMCS ptr: 0x([0-9a-f]+)")

# Of the VMCS, at an exit. How Bochs keeps them is its own affair (bochs_vmcs.py), so story.py
# believes them only where the CPU log says the same.
FIELDS = {"reason": "EXIT_REASON", "qualification": "EXIT_QUALIFICATION",
          "interruption": "VM_EXIT_INTERRUPTION_INFORMATION",
          "length": "VM_EXIT_INSTRUCTION_LENGTH", "cs": "GUEST_CS_SELECTOR", "cr0": "GUEST_CR0",
          "cr3": "GUEST_CR3", "rsp": "GUEST_RSP", "ip": "GUEST_RIP", "flags": "GUEST_RFLAGS"}


class Recorder(bochs.Boot):
    """One boot whose stops are all kept: `stops`, a list of (kind, what it said, answers)."""

    def __init__(self, folder, limits, version, cpu=None):
        super().__init__(folder, limits, version, cpu)
        self.stops = []
        self.quiet = ()  # where functions of ours begin that print: not traced until they return
        self.waits = ()  # where a task waits for the line: not traced until it sends
        self.sends = ()  # the OUTs that send a byte
        self.most = STAY
        self.count = 0  # switches of the mode
        self.budget, self.left = STAY, TRACED  # of instructions: of this stay; of the run
        self.tracing = self.hushed = False
        self.cut = ""  # why, if we ended it
        self.home = None  # where a function of `quiet` returns to
        self.next = 0  # the number of the next breakpoint
        self.read = 0  # of the CPU log
        self.pointer = None  # to the VMCS
        self.layout = bochs_vmcs.major(version)

    def drive(self):
        """From stop to stop, until Bochs has ended or there were too many."""
        ask = self.debugger.ask
        ask(f"lbreak {ENTRY:#x}", "continue")
        wanted = [*self.quiet, *self.waits, *self.sends, *self.watch.vmx]
        wanted = [*dict.fromkeys(wanted)][:len(KINDS) * BREAKPOINTS - 1]
        self.numbers = {address: number for number, address in enumerate(wanted, 2)}
        self.next = len(wanted) + 2
        *_, start = ask("delete 1", "modebp", "disasm switch-mode", *(
            KINDS[(place + 1) // BREAKPOINTS].format(address)  # one of the first is kept free
            for place, address in enumerate(wanted)), "r")
        self.stops.append(("start", "", [start]))
        said, silent = self.run_on(), 0
        while said is not None:
            self.count += MODE_SWITCH in said
            silent = 0 if self.stops[-1][0] == "byte" else silent + (MODE_SWITCH in said)
            if self.count > SWITCHES or silent > SILENT:
                self.cut = f"{self.count} switches of the world, the last {silent} in silence"
                ask("quit")
                return
            said = self.stop(said)

    def run_on(self):
        """Lets it run, traced while something is left of both budgets; what it says next."""
        want = self.budget > 0 and self.left > 0 and not self.hushed
        switch = [] if want == self.tracing else [f"trace {'on' if want else 'off'}"]
        self.tracing = want
        *_, said = self.debugger.ask(*switch, f"s {self.budget}" if want else "continue")
        if want and said is not None:
            done = said.count("(0).[")
            self.budget -= done
            self.left -= done
            if done == 0 and MODE_SWITCH not in said:
                self.budget = 0
        return said

    def stop(self, said):
        """Takes one stop down; what the next one says."""
        if PANICKED in said:
            answers = self.debugger.ask("r", "creg", "sreg", "quit")
            self.end = said + "".join(filter(None, answers[:3]))
            self.keep("panic", said, answers[:3])
            return None
        where = re.findall(r"^\(0\) \[0x([0-9a-f]+)\] [^\n]*?\): (\w*)", said, re.MULTILINE)
        address, mnemonic = (int(where[-1][0], 16), where[-1][1]) if where else (None, "")
        if MODE_SWITCH in said:
            if not self.note_mode(said):
                return None
            said = ""
        if address in self.sends:
            self.keep("byte", said, [])
            if self.home is None:
                self.hush(self.waits, False)
        elif address == self.home:
            self.come_home(said)
        elif address in self.quiet and self.home is None:
            self.keep("trace", said, [])
            if not self.leave_home():
                return None
        elif address in self.waits:
            self.keep("trace", said, [])
            self.hush(self.waits, True)  # the line is polled in a loop that may start here
        elif mnemonic and mnemonic.startswith(self.watch.vmx.get(address, "?")):
            return self.step(said, address)
        elif said:
            self.keep("trace", said, [])
        return self.run_on()

    def hush(self, addresses, on):
        """Traces no more, and no more stops there; or again."""
        if self.hushed != on:
            self.hushed = on
            self.debugger.ask(*(f"{'bpd' if on else 'bpe'} {self.numbers[address]}"
                                for address in addresses if address in self.numbers))

    def leave_home(self):
        """A function of ours prints: on, up to where it returns to; False if all is over."""
        shown = self.debugger.ask("print-stack 1")[0]
        found = RETURN.search(shown or "")
        if not found:
            return shown is not None
        self.home = int((found[1] or "") + found[2], 16)
        self.hush([*self.quiet, *self.waits], True)
        self.debugger.ask(f"pbreak {self.home:#x}")
        self.next += 1
        return True

    def come_home(self, said):
        """It has returned, or left for another world."""
        if said:
            self.keep("trace", said, [])
        self.hush([*self.quiet, *self.waits], False)
        if self.home is not None:
            self.debugger.ask(f"delete {self.next - 1}")
            self.home = None

    def note_mode(self, said):
        """A switch of the mode: a trap, a return, an exit, an entry; False if it has ended."""
        self.budget = self.most if self.count < MANY else LATER
        if self.hushed:
            self.come_home("")
        tables = [] if len(self.switches) > 1 else ["sreg"]
        left_guest = bool(self.watch.vmx) and "'long mode'" in said
        commands = ["r", "creg", "print-stack 10", *tables]
        pieces = self.pieces_of_vmcs() if left_guest else []
        answers = self.debugger.ask(*commands, *pieces)
        if None in answers:
            return False
        if TO_PROTECTED_MODE in said:
            self.switches.append(said + "".join(answers[:3 + len(tables)]))
        if self.watch.vmx:
            self.worlds.append(said + answers[0])
        sent = sent_by(self.folder / "serial.log")
        self.keep("mode", said, [*answers[:3], sent], answers[len(commands):])
        return True

    def pieces_of_vmcs(self):
        """Commands that show the exit's fields; none before the first VMLAUNCH."""
        with open(self.folder / "cpu.log", "rb") as log:
            log.seek(self.read)
            text = log.read()
        found = POINTER.findall(text)
        self.read += max(0, len(text) - 200)  # a line may be half there
        if found:
            self.pointer = int(found[-1], 16)
        if self.pointer is None:
            return []
        places = [bochs_vmcs.offset(bochs_vmcs.number(field), self.layout)
                  for field in FIELDS.values()]
        return [f"xp /2wx {self.pointer + place:#x}" for place in places]

    def step(self, said, address):
        """A VMX instruction, executed now; it may end in the guest."""
        self.stepped[address] += 1
        often = [f"delete {self.numbers[address]}"] if self.stepped[address] == STEPS else []
        before, *_, after = self.debugger.ask("r", *often, "s")
        behind = self.debugger.ask("r")[0] if after is not None else None
        if behind is None:
            return None
        self.keep("vmx", said, [before, after, behind])
        return after

    def keep(self, kind, said, answers, more=()):
        """Writes a stop down."""
        self.stops.append((kind, said, [*answers, *more]))

    def wait(self):
        """The grader's own Run of it; what it looks at step by step is in `stops`."""
        run = super().wait()
        if self.cut and not (run.powered_off or run.reset):
            run = run._replace(problem=None, over_budget=self.cut)
        return run


def time_of(said):
    """The instruction count of the stop that `said` ends with; None if it names none."""
    times = NEXT.findall(said)
    return int(times[-1][0]) if times else None


def left(folder, name):
    """A file of the run."""
    return process.left(folder / name).decode(errors="replace")


def sent_by(path):
    """How many bytes are on the wire already."""
    return os.path.getsize(path) if path.exists() else 0
