"""Three boots for all tests of a process: labs 01 and 04 on Bochs, 01 on QEMU."""

import pytest

from grading import emulators, lab
from timeline import run


def seen(name, emulator, folder):
    """A Seen of the solution, with the challenge in the sources."""
    return run.watched(lab.find(name), lab.ROOT, emulators.get(emulator), None,
                       lab.ROOT / "build", (), folder)


@pytest.fixture(scope="session", name="task")
def fixture_task(tmp_path_factory):
    return seen("01", "bochs", tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="session", name="task_on_qemu")
def fixture_task_on_qemu(tmp_path_factory):
    return seen("01", "qemu", tmp_path_factory.mktemp("qemu"))


@pytest.fixture(scope="session", name="monitor")
def fixture_monitor(tmp_path_factory):
    return seen("04", "bochs", tmp_path_factory.mktemp("monitor"))
