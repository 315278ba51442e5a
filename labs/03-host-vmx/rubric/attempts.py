"""03-5: VMXON and VMXOFF where they must fail, and where they must not."""

from grading.rubric import PASSED, check_numbers, failed, said

from .challenge import (A20_OFF, IN_AND_OUT, MISALIGNED, TWICE, VMXE_CLEAR, VMXOFF_OUTSIDE,
                        WRONG_REVISION)
from .words import FAIL_INVALID, FAIL_VALID, FAULT, OK, first_not_passed, in_words, outcome

UD, GP = 6, 13

# What each attempt is, and how its VMXONs and VMXOFFs end: (which, result, vector).
ATTEMPTS = {
    WRONG_REVISION: ("the region's identifier being wrong", [("vmxon", FAIL_INVALID, None)]),
    MISALIGNED: ("the region being misaligned", [("vmxon", FAIL_INVALID, None)]),
    VMXE_CLEAR: ("CR4.VMXE clear", [("vmxon", FAULT, UD)]),
    A20_OFF: ("A20 off", [("vmxon", FAULT, GP)]),
    VMXOFF_OUTSIDE: ("the CPU outside VMX operation", [("vmxoff", FAULT, UD)]),
    IN_AND_OUT: ("nothing wrong", [("vmxon", OK, None), ("vmxoff", OK, None)]),
    TWICE: ("a second VMXON in between", [("vmxon", OK, None), ("vmxon", FAIL_VALID, None),
                                          ("vmxoff", OK, None)]),
}
REVISION = 0x7FFFFFFF  # the identifier, in IA32_VMX_BASIC


def check(challenge, log, run):
    """The region's first bytes, then attempt by attempt what the CPU and vmxon.S say."""
    basics = challenge.vmx_basic
    finding = first_not_passed(
        check_numbers(log, "dry.region", [basic & REVISION for basic in basics], lambda n:
                      f"identifier for a CPU whose IA32_VMX_BASIC is {basics[n]:#x}"),
        check_numbers(log, "dry.region.nonzero", [0] * len(basics), lambda n:
                      "dwords behind the identifier that are not zero"))
    if finding is not PASSED:
        return finding
    if log.todo == "03-5" or not log.values("attempt"):
        return None
    steps = [step for step in run.vmx if step.name in ("vmxon", "vmxoff")]
    groups = log.groups("attempt")
    for kind in challenge.attempts:
        wanted = ATTEMPTS[kind][1]
        finding = first_not_passed(check_cpu(kind, steps[:len(wanted)]),
                                   check_log(kind, groups.get(kind)))
        if finding is not PASSED:
            return finding
        steps = steps[len(wanted):]
    return PASSED


def check_cpu(kind, steps):
    """The CPU executed these, and each ended as it must."""
    what, wanted = ATTEMPTS[kind]
    for number, (name, result, vector) in enumerate(wanted):
        expected = f"{name.upper()} with {what}: {in_words(result, vector)}"
        if number >= len(steps):
            return failed(expected, "the CPU executed no such instruction")
        if steps[number].name != name:
            return failed(expected, f"the CPU executed {steps[number].name.upper()}")
        if outcome(steps[number]) != (result, vector):
            return failed(expected, in_words(*outcome(steps[number])))
    return PASSED


def check_log(kind, log):
    """What vmxon() and vmxoff() returned; `log` is what follows this attempt's line."""
    what, wanted = ATTEMPTS[kind]
    results = log.values("result") if log else []
    for number, (name, result, vector) in enumerate(wanted):
        got = results[number] if number < len(results) else None
        if got != result:
            return failed(f"{name}() with {what} returns {result} ({in_words(result, vector)})",
                          said(got))
        if result == FAULT and log.value("result.vector") != vector:
            return failed(f"{name}() with {what} leaves {vector} in trap_expected.vector",
                          said(log.value("result.vector")))
        expecting = log.values("result.expecting")
        if number >= len(expecting) or expecting[number]:
            return failed(f"{name}() with {what} expects no fault any more when it returns",
                          "EXPECT_FAULT still holds: the next exception would be lost")
    return PASSED
