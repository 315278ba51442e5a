"""rubric/challenge.py: as testbed.h lays it out, and as hard as lab 03 needs it."""

import importlib
import struct
import subprocess

import pytest

from grading import lab
from grading.build import PREFIX
from grading.witness import CF, ZF

LAB = lab.find("03")
RUBRIC = LAB.rubric()
attempts = importlib.import_module(RUBRIC.__name__ + ".attempts")
challenge = importlib.import_module(RUBRIC.__name__ + ".challenge")
manual = importlib.import_module(RUBRIC.__name__ + ".manual")

SEEDS = range(50)
OFFSETS = {
    "id": 0, "leaf1_ecx": 4, "feature_control": 24, "port92": 72, "revision_error": 76,
    "fixed": 80, "vmx_basic": 152, "attempts": 168, "misalignment": 176, "selector": 178,
    "pair_count": 180, "window_va": 184, "window_pa": 192, "window_word": 200, "control": 208,
    "wanted": 272, "poison": 296, "machine": 304, "results": 3888}
KINDS = ("WRONG_REVISION", "MISALIGNED", "VMXE_CLEAR", "A20_OFF", "VMXOFF_OUTSIDE",
         "IN_AND_OUT", "TWICE")


@pytest.fixture(scope="module")
def drawn():
    return [challenge.draw(seed, 0x18000) for seed in SEEDS]


def test_the_layout_is_that_of_testbed_h(tmp_path):
    conditions = [f"offsetof(struct challenge, {name}) == {at}" for name, at in OFFSETS.items()]
    conditions += [f"sizeof(struct challenge) == {challenge.BYTES}",
                   f"CHALLENGE_PAIRS == {challenge.PAIRS}", f"ATTEMPTS == {challenge.ATTEMPTS}",
                   f"HOST_STACK == {importlib.import_module(RUBRIC.__name__ + '.host').HOST_STACK}",
                   "offsetof(struct challenge, machine[1].cell) == 304 + 16 + 8",
                   "offsetof(struct challenge, control[1].wanted) == 208 + 16 + 8"]
    conditions += [f"{kind} == {getattr(attempts, kind)}" for kind in KINDS]
    conditions += [f"{name}_CONTROLS == {number}" for number, name in enumerate(manual.CLASSES)]
    source = tmp_path / "layout.c"
    source.write_text('#include <stddef.h>\n#include "testbed.h"\n#include "vmxstep2.h"\n' + "".join(
        f'_Static_assert({each}, "{each}");\n' for each in conditions))
    done = subprocess.run(
        [f"{PREFIX}gcc", "-m64", "-std=gnu11", "-ffreestanding", "-fsyntax-only", f"-I{LAB.folder}",
         f"-I{lab.ROOT / 'common'}", source], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_is_read_of_memory_has_that_size(tmp_path):
    source = tmp_path / "sizes.c"
    source.write_text('#include "vmxstep2.h"\n' + "".join(
        f'_Static_assert(sizeof({name}) >= {size}, "{name}");\n'
        for name, size in RUBRIC.MEMORY.items()))
    done = subprocess.run(
        [f"{PREFIX}gcc", "-m64", "-std=gnu11", "-ffreestanding", "-fsyntax-only", f"-I{LAB.folder}",
         f"-I{lab.ROOT / 'common'}", source], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_packed_values_are_where_testbed_h_has_them(drawn):
    for each in drawn:
        at = lambda name, form: struct.unpack_from("<" + form, each.content, OFFSETS[name])
        assert len(each.content) == challenge.BYTES
        assert at("id", "I") == (each.id,)
        assert list(at("feature_control", "6Q")) == each.feature_control
        assert at("selector", "H") == (each.selector,)
        assert at("pair_count", "I") == (len(each.machine),)
        assert at("window_pa", "Q") == (each.window_pa,)
        assert list(at("wanted", "5I")) == each.wanted
        assert at("poison", "Q") == (each.poison,)
        what, cell = each.machine[1]
        assert struct.unpack_from("<2IQ", each.content, 304 + 16) == (what, 0, cell)
        assert at("results", "I") == (each.results[0],)


def test_the_same_seed_draws_the_same_and_another_something_else(drawn):
    assert challenge.draw(7, 0).content == drawn[7].content
    assert len({each.content for each in drawn}) == len({each.id for each in drawn}) == len(drawn)
    assert all(each.id for each in drawn), "0 is the challenge of challenge.c"


def test_no_single_bit_but_the_right_one_tells_vmx(drawn):
    for each in drawn:
        right = [bool(value & 1 << 5) for value in each.leaf1_ecx]
        for bit in set(range(32)) - {5}:
            assert [bool(value & 1 << bit) for value in each.leaf1_ecx] != right


def test_every_state_of_feature_control_is_there(drawn):
    for each in drawn:
        assert {(value & 1, value >> 1 & 1, value >> 2 & 1) for value in each.feature_control} \
            >= {(0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0), (1, 1, 0), (1, 0, 1)}


def test_every_field_is_written_with_more_bits_than_it_has(drawn):
    for each in drawn:
        encodings = [what for what, _ in each.machine]
        assert set(manual.FIELDS) < set(encodings) and len(set(encodings)) == len(encodings)
        assert set(each.results) == set(encodings) and each.results != encodings
        assert all(cell & ~manual.mask(what) or manual.mask(what) == (1 << 64) - 1
                   for what, cell in each.machine)


def test_a_poisoned_cell_shows_every_width(drawn):
    assert all(byte for each in drawn for byte in each.poison.to_bytes(8, "little"))


def test_windows_are_canonical_and_in_existing_memory(drawn):
    for each in drawn:
        assert each.window_va >> 47 in (0, (1 << 17) - 1)
        assert each.window_va >> 39 & 511 and not each.window_va % challenge.PAGE_2M
        assert challenge.PAGE_2M <= each.window_pa < 28 << 20
    assert any(each.window_va >> 63 for each in drawn)
    assert any(not each.window_va >> 63 for each in drawn)


def test_controls_that_cannot_be_had(drawn):
    for each in drawn:
        missing = sorted(control.wanted & ~(control.capability >> 32)
                         for control in each.control)
        assert missing[0] == 0 and 1 << 31 in missing
        assert all(bits.bit_count() != 1 or bits == 1 << 31 for bits in missing)
        for capability, wanted in each.control:
            assert not capability & ~(capability >> 32) & 0xFFFFFFFF, "1 and 0 at once"
            assert capability & ~wanted & 0xFFFFFFFF, "something must be 1 that is not wanted"


def test_attempts_are_all_there_in_every_order(drawn):
    assert all(sorted(each.attempts) == list(range(1, 8)) for each in drawn)
    assert len({tuple(each.attempts) for each in drawn}) > 40
    assert all(each.revision_error and 0 < each.misalignment < 4096 for each in drawn)


def test_the_cpu_s_answers_are_not_known_by_heart(drawn):
    """Real identifiers have bits 30:8 clear; the made-up ones do not."""
    assert all(basic & 0x7FFFFF00 and basic & 1 << 31 for each in drawn
               for basic in each.vmx_basic)


def test_no_vmxon_that_succeeds_is_told_to_have_failed(drawn):
    """Nobody would leave VMX operation."""
    told = {(each.name, each.answer) for one in drawn for each in one.told}
    assert told == {("vmxon", ZF), ("vmxoff", 0)}


def test_outside_vmx_operation_nothing_is_valid_but_vmxon_s_success(drawn):
    """Who asks why a VMfailValid came would get #UD there."""
    assert {each.instead for one in drawn for each in one.told} == {CF}


def test_what_is_told_names_instructions_that_end_so(drawn):
    for one in drawn:
        ends = {}
        for kind in one.attempts:
            for name, result, _ in attempts.ATTEMPTS[kind][1]:
                ends.setdefault(name, []).append(attempts.FLAGS.get(result))
        assert all(ends[each.name][each.number] == each.answer != each.instead
                   for each in one.told)


def test_each_result_is_to_be_seen_in_a_grade(drawn):
    """Who mixes up two of them would not be seen otherwise."""
    for one, other in zip(drawn, drawn[1:]):
        told = [[each.name for each in some.told] for some in (one, other)]
        assert all(each.count("vmxoff") < 2 for each in told)
        assert sum(each.count("vmxon") for each in told) == 1


def test_who_knows_the_answers_by_heart_is_right_once_in_6():
    """A VMXON with two answers; of two VMXOFFs one is changed, or none."""
    order = range(attempts.WRONG_REVISION, attempts.TWICE + 1)
    assert len({attempts.draw_told(seed, order) for seed in range(2000)}) == 2 * 3
