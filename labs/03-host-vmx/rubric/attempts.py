"""03-5: VMXON and VMXOFF where they must fail, and where they must not."""

import random
from collections import Counter

from grading.rubric import PASSED, changed, check_numbers, failed, said, untold
from grading.witness import CF, ZF, Told

from .words import FAIL_INVALID, FAIL_VALID, FAULT, OK, first_not_passed, in_words, outcome

UD, GP = 6, 13

# enum attempt of ../testbed.h.
(WRONG_REVISION, MISALIGNED, VMXE_CLEAR, A20_OFF, VMXOFF_OUTSIDE, IN_AND_OUT,
 TWICE) = range(1, 8)

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

# What the program may be told in place of an answer: what ../attempts.c takes alike. Never a
# failure of a VMXON that succeeds: nobody would leave VMX operation. And outside of it never
# VMfailValid: who asks the VMCS why, would get #UD.
FLAGS = {OK: 0, FAIL_INVALID: CF, FAIL_VALID: ZF}
CHANGEABLE = (("vmxon", FAIL_VALID), ("vmxoff", OK))


def draw_told(seed, attempts):
    """What is VMfailInvalid to the program, and was something else: from the seed, which it does
    not know. No result may be missing for that: in each boot one VMXOFF at least is done, and of
    two boots in a row one has VMfailValid."""
    before, changeable = Counter(), {each: [] for each in CHANGEABLE}
    for name, result, _ in (each for kind in attempts for each in ATTEMPTS[kind][1]):
        if (name, result) in changeable:
            changeable[name, result].append(Told(name, before[name], FLAGS[result], CF))
        before[name] += 1
    again, done = changeable.values()
    return (*(again if seed % 2 else ()),
            *random.Random(f"03-host-vmx told {seed}").choice([(), *([each] for each in done)]))


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
        count = len(ATTEMPTS[kind][1])
        finding = check_cpu(kind, steps[:count])
        if finding is PASSED:
            finding = check_log(kind, steps[:count], groups.get(kind))
        if finding is not PASSED:
            return finding
        steps = steps[count:]
    return untold(challenge.told, run.vmx) or PASSED


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


def check_log(kind, steps, log):
    """What vmxon() and vmxoff() returned: what they were told; `log` is what follows this
    attempt's line."""
    what = ATTEMPTS[kind][0]
    results = log.values("result") if log else []
    for number, step in enumerate(steps):
        name, (result, vector) = step.name, outcome(step.as_told)
        got = results[number] if number < len(results) else None
        if got != result:
            return failed(f"{name}() with {what} returns {result} "
                          f"({in_words(result, vector)}){changed(step)}", said(got))
        if result == FAULT and log.value("result.vector") != vector:
            return failed(f"{name}() with {what} leaves {vector} in trap_expected.vector",
                          said(log.value("result.vector")))
        expecting = log.values("result.expecting")
        if number >= len(expecting) or expecting[number]:
            return failed(f"{name}() with {what} expects no fault any more when it returns",
                          "EXPECT_FAULT still holds: the next exception would be lost")
    return PASSED
