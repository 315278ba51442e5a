"""What the other modules of this rubric say things with."""

from grading.rubric import PASSED
from grading.witness import CF, ZF, vector_name

OK, FAIL_INVALID, FAIL_VALID, FAULT = range(4)  # enum vmx_result
RESULT_NAMES = ("VMsucceed", "VMfailInvalid", "VMfailValid")


def first_not_passed(*findings):
    """The first that is a failure or was not seen; PASSED if all passed."""
    return next((finding for finding in findings if finding is not PASSED), PASSED)


def outcome(step):
    """(enum vmx_result, vector or None) of a VmxStep."""
    if step.faulted is not None:
        return FAULT, step.faulted
    return (FAIL_INVALID if step.flags & CF else FAIL_VALID if step.flags & ZF else OK), None


def in_words(result, vector):
    """That pair for people."""
    return vector_name(vector) if result == FAULT \
        else RESULT_NAMES[result] if result in range(3) else f"{result:#x}"
