"""rubric/challenge.py: as testbed.h lays it out, and as hard as the lab needs it."""

import importlib
import subprocess

import pytest

from grading import lab
from grading.build import PREFIX
from grading.witness import REGISTERS

LAB = lab.find("05-cr3-vmx")
RUBRIC = LAB.rubric()
challenge = importlib.import_module(RUBRIC.__name__ + ".challenge")

SEEDS = range(40)
TO, FROM = b"\x0F\x22", b"\x0F\x20"


@pytest.fixture(scope="module")
def drawn():
    return [challenge.draw(seed, 0x1C000) for seed in SEEDS]


def test_the_layout_is_that_of_testbed_h(tmp_path):
    conditions = [
        f"CHALLENGE_RUNS == {challenge.RUNS}", f"CHALLENGE_HEADER == {challenge.HEADER}",
        f"GUEST_BYTES == {challenge.machines.BYTES}", "sizeof(struct run) == 12",
        "offsetof(struct challenge, run_count) == 4", "offsetof(struct challenge, registers) == 8",
        "offsetof(struct challenge, run) == 136", "offsetof(struct run, sp) == 2",
        "offsetof(struct run, exception_bitmap) == 4", "offsetof(struct run, use_targets) == 8"]
    source = tmp_path / "layout.c"
    source.write_text('#include <stddef.h>\n#include "testbed.h"\n' + "".join(
        f'_Static_assert({each}, "{each}");\n' for each in conditions))
    folders = [LAB.folder, *(LAB.folder.parent / owner for owner in LAB.sources.values()),
               lab.ROOT / "common"]
    done = subprocess.run(
        [f"{PREFIX}gcc", "-m64", "-std=gnu11", "-ffreestanding", "-fsyntax-only",
         *(f"-I{folder}" for folder in dict.fromkeys(folders)), source],
        check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_it_is_repeatable_and_fits(drawn):
    for seed, one in zip(SEEDS, drawn):
        assert challenge.draw(seed, 0x1C000) == one or \
            challenge.draw(seed, 0x1C000).content == one.content
        assert len(one.content) == challenge.BYTES
    assert len({one.content for one in drawn}) == len(SEEDS)


def moves(one, way, opcode):
    """The moves of CR3 of that direction in the runs of that way."""
    return [want for run in one.runs if run.way == way for want in run.guest.traps
            if want.code[:2] == opcode and want.code[2] >> 3 & 7 == 3]


@pytest.mark.parametrize("opcode", [TO, FROM], ids=["to", "from"])
@pytest.mark.parametrize("way", [challenge.STRAIGHT, challenge.KERNEL])
def test_every_register_is_used_both_ways(drawn, way, opcode):
    for one in drawn:
        assert {want.code[2] & 7 for want in moves(one, way, opcode) if not want.refused} \
            == set(range(len(REGISTERS)))


@pytest.mark.parametrize("way", [challenge.STRAIGHT, challenge.KERNEL, challenge.TARGETS])
def test_every_way_has_values_that_are_refused(drawn, way):
    for one in drawn:
        refused = [want.refused for want in moves(one, way, TO) if want.refused]
        assert len(refused) >= 3
        if way != challenge.TARGETS:
            assert "is no page's address" in refused
            assert "is outside the guest's memory" in refused


def test_without_exits_most_writes_make_none_and_zero_is_tried_at_every_count(drawn):
    for one in drawn:
        writes = moves(one, challenge.TARGETS, TO)
        values = [want.registers[REGISTERS[want.code[2] & 7]] for want in writes]
        accepted = [value for want, value in zip(writes, values) if not want.refused]
        assert len(set(accepted)) == 3 and len(accepted) >= challenge.SWITCHES
        assert values[1] == values[3] == values[5] == 0  # with 1, 2 and 3 values published


def test_what_is_loaded_tells_the_mappings_apart(drawn):
    for one in drawn:
        for run in one.runs:
            notes = [note for want in run.guest.traps for note in want.notes.values()]
            if run.way != challenge.TARGETS:
                continue
            assert sum("loaded from" in note for note in notes) >= challenge.SWITCHES
