"""explain.c against the emulated CPU, on every CPU model that the labs use.

The program refused-entries tries one VM entry after the other. Here it is told which
(cases.py, variations.py of its folder), and what explain.c says before each entry is held
against what the CPU then does, and against Bochs' log, which names the field at fault.
"""

import random
from collections import Counter
from importlib import import_module

import pytest

from common.tests import support
from common.tests.refusals import NO_ENTRY, NOTHING, PROGRAM, Machine, changes, facts

cases, variations = (import_module(f"common.tests.programs.{PROGRAM}.{name}")
                     for name in ("cases", "variations"))

CPUS = ("core2_penryn_t9600", "corei7_haswell_4770", "corei7_icelake_u")
SEED = 2024
VARIATIONS = 200


@pytest.fixture(scope="module")
def program(out):
    """The image's path."""
    return support.build(PROGRAM, out)


@pytest.fixture(scope="module", params=CPUS)
def machine(request, program, tmp_path_factory):
    return Machine(program, request.param, tmp_path_factory.mktemp(request.param))


def existing(machine, groups):
    """(title, case) of those that are about such a CPU."""
    return [(title, case) for title, group in groups.items() for case in group
            if case.exists(machine.msrs)]


def misjudged(title, case, tried):
    """What is wrong with the explanation of a refused entry; None if nothing is."""
    if tried.field not in (case.wrong.field, *case.also):
        return f"explained by {tried.field}"
    if tried.field == case.wrong.field and tried.field not in tried.named:
        return f"explained by {tried.field}, the log names {tried.named or tried.log}"
    if not tried.named & {case.wrong.field, *case.also}:
        return f"the log names {tried.named or tried.log}"
    if not tried.explanation or tried.explanation[1] != title:
        return f"printed: {tried.explanation}"
    # explain_refusal() begins where the CPU points; it must arrive at the same rule.
    for name in ("field", "value"):
        if tried.facts[f"explained.{name}"] != tried.facts[name]:
            return f"another explanation before than after: {tried.text}"
    return None


def test_each_corruption_is_explained(machine):
    wanted = existing(machine, cases.CASES)
    tried = machine.run([(case.guest, [*case.given, case.wrong]) for _, case in wanted])
    accepted = [str(case) for (_, case), one in zip(wanted, tried) if not one.refused]
    assert not accepted, accepted
    judged = [misjudged(*case, one) for case, one in zip(wanted, tried)]
    wrong = [f"{case}: {what}" for (_, case), what in zip(wanted, judged) if what]
    other = sum(one.field != case.wrong.field for (_, case), one in zip(wanted, tried))
    print(f"{machine.model}: {len(wanted)} refused for one field; {len(wanted) - len(wrong)} "
          f"explained as in Bochs' log, {other} of them by the other field of a rule about two")
    assert len(wanted) >= 60
    assert len(set(wanted)) == len(wanted), "two cases are the same"
    assert not wrong, "\n".join(wrong)


def test_what_only_the_manual_refuses_is_explained(machine):
    """Where Bochs 2.7 is laxer. Those entries are not tried."""
    wanted = existing(machine, cases.MANUAL_ONLY)
    tried = machine.run([(case.guest, [*case.given, case.wrong]) for _, case in wanted], NO_ENTRY)
    wrong = [f"{case}: {one.field}" for (_, case), one in zip(wanted, tried)
             if one.field not in (case.wrong.field, *case.also)]
    print(f"{machine.model}: {len(wanted)} that only the manual refuses, "
          f"{len(wanted) - len(wrong)} explained")
    assert not wrong, "\n".join(wrong)


def assert_all_is_well(trials, tried):
    """AssertionError unless the CPU has entered each, and explain.c had nothing to say."""
    for trial, one in zip(trials, tried):
        assert one.field is None, (one.field, one.facts, trial)
        assert not one.refused, (one.log, one.facts, trial)


def test_what_is_just_inside_the_rules_is_left_alone(machine):
    """Too: what each corruption is made of, before it is corrupted."""
    prepared = {(case.guest, case.given) for _, case in existing(machine, cases.CASES)
                if case.given}
    trials = cases.BORDER + sorted(prepared, key=str)
    assert_all_is_well(trials, machine.run(trials))
    print(f"{machine.model}: {len(trials)} just inside the rules, all entered, none explained")


def test_good_entries_are_left_alone(machine):
    rng = random.Random(f"{SEED} {machine.model}")
    trials = [variations.variation(rng, machine.msrs, machine.labels) for _ in range(VARIATIONS)]
    tried = machine.run(trials)
    assert_all_is_well(trials, tried)
    reasons = Counter(one.facts["reason"] for one in tried)
    print(f"{machine.model}: {len(trials)} random good ones, all entered, none explained; "
          f"exits: {dict(reasons)}")
    assert len(reasons) > 3, "they are all alike"


def test_refusals_that_are_no_field_s_fault(machine):
    serial, _ = machine.boot(NOTHING)
    ended = serial.partition("@ ending 0x0\n")[2].split("@ ending ")
    no_vmcs, launched, no_refusal, three, unknown = ended
    assert facts(no_vmcs) == {"explained": 0, "result": 1}
    assert "\nentry refused: VMfailInvalid: no VMCS is current" in no_vmcs
    assert facts(launched) == {"explained": 0, "result": 2, "error": 4}
    assert "\nentry refused: VMLAUNCH of a VMCS that is launched already" in launched
    assert "\nthe entry was not refused" in no_refusal
    # Of three broken rules explain_entry() tells the first, explain_refusal() the one
    # that the CPU means.
    assert facts(three) == {
        "explained.field": changes.ENCODINGS["GUEST_TR_SELECTOR"], "explained.value": 4,
        "explained": 1, "field": changes.ENCODINGS[cases.EVENT], "value": 0x80000100}
    assert facts(unknown)["explained.msr"] == 0
    assert "MSR loading. No rule that is known here is broken." in unknown


WORDING = (
    (changes.to("GUEST_SS_ACCESS_RIGHTS", 0x93),
     "guest SS access rights is 0x93, must be 0xf3 in virtual-8086 mode"),
    (changes.off("PIN_BASED_CONTROLS", 0x2),
     "pin-based controls is 0x14, must have bit 1 set, as IA32_VMX_TRUE_PINBASED_CTLS says"),
    (changes.to("PRIMARY_VM_EXIT_CONTROLS", 0x8036FFF),
     "primary VM-exit controls is 0x8036fff, must have bit 27 (clear UINV) clear, as"
     " IA32_VMX_TRUE_EXIT_CTLS says"),
    (changes.to("PRIMARY_VM_EXIT_CONTROLS", 0x36BFF),
     "primary VM-exit controls is 0x36bff, must have bit 10 set, as IA32_VMX_TRUE_EXIT_CTLS says"),
    (changes.off("HOST_CR4", 1 << 13),
     "host CR4 is 0x20, must have bit 13 set, as IA32_VMX_CR4_FIXED0 or _FIXED1 says"),
)


def test_the_words(machine):
    tried = machine.run([(changes.V86, [change]) for change, _ in WORDING])
    assert [one.explanation[0] for one in tried] == [words for _, words in WORDING]
