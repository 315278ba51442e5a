"""Boots for all tests of a process: labs 01 and 04 on Bochs, 01 on QEMU; lab 04 with mistakes."""

import functools

import pytest

from grading import emulators, lab
from grading.tests import support
from timeline import record, run


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


@pytest.fixture(scope="session", name="mistaken")
def fixture_mistaken(tmp_path_factory):
    """Mutant of lab 04, exercises done → the record of its run."""
    of = lab.find("04")

    @functools.cache
    def mistaken(name, solved=99):
        folder = tmp_path_factory.mktemp(name)
        sources = support.write_sources(of, folder / "sources", solved)
        mutant, = [each for each in support.mutants(of) if each.name == name]
        support.apply(mutant, sources)
        return record.of(run.watched(of, sources, emulators.get("bochs"), None,
                                     lab.ROOT / "build", (), folder))

    return mistaken
