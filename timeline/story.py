"""From what the debugger said to a story: events in order, and the way from one to the next.

An Event is a moment at which the CPU went from one world to another, or at which the program
executed a VMX instruction. The worlds ("lanes") are the guest's ring 3, its ring 0 and the
host. Times are instructions since the program's first; on QEMU, which does not count, the
ordinal of the event.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from grading import manual
from grading.emulators.bochs_record import EXCEPTION, FLAGS, WORLD, parse_switch, registers
from grading.witness import GENERAL, Trap

from timeline import names
from timeline.recorder import STAY, time_of
from timeline.said import CODE_AT_STOP, MODE, TRACE, fields_of, flags_of, operands, state_of

GUEST3, GUEST0, HOST = range(3)
INJECTED = re.compile(r"^(\d{11})d\[CPU0  \] VMENTER: Injecting vector 0x([0-9a-f]+)", re.MULTILINE)
SIZE = re.compile(r"[bwlq]$")
FLAG_CF, FLAG_ZF = 1, 1 << 6


@dataclass
class Event:
    """One moment; what is not known is None or empty."""

    time: int
    kind: str  # trap, exit, entry, return, vmx, mode
    name: str  # "#GP", "I/O instruction", "vmread", ...
    lane: int  # where the CPU was
    to: int  # where it is then
    facts: list = field(default_factory=list)  # of (name, text)
    registers: dict = field(default_factory=dict)  # of `lane`; of `to`, if that is entered
    after: dict = field(default_factory=dict)  # of a VMX instruction
    code: tuple | None = None  # (linear address, bytes in hex, text, "cs:ip")
    path: list = field(default_factory=list)  # the codes behind it, as far as they were traced
    whole: bool = False  # up to the next switch, but for what prints
    sent: int = 0  # bytes of the log before it
    value: tuple | None = None  # of a VMX instruction: (field's name, value, "read"/"write")


@dataclass
class Story:
    """A whole run."""

    events: list
    lanes: list  # the worlds' names
    counted: bool  # the times are instructions
    exact_log: bool  # it is known which bytes of the log were sent when
    end: int = 0  # the time of the last thing seen


def of_bochs(stops, run, lanes, cpu_log):
    """The Story of a Recorder's stops."""
    ring0 = zero(lanes) if "host_entry" not in run.symbols else HOST
    teller = Teller(cpu_log, ring0)
    for kind, said, answers in stops:
        teller.hear(kind, said, answers)
    return teller.story(run, lanes, len(run.serial))


class Teller:
    """Listens to the stops, one after the other."""

    def __init__(self, cpu_log, ring0):
        self.ring0 = ring0  # whose it is, outside VMX non-root operation
        self.codes = {}  # time → code of the instruction executed then
        self.exits, self.entries, self.faults, self.injected = {}, {}, {}, {}
        for match in WORLD.finditer(cpu_log):
            if match[2]:
                self.entries[int(match[1])] = match[2].lower()
            else:
                self.exits[int(match[1])] = (int(match[3]), int(match[4], 16))
        for match in EXCEPTION.finditer(cpu_log):
            self.faults.setdefault(int(match[2]), []).append(
                (int(match[3], 16), int(match[4], 16), match[1] and int(match[1], 16)))
        for match in INJECTED.finditer(cpu_log):
            self.injected[int(match[1])] = int(match[2], 16)
        self.lane, self.in_guest = ring0, False
        self.events, self.steps = [], []
        self.bytes, self.byte_times, self.last = 0, [], 0
        self.told = set()  # times of the log's exits and faults that have an event
        self.marks = []  # (time, bytes counted, bytes on the wire)
        self.last_state = {}  # the registers where the CPU gave up

    def hear(self, kind, said, answers):
        """One stop."""
        if kind == "panic" and None not in answers:
            self.last_state = state_of(*answers[:2])
            return
        for match in TRACE.finditer(said):
            self.codes[int(match[1])] = (int(match[2], 16), match[5], match[4].strip(), match[3])
        time = time_of(said)
        if time is None:
            return
        self.last = max(self.last, time)
        if kind == "byte":
            self.bytes += 1
            self.byte_times.append(time)
        elif kind == "mode":
            mode = MODE.findall(said)
            self.switch(time - 1, mode[-1] if mode else "", answers)
        elif kind == "vmx":
            self.step(time, said, answers)

    def switch(self, time, mode, answers):
        """The CPU goes from one world to another."""
        shown, control, stack, sent, *pieces = answers
        self.marks.append((len(self.events), self.bytes, sent))
        values = state_of(shown, control)
        task = parse_switch(shown + control + stack)
        came_from = self.lane
        if time in self.exits:
            self.in_guest = False
            self.lane = HOST
            self.told.add(time)
            self.add_exit(time, came_from, values, pieces)
        elif time in self.entries:
            self.in_guest = True
            self.lane = GUEST3 if "v8086" in mode else GUEST0
            self.add(Event(time, "entry", self.entries[time], HOST, self.lane,
                           registers=values))
            if time in self.injected:
                vector = self.injected[time]
                self.events[-1].facts.append(
                    ("injected", f"{names.vector_name(vector)}: the CPU delivers it first"))
        elif "v8086" in mode:
            self.lane = GUEST3
            self.add(Event(time, "return", "IRET", came_from, GUEST3, registers=values))
        elif came_from == GUEST3 and task:
            self.lane = GUEST0 if self.in_guest else self.ring0
            self.told.add(time)
            self.add_trap(time, task)
        else:
            self.lane = GUEST0 if self.in_guest else self.ring0
            self.add(Event(time, "mode", f"into {mode}", came_from, self.lane,
                           registers=values))

    def add_trap(self, time, task):
        """An exception of a virtual-8086 task that its handler got."""
        vector, error, address = self.faults.get(time, [(13, None, None)])[0]
        trap = Trap(vector, error, cr2=address, **task)
        self.add(Event(time, "trap", names.vector_name(vector), GUEST3, self.lane,
                       names.fault_facts(vector, error, address), task_values(trap)))

    def add_exit(self, time, came_from, values, pieces):
        """A VM exit. What the VMCS holds counts only if it agrees with the CPU log."""
        reason, qualification = self.exits[time]
        facts = [("exit reason", f"{reason}, {manual.exit_reason(reason)}"),
                 ("exit qualification", f"{qualification:#x}")]
        if words := manual.qualification(reason, qualification):
            facts.append(("that is", words))
        values = {name: values[name] for name in GENERAL
                  if name in values and name != "rsp"}
        vmcs = fields_of(pieces)
        if vmcs and vmcs["reason"] & 0xFFFF == reason and vmcs["qualification"] == qualification:
            values |= {name: vmcs[name] for name in ("rsp", "ip", "flags", "cs", "cr0", "cr3")}
            if reason == 0:
                vector = vmcs["interruption"] & 0xFF
                facts.insert(1, ("vector", f"{vector}, {names.vector_name(vector)}"))
            elif vmcs["length"]:
                facts.append(("instruction length", f"{vmcs['length']}"))
        self.add(Event(time, "exit", manual.exit_reason(reason), came_from, HOST, facts, values))

    def step(self, time, said, answers):
        """A VMX instruction; that an entry came of it, is the entry's event."""
        before, after, behind = answers
        old, new = registers(before), registers(behind)
        flags = FLAGS.search(behind)
        flags = int(flags[1], 16) if flags else 0
        code = CODE_AT_STOP.findall(said)
        address, place, text, code_bytes = code[-1] if code else ("0", "", "", "")
        name = SIZE.sub("", text.split()[0]) if text.split() else "?"
        faulted = self.faults.get(time)
        result = "VMsucceed"
        if faulted:
            result = f"{names.vector_name(faulted[0][0])}: not executed"
            self.told.add(time)
        elif flags & FLAG_CF:
            result = "CF: VMfailInvalid"
        elif flags & FLAG_ZF:
            result = "ZF: VMfailValid"
        value, facts = operands(name, text, old, new), [("result", result)]
        if value:
            facts.insert(0, (value[0], f"{value[1]:#x}" if value[1] is not None else "in memory"))
        self.codes[time] = (int(address, 16), code_bytes, text.strip(), place)
        self.marks.append((len(self.events), self.bytes, None))
        event = Event(time, "vmx", name, self.lane, self.lane, facts,
                      old | {"flags": flags_of(before)}, new | {"flags": flags}, value=value)
        self.steps.append(event)
        self.add(event)

    def add(self, event):
        """One more event, with the log's place."""
        event.sent = self.bytes
        self.events.append(event)

    def story(self, run, lanes, length):
        """All of it, in order."""
        self.correct_the_log(length)
        self.add_silent(run)
        entered = {event.time for event in self.events if event.kind == "entry"}
        events = [event for event in self.events
                  if not (event.kind == "vmx" and event.time in entered)]
        events.sort(key=lambda event: event.time)
        for event in events:
            event.code = self.codes.get(event.time, event.code)
        self.lay_paths(events)
        return Story(events, lanes, True, True, self.last)

    def correct_the_log(self, length):
        """Counts the bytes, too, that the program sent by an OUT of its own: of these we know
        only the wire, and that is up to two bytes late."""
        missing = max(0, length - self.bytes)
        for index, counted, wire in reversed(self.marks):
            if wire is not None and missing - (wire - counted) > 2:
                missing = max(0, wire - counted)
            if index < len(self.events):
                self.events[index].sent = min(length, counted + missing)

    def add_silent(self, run):
        """What the log has and no switch of the mode shows: faults of ring 0, failed entries."""
        lanes = [(event.time, event.to) for event in self.events]
        first = self.events[0].time if self.events else 0
        for time, faults in self.faults.items():
            if time in self.told or time < first or time in self.exits:
                continue
            lane = lane_at(lanes, time)
            vector, error, address = faults[0]
            facts = names.fault_facts(vector, error, address) + names.nested_facts(faults[1:])
            self.insert(Event(time, "trap", names.vector_name(vector), lane, lane, facts,
                              self.last_state if run.reset and time == max(self.faults) else {}))
        for time, (reason, qualification) in self.exits.items():
            if time in self.told:
                continue
            self.insert(Event(time, "exit", manual.exit_reason(reason), HOST, HOST, [
                ("exit reason", f"{reason}, {manual.exit_reason(reason)}"),
                ("exit qualification", f"{qualification:#x}"),
                ("the entry", "failed: the guest has not run")]))

    def insert(self, event):
        """An event found later: its place in the log follows from the bytes' times."""
        before = [each for each in self.events if each.time <= event.time][-1:]
        event.sent = bisect_left(self.byte_times, event.time)
        if before:  # and from what was sent by an OUT of the program's own
            event.sent += before[0].sent - bisect_left(self.byte_times, before[0].time)
        self.events.append(event)
        self.events.sort(key=lambda each: each.time)

    def lay_paths(self, events):
        """Gives each switch the instructions behind it, up to the next one."""
        worlds = any(event.kind == "entry" for event in events)
        switches = [event for event in events if event.kind in ("mode", "entry")
                    or event.lane != event.to or event.kind == "vmx" and not worlds]
        times = sorted(self.codes)
        place = 0
        for number, event in enumerate(switches):
            end = switches[number + 1].time if number + 1 < len(switches) else float("inf")
            while place < len(times) and times[place] <= event.time:
                place += 1
            while place < len(times) and times[place] <= end:
                if len(event.path) < STAY:
                    event.path.append(self.codes[times[place]])
                event.whole = times[place] == end and len(event.path) < STAY
                place += 1


def task_values(trap):
    """The registers of a Trap, by the names of an Event."""
    values = {f"r{name[1:]}": value for name, value in (trap.registers or {}).items()}
    values |= {"ip": trap.ip, "flags": trap.eflags, "cr0": trap.cr0, "cr3": trap.cr3}
    values |= {"cs": trap.segments["cs"]} if trap.segments else {}
    return {name: value for name, value in values.items() if value is not None}


def zero(lanes):
    """The world of ring 0 where there is no VMX: the host's, unless the guest owns it."""
    return GUEST0 if "task" in lanes[0] and "guest" in lanes[0] else HOST


def lane_at(lanes, time):
    """The world at a time."""
    lane = HOST
    for when, to in lanes:
        if when > time:
            break
        lane = to
    return lane
