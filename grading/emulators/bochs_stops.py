"""What Bochs' debugger is asked at each stop of a boot, and what it has answered.

It stops at every switch of the CPU's mode, at VMX instructions of the program, and where
memory is to be looked at. Each time it waits for us, which takes longer than what it does. So
where it will go on as before it is told so beforehand, on a condition: "continue if".
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from grading.emulators.bochs_record import MANY, flags, place
from grading.witness import CF, STEPS, ZF, BeforeLaunch, Watch

ENTRY = 0x10002  # the program's first instruction: no stops before it
MAX_STOPS = 8000  # then the run counts as a hang
BREAKPOINTS = 16  # that the debugger has
LONGEST = 15  # bytes of an instruction
CHANGEABLE = 0xFFFF  # of EFLAGS: what the debugger sets

PANICKED = "A PANIC has occurred."
MODE_SWITCH = "(0) Caught mode switch breakpoint switching to "
TO_PROTECTED_MODE = MODE_SWITCH + "'protected mode'\n"
TO_LONG_MODE = MODE_SWITCH + "'long mode'\n"
TO_V86_MODE = MODE_SWITCH + "'v8086 mode'\n"
V86_PLACE = re.compile(r"^\(0\) \[0x[0-9a-f]+\] ([0-9a-f]{4}):([0-9a-f]{4}) ", re.MULTILINE)
RIP = re.compile(r"^rip: ([0-9a-f]{8})_([0-9a-f]{8})", re.MULTILINE)
MEMORY = re.compile(r"\t0x([0-9a-f]{8,16})")

STAYED = "continue condition is FALSE"
# A virtual-8086 task that is not at the bottom of memory. No selector is so high, but in a table
# of more than 512 descriptors; and what stops in the program's own code has a higher IP.
IN_V86 = "(cs >= 0x1000) & (eip < 0x10000)"


class Stop(NamedTuple):
    """What to do at a stop."""

    orders: list[str]  # the last one lets it run; the answers to the others are taken down
    note: Callable  # takes them down; returns how the next stop opens
    ahead: bool = False  # it stands in front of what is to be seen; or gave up here
    row: bool = False  # its orders may lead to a second one: the note counts, as far as it came


class Step(NamedTuple):
    """What it said of one VMX instruction."""

    name: str
    before: str
    after: str
    told: str = ""  # behind a change of the flags


class Stops:
    """One boot's stops; an emulator's Boot adds the `debugger`."""

    def __init__(self):
        self.watch = Watch()
        self.switches = []  # what the debugger said at each switch to protected mode
        self.steps = []  # the Step of each VMX instruction
        self.executed = Counter()  # name → how many of these
        self.stepped = Counter()  # address → how many of these
        self.behind = {}  # address → where one of MANY led to
        self.numbers = {}  # address → its breakpoint's
        self.breakpoints = 0  # how many there ever were
        self.launched = False
        self.begun = set()  # linear addresses at which virtual-8086 mode was entered
        self.worlds = []  # what it said at each switch of the mode, if there is VMX
        self.left_to = None  # where the last VM exit led to
        self.host_entry = None  # the same, of one that was left by a VM entry
        self.end = ""  # what it said of a CPU that gave up
        self.pieces = {}  # of memory
        self.stopped = 0
        self.stopped_too_often = False

    def drive(self):
        """From stop to stop, until Bochs has ended or there were too many."""
        ask, watch = self.debugger.ask, self.watch
        addresses = [*watch.at, *(address for address, name in watch.vmx.items()
                                  if watch.steps.get(name) != 0)][:BREAKPOINTS]
        *_, said = ask(self.break_at(ENTRY), "continue", f"delete {self.numbers.pop(ENTRY)}",
                       "modebp", *map(self.break_at, addresses), "continue")
        while said is not None:
            if self.stopped > MAX_STOPS:
                self.stopped_too_often = True
                ask("quit")
                return
            stop = self.look(said)
            self.stopped += not stop.row
            *answers, after = ask(*stop.orders)
            if None in answers and not stop.row:
                return
            said = stop.note(said, answers, after)

    def break_at(self, address, condition=None):
        """The order to stop there; always, or if `condition`, an expression, holds."""
        self.breakpoints += 1
        self.numbers[address] = self.breakpoints
        return f"lbreak {address:#x}" + (f' if "{condition}"' if condition else "")

    def look(self, said):
        """The Stop that opens like this."""
        address, mnemonic = place(said)
        memory = [f"xp /{(length + 7) // 8}gx {start:#x}" for start, length in self.watch.memory]
        if PANICKED in said:
            return Stop([*memory, "r", "creg", "sreg", "quit"], self.note_end, ahead=True)
        if address in self.watch.at:
            return Stop([*memory, "continue"], self.note_memory, ahead=True)
        if mnemonic and self.watch.vmx.get(address) == mnemonic:
            return self.step(address, mnemonic)
        if TO_PROTECTED_MODE in said:
            tables = [] if self.switches[1:] else ["sreg"]  # the first is no task's
            return Stop(["r", "creg", "print-stack 10", *tables, "continue"], self.note_switch)
        if self.watch.vmx and MODE_SWITCH in said:
            return Stop(self.round_trips(said), self.note_worlds, row=True)
        return Stop(["continue"], self.note_begun if TO_V86_MODE in said else self.note_nothing)

    def note_nothing(self, said, answers, after):
        """A stop like many others."""
        return after

    def note_begun(self, said, answers, after):
        """A task begins, or goes on."""
        if found := V86_PLACE.search(said):
            self.begun.add(int(found[1], 16) * 16 + int(found[2], 16))
        return after

    def note_memory(self, said, answers, after):
        """Memory as it is now; what it was before does not count."""
        for (start, length), shown in zip(self.watch.memory, answers):
            words = [int(word, 16).to_bytes(8, "little") for word in MEMORY.findall(shown)]
            self.pieces[start] = b"".join(words)[:length]
        return after

    def note_end(self, said, answers, after):
        """A CPU that gave up."""
        self.end = said + "".join(answers[-3:])
        return self.note_memory(said, answers, after)

    def note_switch(self, said, answers, after):
        """A switch to protected mode: a task may have trapped."""
        self.switches.append(said + "".join(answers))
        self.worlds.append(said + answers[0])
        return after

    # ---- Another switch of the mode: a VM entry or a VM exit. ------------------

    def round_trips(self, said):
        """Orders at such a switch: the registers; and to go on. When a round trip has been seen,
        the same for the next one, on condition that it is the one which is due: behind an exit
        an entry, behind an entry an exit. At whatever else it stops it stays. Never for one
        more: where the CPU gives up at the first instruction behind an exit, it stands there
        as it stood at the exit, and would go on."""
        orders = ["r", "continue"]
        if self.host_entry is None:
            return orders
        if TO_LONG_MODE in said:
            orders += ["r", f"continue if {IN_V86}"]
        elif TO_V86_MODE in said:
            orders += ["r", f"continue if eip == {self.host_entry:#x}"]
        return orders

    def note_worlds(self, said, answers, after):
        """A VM entry or a VM exit, and the one that was due behind it."""
        for shown, opens in zip(answers[::2], [*answers[1::2], after]):
            if opens and STAYED in opens:  # nothing is noted: it will be looked at
                return said
            if shown is not None and MODE_SWITCH in said:
                self.note_world(said, shown)
            if opens is None:
                return None
            said = opens
        return said

    def note_world(self, said, shown):
        """One of them, by the general registers there."""
        self.stopped += 1
        self.worlds.append(said + shown)
        if TO_LONG_MODE in said:
            self.left_to = rip(shown)
        elif TO_V86_MODE in said and self.left_to is not None:
            self.host_entry = self.left_to

    # ---- VMX instructions. -----------------------------------------------------

    def step(self, address, name):
        """The Stop at a VMX instruction: the registers, before it and behind it. One of MANY goes
        on if it has led to where it did before."""
        if name not in MANY:
            return Stop(["r", "creg", "s", "r"], self.note_step, ahead=True)
        if address not in self.behind or self.stepped[address] + 1 == self.limit(name):
            return Stop(["r", "s", "r"], self.note_step, ahead=True)
        usual = f"eip == {self.behind[address]:#x}"
        return Stop(["r", "s", "r", f"continue if {usual}"], self.note_usual_step, ahead=True)

    def note_usual_step(self, said, answers, after):
        """One of MANY, executed now."""
        *before, behind = answers
        if after and STAYED in after:
            return self.note_step(said, before, behind)
        self.take_down(said, before, behind)
        return after

    def note_step(self, said, answers, behind):
        """A VMX instruction, executed now; `behind` are the registers then."""
        self.take_down(said, answers, behind)
        after = answers[-1]
        address, name = place(said)
        if MODE_SWITCH in after:  # a VM entry: the step ended in the guest
            self.worlds.append(after + (behind or ""))
        elif name in MANY and (next_one := rip(behind or "")) is not None:
            self.behind[address] = next_one
        telling = self.telling(name, answers[0], behind)
        orders = [*telling, *self.orders(address)]
        # `continue` would not stop where it stands, and a CPU that gave up would not stop at all.
        if ahead := self.look(after).ahead:
            self.behind.pop(address, None)
        else:
            orders.append("continue")
        said = self.debugger.ask(*orders) if orders else []
        if telling:
            self.steps[-1] = self.steps[-1]._replace(told=said[1] or "")
        return after if ahead else said[-1]

    def telling(self, name, before, behind):
        """Orders that change the flags behind the `name` that was executed now, and show them;
        none if the program shall see what the CPU has answered, or if the CPU did not go on
        there: an exception or a VM entry is no answer."""
        number = self.executed[name] - 1
        told = next((each for each in self.watch.told
                     if (each.name, each.number) == (name, number)), None)
        start, next_one, answer = rip(before), rip(behind or ""), flags(behind or "")
        if not told or None in (start, next_one, answer) \
                or not 0 < next_one - start <= LONGEST or answer & (CF | ZF) != told.answer:
            return []
        others = answer & CHANGEABLE & ~(CF | ZF)
        return [f"set $eflags = {others | told.instead:#x}", "r"]

    def take_down(self, said, answers, behind):
        """A step, as parse_step() wants it."""
        *before, after = answers
        address, name = place(said)
        self.stepped[address] += 1
        self.executed[name] += 1
        self.steps.append(Step(name, said + "".join(before), after + (behind or "")))

    def limit(self, name):
        """How many of these instructions are looked at, at each place."""
        return self.watch.steps.get(name, STEPS)

    def orders(self, address):
        """What is stopped at from now on, and what no more, behind a step there."""
        name = self.watch.vmx[address]
        if self.stepped[address] == self.limit(name):
            return [f"delete {self.numbers.pop(address)}"]
        few = {each: limit for each in self.numbers if isinstance(
            limit := self.limit(self.watch.vmx.get(each)), BeforeLaunch)}
        if name == "vmlaunch" and not self.launched:
            self.launched = True
            return [order for each, limit in few.items() for order in self.fewer(each, limit)]
        order = {"vmlaunch": "bpd", "vmptrld": "bpe"}.get(name)  # breakpoint: disable, enable
        return [f"{order} {self.numbers[each]}" for each in few if order]

    def fewer(self, address, limit):
        """Orders to stop at a VMWRITE for the fields alone that are looked at again; not yet."""
        forget = f"delete {self.numbers.pop(address)}"
        if not limit.again:
            return [forget]
        fields = " | ".join(f"(edi == {field:#x})" for field in limit.again)
        return [forget, self.break_at(address, fields), f"bpd {self.numbers[address]}"]


def rip(shown):
    """RIP in an answer to `r`; None if it is cut off."""
    found = RIP.search(shown)
    return int(found[1] + found[2], 16) if found else None
