"""exits.py: what an emulated instruction costs, against the shortest way there is."""

import shutil

import pytest

from bench import exits
from grading import lab
from grading.tests import support

CHOSEN = lab.find(exits.LAB)


def test_an_exit_costs_at_most_its_goal_times_the_shortest_way(tmp_path):
    solution, shortest = exits.compare(tmp_path, support.OUT)
    assert solution.exits == shortest.exits == 7 * exits.TIMES
    assert solution.most <= exits.GOAL * shortest.least, (solution, shortest)


def test_the_shortest_way_emulates_or_there_is_no_figure(tmp_path):
    files = support.write_sources(CHOSEN, tmp_path / "files")
    shutil.copytree(CHOSEN.folder / exits.SHORTEST, files, dirs_exist_ok=True)
    path = files / "launch.S"
    path.write_text(path.read_text().replace("vmwrite %rcx, %rax", "vmwrite %rcx, %rdi"))
    with pytest.raises(ValueError, match="not emulated"):
        exits.count(*exits.boot(CHOSEN, files, tmp_path / "work", support.OUT))


def test_a_register_that_is_told_something_else_is_no_figure(tmp_path):
    files = support.write_sources(CHOSEN, tmp_path / "files")
    path = files / "emulate.c"
    path.write_text(path.read_text().replace("guest[number] = value;", "guest[number] = ~value;"))
    with pytest.raises(ValueError, match="mov %cr0, %eax is not emulated"):
        exits.count(*exits.boot(CHOSEN, files, tmp_path / "work", support.OUT))
