"""Follows one task through the CPU's record, trap by trap, and to its end."""

from typing import NamedTuple

from grading.guest import CR0, TOLD
from grading.rubric import PASSED, Finding, elsewhere, failed, said

from .machine import PAGE_SIZE

EFLAGS_KEPT = 0x267FD5  # what a monitor must give back: all but RF and the reserved bits
EFLAGS_VM = 0x20000
IF_TF = 0x300
DEPARTURES = ("task.halted", "task.refused.cs", "task.refused.ip", "task.refused.bytes")
REFLECT = "look at reflect_gp(): where is the task's stack, and is it the guest's?"
KEEP = "look at emulate_cr3(): what the guest shall find in CR3 is in guest_cr3, and nowhere else"


class Trace(NamedTuple):
    """What the record of one task shows."""

    complete: bool  # every expected trap is there, in order, and all was right
    wrong: Finding | None = None  # the first thing that was not


def hex32(value):
    """A 32-bit value for people."""
    return f"{value:#010x}"


def where(cs, ip):
    """CS:IP for people."""
    return f"{cs:04x}:{ip:04x}"


def recorded(number):
    """A register as a trap has it; an emulator may have left it out."""
    return "not recorded" if number is None else f"{number:#x}"


def at(trap):
    """CS:IP of a trap, for people."""
    return where(trap.segments["cs"], trap.ip)


def own_cr3(task, run):
    """The monitor's directory for a task: what CR3 is while it runs."""
    return run.symbols["pool"] + task.directory * PAGE_SIZE


def follow(task, seen, run):
    """Compares the traps `seen` in the task's code with those it must make."""
    expected, own = task.guest.traps, own_cr3(task, run)
    before = None
    for want, trap in zip(expected, seen):
        wrong = misplaced(want, trap, before)
        if not wrong and not (before and before.refused):  # else it goes on in its own handler
            wrong = elsewhere(run, task.start, before)
        wrong = wrong or different(want, trap, own)
        if not wrong and want.cr3 is not None and trap.cr3 != own:
            wrong = failed(f"the CPU's CR3 {own:#x}, the monitor's, whatever the guest writes",
                           f"{recorded(trap.cr3)} at {at(trap)}")
        if wrong:
            return Trace(False, wrong)
        before = want
    if len(seen) > len(expected):
        return Trace(False, went_on(task, expected[-1], seen[len(expected)]))
    return Trace(len(seen) == len(expected))


def misplaced(want, trap, before):
    """None, or that the task is not where it should be."""
    if (trap.segments["cs"], trap.ip) == (want.cs, want.ip):
        return None
    place = where(want.cs, want.ip)
    if before is None:
        return failed(f"the task's first trap at {place}", f"at {at(trap)}")
    got = f"the next trap is at {at(trap)}"
    if trap.address == before.address:
        got += " again"
    elif before.refused and trap.address == before.address + len(before.code):
        got = f"it went on behind the instruction, at {at(trap)}"
    if before.refused:
        return failed(f"after {before.step}, which {before.refused}: the guest's own #GP, "
                      f"and the next trap at {place}", got)
    return failed(f"after {before.step}: the next trap at {place}", got)


def different(want, trap, own):
    """None, or the first of registers, flags and segments that is not as it should be."""
    place = at(trap)
    for name, value in want.registers.items():
        value = {TOLD: own, CR0: trap.cr0}.get(value, value)
        got = trap.registers[name]
        if got != value:
            note = f", {want.notes[name]}" if name in want.notes else ""
            return failed(f"{name.upper()} {hex32(value)} at {place}{note}", hex32(got))
    if (trap.eflags ^ (want.flags | EFLAGS_VM)) & EFLAGS_KEPT:
        return failed(f"EFLAGS {hex32(want.flags | EFLAGS_VM)} at {place}",
                      hex32(trap.eflags & EFLAGS_KEPT))
    for name, value in want.segments.items():
        if trap.segments[name] != value:
            return failed(f"{name.upper()} {value:04x} at {place}",
                          f"{trap.segments[name]:04x}")
    return None


def went_on(task, last, extra):
    """A trap behind the one at which the task should have ended."""
    place = where(last.cs, last.ip)
    if task.ends == "departure":
        return failed(f"the end of the task at {place} (task_refused): {last.step} is refused, "
                      "and there is no stack or no vector for its #GP",
                      f"the task goes on to {at(extra)}")
    return failed(f"the end of the task at {place}, {last.code.hex(' ')}",
                  f"the task goes on to {at(extra)}")


def check_tasks(challenge, numbers, groups, seen, run):
    """These tasks: PASSED if all of them are right to their end; None if that is not seen."""
    for number in numbers:
        task = challenge.tasks[number]
        trace = follow(task, seen[number], run)
        claims = [fact for fact in groups[number].facts if fact[0] in DEPARTURES] \
            if number in groups else []
        if trace.wrong:
            return trace.wrong
        if not trace.complete and claims:
            return ended_early(task, seen[number], claims)
        if not trace.complete or not claims:
            return None
        finding = check_end(task, claims)
        if finding is PASSED and task.ends == "halt":
            finding = check_dry_run(task, groups[number], own_cr3(task, run))
        if finding is not PASSED:
            return finding
    return PASSED


def ended_early(task, seen, claims):
    """The monitor ended a task that should have gone on."""
    want = task.guest.traps[len(seen)]
    step = f"after {task.guest.traps[len(seen) - 1].step}: " if seen else ""
    return failed(f"{step}a trap at {where(want.cs, want.ip)}", words(claims))


def check_end(task, claims):
    """What the log says of a task's end, beside the CPU's record."""
    last = task.guest.traps[-1]
    if task.ends == "halt":
        want = [("task.halted", len(task.guest.traps))]
        tried = task.writes and len(claims) > 1  # the testbed tries a #GP at its end
        return PASSED if claims == want else failed(words(want), words(claims),
                                                    REFLECT if tried else "")
    want = [("task.refused.cs", last.cs), ("task.refused.ip", last.ip)]
    code = claims[2][1].to_bytes(8, "little") if len(claims) == 3 else b""
    right = claims[:2] == want and len(claims) == 3
    if not right or task.ends == "forbidden" and not code.startswith(last.code):
        return failed(f"task_refused() at {where(last.cs, last.ip)}, {last.code.hex(' ')}",
                      words(claims))
    return PASSED


def check_dry_run(task, facts, own):
    """What the testbed finds at a HLT: guest_cr3; and if the task has written CR3, what becomes
    of IF and TF in reflect_gp(). `own`: the monitor's directory."""
    want, kept = own if task.cr3 is None else task.cr3, facts.value("task.cr3")
    if kept != want:
        return failed(f"guest_cr3 {want:#x} as the task ends: what it must find in CR3",
                      said(kept), KEEP)
    if task.cr3 is None:
        return PASSED
    eflags = facts.value("dry.gp.eflags")
    if eflags is None:
        return failed("reflect_gp() tried as the task ends: dry.gp.eflags", said(eflags), REFLECT)
    if eflags & IF_TF:
        return failed("IF and TF clear in the handler of #GP", f"EFLAGS {eflags:#x}",
                      "look at the end of reflect_gp()")
    return PASSED


def words(claims):
    """Facts, in words."""
    return ", ".join(f"{name} {value:#x}" for name, value in claims)
