"""Follows one task through the CPU's record, trap by trap."""

from typing import NamedTuple

from grading.guest import ARITHMETIC, CR0, FLAG_DF, FLAG_OF, TOLD
from grading.rubric import Finding, failed

from .challenge import CR0_PE, CR0_PG, REAL_MODE

# Of EFLAGS, what a monitor must give back: CF PF AF ZF SF TF IF DF OF IOPL NT VM.
EFLAGS_KEPT = 0x27FD5
ARITHMETIC_AND_DF = ARITHMETIC | FLAG_DF | FLAG_OF


class Trace(NamedTuple):
    """What the record of one task shows."""

    complete: bool  # every expected trap is there, in order
    destination: Finding | None = None  # the first wrong destination register
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


def follow(task, seen):
    """Compares the traps `seen` in the task's code with those it must make."""
    expected = task.guest.traps
    destination = returned = emulated = None
    tainted = set()  # values that a wrong destination has spread
    for number, (want, trap) in enumerate(zip(expected, seen)):
        before = expected[number - 1] if number else None
        if trap.address != want.address or trap.segments["cs"] != want.cs:
            returned = returned or failed(f"the next trap at {want.cs:04x}:{want.ip:04x}",
                                          f"at {where(trap)}")
            return Trace(False, destination, returned)
        answer = told(task.personality, trap.cr0)
        if before and before.destination and trap.registers[before.destination] != answer:
            name = before.destination
            destination = destination or failed(
                f"{name.upper()} {hex32(answer)} after mov %cr0, %{name}",
                hex32(trap.registers[name]))
            tainted |= {trap.registers[name], answer, trap.cr0}
        for name, value in want.registers.items():
            value = {TOLD: answer, CR0: trap.cr0}.get(value, value)
            got = trap.registers[name]
            if got != value and got not in tainted and before \
                    and name != before.destination:
                returned = returned or failed(
                    f"{name.upper()} {hex32(value)} at {where(trap)}", hex32(got))
        if before and (trap.eflags ^ seen[0].eflags) & EFLAGS_KEPT & ~ARITHMETIC_AND_DF \
                or before and (trap.eflags ^ want.flags) & ARITHMETIC_AND_DF:
            returned = returned or failed(
                f"the flags {want.flags:#x} at {where(trap)}", hex32(trap.eflags))
        for name, value in seen[0].segments.items():
            if name != "cs" and trap.segments[name] != value:
                returned = returned or failed(
                    f"{name.upper()} {value:04x} at {where(trap)}", f"{trap.segments[name]:04x}")
    if task.refused and len(seen) > len(expected) \
            and seen[len(expected)].address != expected[-1].address:
        emulated = expected[-1].code.hex(" ")
    return Trace(len(seen) >= len(expected), destination, returned, emulated)
