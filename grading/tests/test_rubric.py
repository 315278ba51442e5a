"""rubric.py: what rubrics are made of."""

import pytest

from grading import rubric
from grading.witness import CF, ZF, Told, VmxStep

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
