"""An emulator that fails on its own account is our error, never the student's."""

import pytest

from grading import emulators
from grading.image import IMAGE_BYTES
from grading.process import Limits


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_failure_of_the_emulator_is_said_to_be_one(name, tmp_path, monkeypatch):
    emulator = emulators.get(name)
    if name == "qemu":
        monkeypatch.setattr(emulator, "MACHINE", ["-machine", "no-such-machine"])
    else:
        monkeypatch.setattr(emulator, "CONFIGURATION",
                            emulator.CONFIGURATION.replace("BIOS-bochs-legacy", "no-such-bios"))
    run = emulators.boot(emulator, bytes(IMAGE_BYTES), tmp_path, Limits())
    assert run.problem, run
    assert not run.traps
