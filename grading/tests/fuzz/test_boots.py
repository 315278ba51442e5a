"""Damaged disk images, booted for real on both emulators: a verdict each, within a budget of
CPU time. Only where the emulator itself fails is it an ERROR, and here none does."""

import random

import pytest

from grading import emulators, image
from grading.process import Limits
from grading.tests import support
from grading.tests.fuzz import records
from grading.tests.fuzz.cases import TIMES
from grading.tests.fuzz.judging import judged
from grading.tests.programs import start

SHORT, LONG = 20, 66  # boots, in all
SECONDS = 2  # of CPU time; the longest of the solutions takes 1


# What else a program may begin with, in real mode.
INSTEAD = (b"\xba\x00\x04\xb8\x01\x00\xef",  # out %ax, $0x400: the BIOS of Bochs panics
           b"\xfa\xf4", b"\xf4\xeb\xfd", b"\xeb\xfe", b"\x0f\x0b", b"\xcb",  # lret: the loader
           b"\xb0\x01\xe6\xf4", b"\xb0\x00\xe6\xf4",  # out %al, $0xf4: QEMU ends
           b"\xea\xf0\xff\x00\xf0", b"\xb0\xfe\xe6\x64\xf4",  # a reset, of two kinds
           b"\x0f\x01\x1e\x00\x00\xcd\x03")  # lidt, int $3


def ruined(chance, disk, length):
    """A disk image whose program, of that length, is damaged: it starts, and then..."""
    disk = bytearray(disk)
    kind = chance.randrange(10)
    if kind > 7:
        code = chance.choice(INSTEAD)
        disk[image.SECTOR + 2:image.SECTOR + 2 + len(code)] = code
        return bytes(disk)
    if kind == 0:  # no program at all
        disk[image.SECTOR + 2:] = chance.randbytes(len(disk) - image.SECTOR - 2)
        return bytes(disk)
    if kind == 1:  # nor a loader
        return bytes(chance.randbytes(510) + b"\x55\xaa" + disk[image.SECTOR:])
    code = range(image.SECTOR, image.SECTOR + length)
    if kind == 2:
        hole = chance.choice(code)
        disk[hole:hole + 64] = chance.choice((bytes(64), b"\xff" * 64, chance.randbytes(64)))
        return bytes(disk)
    for _ in range(chance.choice((1, 2, 8, 64))):
        disk[chance.choice(code)] ^= 1 << chance.randrange(8)
    return bytes(disk)


def boot(case, kept, folder):
    """The case's solution, ruined and booted; the record, its challenge, and the Run."""
    name = support.CASE_IDS[case % len(support.CASE_IDS)]
    record, chance = kept(name), random.Random(f"boots {name} {case}")
    of, challenge = record.of, record.challenge
    built = folder / "it.img"
    built.write_bytes(record.image)
    disk = image.with_challenge(built, record.run.symbols[of.rubric().REGION], challenge.content)
    frozen = start(record.emulator, folder / "boot", Limits(SECONDS), record.run.cpu or None)
    frozen.go(ruined(chance, disk, record.run.symbols["image_end"] - image.ARENA), record.watch)
    return record, challenge, frozen.wait()


@pytest.mark.parametrize("case", [
    pytest.param(case, marks=[pytest.mark.full] * (case >= SHORT))
    for case in range(int(max(LONG, LONG * TIMES)))])
def test_a_damaged_image_gets_a_verdict(case, kept, tmp_path):
    record, challenge, run = boot(case, kept, tmp_path)
    assert run.problem is None, run.problem
    assert run.cpu_seconds < 3 * SECONDS  # a kernel with other work is late to end it
    verdicts = judged(record, challenge, run, every_format=True)
    assert "ERROR" not in {verdict.status for verdict in verdicts}


def test_every_lab_and_emulator_is_among_them():
    assert SHORT >= 2 * len(support.CASES) and set(emulators.NAMES) == {
        emulator for _, emulator in support.CASES}
    assert set(records.NAMES) >= set(support.CASE_IDS)
