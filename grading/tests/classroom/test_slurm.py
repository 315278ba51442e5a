"""A class on a real Slurm of two nodes, one of which dies in the middle.

Part of `make check-full`: Slurm is no small thing to install, and this takes minutes.
"""

import os
import subprocess

import pytest

from grading.classroom.book import opened
from grading.tests.classroom import cluster
from grading.tests.classroom.classes import command, grades, in_book, many
from grading.tests.processes import processes, until

pytestmark = pytest.mark.full
SUBMISSIONS = 200


@pytest.fixture(name="slurm")
def fixture_slurm(tmp_path):
    """A running cluster."""
    lacking = cluster.lacks()
    assert not lacking, f"{', '.join(lacking)} wanted; ./setup.sh --full"
    with cluster.cluster(tmp_path / "slurm") as running:
        yield running


def test_a_node_dies_and_every_submission_is_graded_once(slurm, tmp_path):
    class_, to = many(tmp_path / "class", SUBMISSIONS), tmp_path / "to"
    with open(tmp_path / "said", "wb") as output:
        child = subprocess.Popen(
            command(class_, to, "--seed", 7, "--slurm", "--jobs", 1, "--part-size", 20),
            env=slurm.environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT)

    def a_fifth():
        spool = list((to / "spool").glob("*/*.json"))
        return len(spool) >= SUBMISSIONS // 5
    until(a_fifth, child)
    slurm.kill_node("one")
    code = child.wait()
    said = (tmp_path / "said").read_text()
    assert code == 0, said
    assert f"{SUBMISSIONS} submissions: {SUBMISSIONS} graded now, 0 in the book already, " \
        "0 equal to one of these, 0 refused, 0 not" in said
    rows = grades(to)
    assert len(rows) == SUBMISSIONS
    assert {row["total"] for row in rows.values()} == {"100"}
    with opened(to / "grades.db") as book:
        assert len(in_book(book)) == SUBMISSIONS
    assert not [line for pid, line in processes(to) if pid != os.getpid()]


def test_without_a_cluster_it_says_so(tmp_path):
    many(tmp_path / "class", 1)
    done = subprocess.run(command(tmp_path / "class", tmp_path / "to", "--slurm"), text=True,
                          env=os.environ | {"SLURM_CONF": str(tmp_path / "none")},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert "without --slurm" in done.stderr and len(done.stderr.splitlines()) == 1
