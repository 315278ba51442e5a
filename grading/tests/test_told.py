"""Answers of the CPU that a program does not get to see (witness.Told): how the flags are changed,
and how a rubric sees that they were not."""

import pytest

from grading import rubric
from grading.tests.played import WATCH, rip, stands, stops
from grading.witness import CF, ZF, Told, VmxStep

VMXON = stands(0x200, "vmxon qword ptr ds:[rdi] ; f30fc737")
BEHIND_VMXON = stands(0x204, "jmp .+15 ; eb0f")
INVALID_IS_VALID = (Told("vmxon", 0, CF, ZF),)


def general(address, flags):
    """What is said to `r`, with the flags."""
    return f"{rip(address)}eflags {flags:#010x}: id vip\n"


def executed(told, flags, behind=0x204, opens=BEHIND_VMXON, watch=WATCH, **state):
    """Stops behind a VMXON that ended so, at `behind`."""
    made = stops(watch._replace(told=told), **state)
    assert made.look(VMXON).note(VMXON, [general(0x200, 0x2), "CR0=0x1", opens],
                                 general(behind, flags)) \
        == (state["answers"][-1] if "answers" in state else opens)
    return made


@pytest.mark.parametrize(("answer", "instead", "flags", "order"), [
    (CF, ZF, 0x207, "set $eflags = 0x246"),
    (ZF, CF, 0x46, "set $eflags = 0x7"),
    (0, CF, 0x2, "set $eflags = 0x3"),
    (0, ZF, 0x200002, "set $eflags = 0x42"),  # it refuses more than the low half
])
def test_the_program_is_told_something_else(answer, instead, flags, order):
    """And what it is told is what the CPU then says."""
    made = executed((Told("vmxon", 0, answer, instead),), flags, answers=["", "shown", "next"])
    assert made.debugger.told == [(order, "r", "continue")]
    assert made.steps == [("vmxon", VMXON + general(0x200, 0x2) + "CR0=0x1",
                           BEHIND_VMXON + general(0x204, flags), "shown")]


@pytest.mark.parametrize(("told", "flags", "behind"), [
    ((), CF, 0x204),
    ((Told("vmxon", 1, CF, ZF),), CF, 0x204),
    ((Told("vmxoff", 0, CF, ZF),), CF, 0x204),
    (INVALID_IS_VALID, ZF, 0x204),
    (INVALID_IS_VALID, 0, 0x204),
    (INVALID_IS_VALID, CF, 0x200),
    (INVALID_IS_VALID, CF, 0x1000),
    (INVALID_IS_VALID, CF, 0x100),
], ids=["none", "another-one", "another-name", "another-answer", "done", "gave-up", "exception",
        "exception-below"])
def test_the_program_is_told_what_the_cpu_has_answered(told, flags, behind):
    made = executed(told, flags, behind, answers=["next"])
    assert made.debugger.told == [("continue",)]
    assert made.steps[0].told == ""


def test_each_is_told_its_own():
    made = stops(WATCH._replace(told=(Told("vmxon", 1, CF, ZF),)),
                 answers=["next", "", "shown", "on"])
    for opens in ("next", "on"):
        assert made.look(VMXON).note(VMXON, [general(0x200, 0x2), "", BEHIND_VMXON],
                                     general(0x204, CF)) == opens
    assert [step.told for step in made.steps] == ["", "shown"]


def test_it_is_told_where_one_looks_behind_it_too():
    """`continue` would not stop where it stands."""
    made = executed(INVALID_IS_VALID, CF, watch=WATCH._replace(at=(0x204,)))
    assert made.debugger.told == [("set $eflags = 0x40", "r")]


def test_it_is_told_behind_the_last_one_that_is_looked_at_too():
    made = executed(INVALID_IS_VALID, CF, watch=WATCH._replace(steps={"vmxon": 1}),
                    numbers={0x200: 7}, answers=["", "shown", "", "next"])
    assert made.debugger.told == [("set $eflags = 0x40", "r", "delete 7", "continue")]
    assert made.steps[0].told == "shown"


def test_a_debugger_that_ends_meanwhile_has_told_nothing():
    made = stops(WATCH._replace(told=INVALID_IS_VALID))
    assert made.look(VMXON).note(VMXON, [general(0x200, 0x2), "", BEHIND_VMXON],
                                 general(0x204, CF)) is None
    assert made.steps[0].told == ""


# ---- As the rubric sees it. ---------------------------------------------------

TOLD = (Told("vmxon", 1, ZF, CF),)


def steps(*values):
    """VMXONs with these flags, faults, and what was told."""
    return [VmxStep("vmxon", time, {}, 0, 0, flags, {}, faulted, (), told)
            for time, (flags, faulted, told) in enumerate(values)]


FIRST = (ZF, None, None)


@pytest.mark.parametrize("second", [(ZF, None, CF), (CF, None, None), (ZF, 6, None)],
                         ids=["told", "answered otherwise", "an exception"])
def test_all_was_told_that_could_be(second):
    assert rubric.untold(TOLD, steps(FIRST, second)) is None
    assert rubric.untold(TOLD, steps(FIRST)) is None


def test_what_should_have_been_told_and_was_not():
    finding = rubric.untold(TOLD, steps(FIRST, (ZF | 2, None, None)))
    assert not finding.passed and "VMXON" in finding.expected
