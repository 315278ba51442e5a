"""Follows one task through the CPU's record, trap by trap."""

from typing import NamedTuple

from grading.guest import ARITHMETIC, CR0, FLAG_DF, FLAG_OF, TOLD
from grading.rubric import Finding, elsewhere, failed

from .challenge import CR0_PE, CR0_PG, REAL_MODE

# Of EFLAGS, what a monitor must give back: all but RF and the reserved bits.
EFLAGS_KEPT = 0x267FD5
ARITHMETIC_AND_DF = ARITHMETIC | FLAG_DF | FLAG_OF


class Trace(NamedTuple):
    """What the record of one task shows."""

    complete: bool  # every expected trap is there, in order
    destination: Finding | None = None  # the first wrong destination register
    right: frozenset = frozenset()  # destinations that got what they should
    wrong: frozenset = frozenset()  # and those that did not
    returned: Finding | None = None  # the first thing else that changed across a trap
    emulated: str | None = None  # the forbidden instruction behind which the task went on


def hex32(value):
    """A 32-bit value for people."""
    return f"{value:#010x}"


def where(trap):
    """CS:IP of a trap, for people."""
    return f"{trap.segments['cs']:04x}:{trap.ip:04x}"


def told(personality, cr0):
    """What a task of that personality is told of CR0."""
    return cr0 & ~(CR0_PE | CR0_PG) if personality == REAL_MODE else cr0


def follow(task, seen, run):
    """Compares the traps `seen` in the task's code with those it must make."""
    expected = task.guest.traps
    destination = returned = emulated = None
    right, wrong = set(), set()
    known = set()  # values that an error already reported has spread
    for number, (want, trap) in enumerate(zip(expected, seen)):
        if trap.address != want.address or trap.segments["cs"] != want.cs:
            again = " again" if number and trap.address == seen[number - 1].address else ""
            returned = returned or failed(f"the next trap at {want.cs:04x}:{want.ip:04x}",
                                          f"at {where(trap)}{again}")
            return Trace(False, returned=returned)
        answer = told(task.personality, trap.cr0)
        if away := elsewhere(run, task.start, expected[number - 1] if number else None):
            return Trace(False, returned=away)
        changed = mismatches(want, trap, answer)
        if number == 0:  # how the task was entered is another exercise
            known |= {got for _, _, got in changed}
            continue
        name = expected[number - 1].destination
        if trap.registers[name] != answer:  # then the answer may have gone elsewhere
            known |= {trap.registers[name], answer, trap.cr0}
        others = [change for change in changed if change[0] != name and change[2] not in known]
        returned = returned or lost(others, want, trap, seen[0])
        if trap.registers[name] == answer:
            right.add(name)
        else:
            wrong.add(name)
            destination = destination or failed(
                f"{name.upper()} {hex32(answer)} after mov %cr0, %{name}",
                hex32(trap.registers[name]))
    if returned:  # what was written may have been lost on the way back
        destination, wrong = None, set()
    if task.refused and len(seen) > len(expected) \
            and seen[len(expected)].address != expected[-1].address:
        emulated = expected[-1].code.hex(" ")
    return Trace(len(seen) >= len(expected), destination, frozenset(right), frozenset(wrong),
                 returned, emulated)


def mismatches(want, trap, answer):
    """(register, wanted, got) for each register that is not as it must be."""
    values = {name: {TOLD: answer, CR0: trap.cr0}.get(value, value)
              for name, value in want.registers.items()}
    return [(name, value, trap.registers[name]) for name, value in values.items()
            if trap.registers[name] != value]


def lost(others, want, trap, first):
    """What a return to the task did not give back, or None."""
    at = where(trap)
    for name, value, got in others:
        return failed(f"{name.upper()} {hex32(value)} at {at}", hex32(got))
    flags = want.flags | first.eflags & EFLAGS_KEPT & ~ARITHMETIC_AND_DF
    if (trap.eflags ^ flags) & EFLAGS_KEPT:
        return failed(f"EFLAGS {hex32(flags)} at {at}", hex32(trap.eflags & EFLAGS_KEPT))
    for name, value in first.segments.items():
        if name != "cs" and trap.segments[name] != value:
            return failed(f"{name.upper()} {value:04x} at {at}", f"{trap.segments[name]:04x}")
    return None
