"""One challenge, two emulators, one log: what the guest's resources do is the CPU's law,
not an emulator's."""

import pytest

from grading import lab
from grading.tests import support

LAB = lab.find("02")


@pytest.mark.parametrize("seed", (1, 2, 3))
def test_qemu_and_bochs_give_the_same_facts(seed, tmp_path):
    sources = support.write_sources(LAB, tmp_path / "sources")
    logs = {name: support.grade(LAB, name, sources, tmp_path / name, seed)["output"]
            for name in LAB.emulators}
    assert len(logs) == 2
    assert logs["qemu"] == logs["bochs"]
    assert "\n@ trap.code 0x" in logs["qemu"]
