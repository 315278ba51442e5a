"""grading/lab.py: what a lab's Makefile says, and which emulators and CPUs follow from it."""

import pytest

from grading import emulators, lab


def load(folder, text):
    """The Lab of a folder with this Makefile."""
    (folder / "Makefile").write_text(text)
    return lab.load(folder)


def test_what_a_makefile_does_not_say_is_empty(tmp_path):
    of = load(tmp_path, "BITS := 32\nEMULATORS := qemu bochs\nEDIT := a.c b.S\nGIVEN := c.c\n")
    assert (of.edit, of.given, of.emulators) == (("a.c", "b.S"), ("c.c",), ("qemu", "bochs"))
    assert (of.needs, of.cpus) == ((), ())
    assert of.cpu(0) is of.cpu(7) is None


def test_the_cpus_take_turns(tmp_path):
    of = load(tmp_path, "EMULATORS := bochs qemu\nNEEDS     := vmx\nCPUS :=  one  two three \n")
    assert (of.needs, of.cpus) == (("vmx",), ("one", "two", "three"))
    assert [of.cpu(number) for number in range(5)] == ["one", "two", "three", "one", "two"]


@pytest.mark.parametrize(("names", "needs", "can"), [
    ("qemu bochs", "", ["qemu", "bochs"]), ("bochs qemu", "", ["bochs", "qemu"]),
    ("qemu bochs", "vmx", ["bochs"]), ("qemu", "vmx", []), ("bochs qemu", "vmx flight", []),
])
def test_a_lab_can_be_solved_where_the_cpu_offers_what_it_needs(names, needs, can, tmp_path):
    of = load(tmp_path, f"EMULATORS := {names}\nNEEDS := {needs}\n")
    assert emulators.can_run(of) == can
