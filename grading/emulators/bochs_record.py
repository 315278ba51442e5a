"""What Bochs says of a run: its CPU log, and its debugger's answers, made values of witness.py."""

import re

from grading.structures import segment
from grading.witness import (EFLAGS_VM, REGISTERS, SEGMENTS, Tables, Trap, VmEntry, VmExit,
                             VmxStep)

MANY = ("vmread", "vmwrite")  # of these there are hundreds: the control registers are left out
EXCEPTION = re.compile(
    r"^(?:\d{11}d\[CPU0  \] page fault for address ([0-9a-f]+) @ .*\n)?"
    r"(\d{11})d\[CPU0  \] exception\(0x([0-9a-f]{2})\): error_code=([0-9a-f]{4})", re.MULTILINE)
INTERRUPT = re.compile(r"^(\d{11})d\[CPU0  \] interrupt\(\): vector = [0-9a-f]{2}, TYPE = [02],",
                       re.MULTILINE)
AFTER_QUESTION = re.compile(r" Next at t=(\d+)$", re.MULTILINE)
# Where it stops: the time; the physical address and the mnemonic, unless nothing is mapped.
NEXT = re.compile(r"^Next at t=(\d+)\n(?:WARNING: .*\n)*"
                  r"(?:\(0\) \[0x([0-9a-f]+)\] .*?\): (\w*))?", re.MULTILINE)
OPERANDS = re.compile(r"\): vm(?:read|write) ([^;,\n]+), ([^;,\n]*[^;,\s])")
REGISTER = re.compile(r"^(r(?:[a-d]x|[sb]p|[sd]i|\d\d?|ip)) ?: ([0-9a-f]{8}_[0-9a-f]{8})",
                      re.MULTILINE)
WORLD = re.compile(r"^(\d{11})d\[CPU0  \] (?:(VMLAUNCH|VMRESUME) VMCS ptr|"
                   r"VMEXIT reason = (\d+) \(.*\) qualification=0x([0-9a-f]+))", re.MULTILINE)
# Before the CPU's first instruction: a leaf of CPUID, subleaf 0; then EAX, EBX, ECX, EDX.
LEAF = re.compile(r"^0{11}i\[CPU0  \] CPUID\[0x([0-9a-f]{8})\]: "
                  r"([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8})$", re.MULTILINE)
START = 1 << 15  # bytes of the CPU log that have all of these
FLAGS = re.compile(r"^eflags:? 0x([0-9a-f]{8})", re.MULTILINE)
CONTROL = re.compile(r"\bCR([034])=0x([0-9a-f]+)")
EFER = re.compile(r"^EFER=0x([0-9a-f]+)", re.MULTILINE)
EFER_LMA = 0x400  # long mode is active
STACK = re.compile(r"^ \| STACK 0x[0-9a-f]+ \[0x([0-9a-f]{8})\]", re.MULTILINE)
TABLE = re.compile(r"^(gdtr|idtr):base=0x([0-9a-f]+), limit=0x([0-9a-f]+)", re.MULTILINE)
SEGMENT = re.compile(r"^(.s|ldtr|tr):0x([0-9a-f]{4}), dh=0x([0-9a-f]{8}), "
                     r"dl=0x([0-9a-f]{8}), valid=", re.MULTILINE)


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
    eflags, efer = flags(text), EFER.search(text)
    general = {name: values.get("r" + name[1:]) for name in REGISTERS}
    if None in (values.get("rip"), *general.values(), eflags, efer) or 0 not in control \
            or not set(SEGMENTS) <= set(segments):
        return None
    state = {"ip": values["rip"], "base": segments["cs"][1], "eflags": eflags,
             "cr0": control[0], "cr3": control.get(3), "long": bool(int(efer[1], 16) & EFER_LMA),
             "segments": {name: segments[name][0] for name in SEGMENTS},
             "tables": parse_tables(text, control)}
    if not state["long"]:
        state["registers"] = general
    return state


def parse_switch(text):
    """The task's state from one stop in the handler's first instruction, or None.

    The stack holds, a dword each: error code, IP, CS, EFLAGS, ESP, SS, ES, DS,
    FS, GS. SDM Vol. 3B, "Handling Exceptions and Interrupts in Virtual-8086 Mode".
    """
    values = {"e" + name[1:]: value & 0xFFFFFFFF for name, value in registers(text).items()}
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
        "tables": parse_tables(text, control), "cr3": control.get(3),
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


def interrupts(cpu_log):
    """The times at which an interrupt came from outside, or an NMI: what should have been executed
    then was not."""
    return {int(time) for time in INTERRUPT.findall(cpu_log)}


def leaves(cpu_log):
    """Leaf → EAX, EBX, ECX, EDX: what CPUID answers, of subleaf 0."""
    return {int(leaf, 16): tuple(int(value, 16) for value in values)
            for leaf, *values in LEAF.findall(cpu_log[:START])}


def parse_step(name, before, after, faulted, told=""):
    """One VMX instruction, from what the debugger said before and after it.

    `faulted`: of faults(); `told`: what it said when the flags had been changed.
    """
    control = dict.fromkeys((0, 4)) if name in MANY else {0: 0, 4: 0} | controls(before)
    time = int(NEXT.search(before)[1])
    operands = OPERANDS.search(before)
    return VmxStep(name, time, registers(before), control[0], control[4],
                   flags(after) or 0, registers(after), faulted.get(time),
                   operands.groups() if operands else (), flags(told))


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
        elif (found := flags(text)) is not None and "'long mode'" not in text:
            events.append(VmEntry(int(match[1]), match[2].lower(), registers(text), found))
    return tuple(events)


def registers(text):
    """Name → value of the general registers in an answer to `r`."""
    return {name: int(value, 16) for name, value in REGISTER.findall(text)}


def flags(text):
    """EFLAGS in an answer to `r`, the last one if there are several; None if it is cut off."""
    found = FLAGS.findall(text)
    return int(found[-1], 16) if found else None


def controls(text):
    """Number → value of the control registers in an answer to `creg`."""
    return {int(number): int(value, 16) for number, value in CONTROL.findall(text)}
