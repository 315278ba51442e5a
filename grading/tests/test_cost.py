"""cost.py: what an emulated instruction costs, against the shortest way there is."""

import shutil

import pytest

from grading import cost, lab
from grading.tests import support

CHOSEN = lab.find(cost.LAB)


def test_an_exit_costs_at_most_four_times_the_shortest_way(tmp_path):
    solution, shortest = cost.measure(tmp_path, support.OUT)
    assert solution.exits == shortest.exits == 7 * cost.TIMES
    assert solution.most <= 4 * shortest.least, (solution, shortest)


def test_the_shortest_way_emulates_or_there_is_no_figure(tmp_path):
    files = support.write_sources(CHOSEN, tmp_path / "files")
    shutil.copytree(CHOSEN.folder / cost.SHORTEST, files, dirs_exist_ok=True)
    path = files / "launch.S"
    path.write_text(path.read_text().replace("vmwrite %rcx, %rax", "vmwrite %rcx, %rdi"))
    with pytest.raises(ValueError, match="not emulated"):
        cost.count(*cost.boot(CHOSEN, files, tmp_path / "work", support.OUT))


def test_a_register_that_is_told_something_else_is_no_figure(tmp_path):
    files = support.write_sources(CHOSEN, tmp_path / "files")
    path = files / "emulate.c"
    path.write_text(path.read_text().replace("guest[number] = value;", "guest[number] = ~value;"))
    with pytest.raises(ValueError, match="mov %cr0, %eax is not emulated"):
        cost.count(*cost.boot(CHOSEN, files, tmp_path / "work", support.OUT))
