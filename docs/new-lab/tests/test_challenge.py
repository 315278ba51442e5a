"""rubric/challenge.py: as testbed.h lays it out, and hard enough."""

import importlib
import subprocess

from grading import lab

LAB = lab.find("@NAME@")
challenge = importlib.import_module(LAB.rubric().__name__ + ".challenge")


def test_the_layout_is_that_of_the_header(tmp_path):
    conditions = [f"CHALLENGE_COUNT == {challenge.COUNT}",
                  f"sizeof(struct challenge) == {len(challenge.draw(0, 0).content)}",
                  "__builtin_offsetof(struct challenge, descriptor) == 8"]
    source = tmp_path / "layout.c"
    source.write_text('#include "testbed.h"\n' + "".join(
        f'_Static_assert({each}, "{each}");\n' for each in conditions))
    done = subprocess.run(["gcc", "-m@BITS@", "-std=gnu11", "-ffreestanding", "-fsyntax-only",
                           f"-I{LAB.folder}", source], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_seed_is_another_challenge_and_the_same_each_time():
    drawn = [challenge.draw(seed, 0) for seed in range(50)]
    assert len({each.content for each in drawn}) == len(drawn)
    assert drawn[7] == challenge.draw(7, 0)


def test_no_piece_can_be_left_out():
    for seed in range(50):
        for base in challenge.draw(seed, 0).bases:
            assert 0 not in base.to_bytes(4, "little")


def test_descriptors_that_are_known():
    assert challenge.descriptor(0, 0xFFFFF, 0x9A, 0xC) == 0x00CF9A000000FFFF
    assert challenge.descriptor(0x80012345, 0x67, 0x8B, 0) == 0x80008B0123450067
