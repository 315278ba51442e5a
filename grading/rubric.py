"""What a lab's rubric is made of.

labs/NN-name/rubric/__init__.py offers:

    EXERCISES   a tuple of Exercise; their points add up to 100
    REGION      the symbol in the image where the challenge goes
    STORY       what a visitor sees in `make demo`, a few lines
    draw(seed, region)            → a challenge: .id, .content (bytes), and what the
                                    rubric needs to know of it; `region` is its address.
                                    .told, if there is one: of witness.Told, which answers
                                    of the CPU the program does not get to see. They are
                                    drawn apart from .content, which the program can read
    check(challenge, log, run)    → exercise id → Finding, for those that can be seen

and, if it wants to:

    MEMORY      symbol → bytes: what to read of the machine's memory (run.memory)
    CHECKPOINTS symbols of instructions before which it is read, beside leave()
    STEPS       name of a VMX instruction → how many of these are looked at, at each place
                in the program; or BeforeLaunch (witness.py). Each costs a stop
    TABLES      "gdt", "ldt", "idt" → the symbol of each, if they are in MEMORY: what a
                crash is explained with
    TOLD        start of a log line → what a visitor of the demo is told in front of it
    cannot(run)                   → why this machine cannot show anything of the lab, a
                                    sentence, or None; then every exercise is SKIP
"""

from typing import NamedTuple

from grading.guest import behind
from grading.witness import CF, ZF


class Exercise(NamedTuple):
    """One step of a lab."""

    id: str  # "01-3"
    title: str
    points: int
    hint: str  # what to look at first when it fails


class Finding(NamedTuple):
    """What the rubric saw of an exercise."""

    passed: bool
    expected: str = ""
    got: str = ""
    hint: str = ""  # better than the exercise's own, if there is one


PASSED = Finding(True)
UNSEEN = Finding(False)  # an earlier exercise, which failed, stands in front of this one


def failed(expected, got, hint=""):
    """A finding of failure; `expected` and `got` are for people."""
    return Finding(False, expected, got, hint)


def said(value):
    """A value from the log, in words."""
    return "no such line, or more than one" if value is None else f"{value:#x}"


def changed(step):
    """What is said behind the answer that a program should have given to a VmxStep; "" if that
    was the CPU's own."""
    if step.told in (None, step.flags):
        return ""
    flag = {CF: "CF is set", ZF: "ZF is set"}.get(step.told & (CF | ZF), "CF and ZF are clear")
    return f": {flag} (the grader has changed the flags, to see whether they are looked at)"


def untold(told, steps):
    """A Finding if the CPU has answered what was to be changed (`told`: of witness.Told), and it
    was not: something came in between. None if all is as it was meant."""
    counted = {}
    for step in steps:
        number = counted[step.name] = counted.get(step.name, -1) + 1
        for each in told:
            if (each.name, each.number) == (step.name, number) and step.told is None \
                    and step.faulted is None and step.flags & (CF | ZF) == each.answer:
                return failed(f"{step.name.upper()}, and the next instruction behind it",
                              "something else in between: the flags could not be changed")
    return None


def elsewhere(run, start, before=None):
    """A Finding if the CPU did not begin to run a task where it must have: at its `start` (cs, ip),
    or behind `before`, a trap that is over (guest.Expected). Then somebody else has worked out
    what the task would have done. None if it did."""
    cs, ip = (before.cs, before.ip) if before else (start["cs"], start["ip"])
    if run.went_on_at(behind(before) if before else cs * 16 + ip):
        return None
    what = "goes on behind" if before else "begins at"
    return failed(f"the task {what} {cs:04x}:{ip:04x}, in virtual-8086 mode", "the CPU never did")


def check_numbers(log, name, wanted, label):
    """Facts name.0, name.1, … against the values wanted; None if the run stopped among them.

    `label`: number → what it is, for people.
    """
    if not any(log.values(f"{name}.{number}") for number in range(len(wanted))):
        return None
    numbered = log.numbered(name, len(wanted))
    for number, (want, got) in enumerate(zip(wanted, numbered)):
        if not any(log.values(f"{name}.{later}") for later in range(number, len(wanted))):
            return None  # the run stopped there: what stopped it is said elsewhere
        if got != want:
            return failed(f"{label(number)}: {want:#x}", said(got))
    return PASSED
