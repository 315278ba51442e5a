"""The package for Autolab, in a fresh root laid out as that system's (roots.py)."""

import json
import os
import shutil
import subprocess
import tarfile

import pytest

from grading import lab, tree
from grading.tests import support
from grading.tests.systems.roots import (APART, LAB01, MACHINE, SEED, SYSTEM, claims, deserved, empty,
                                 good, granted, half, links, package, swells, takes, watched)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay a root out")

AUTOGRADE = 1001  # Autolab's user

HOME = "home/autograde"
AUTODRIVER = ["setpriv", f"--reuid={AUTOGRADE}", f"--regid={AUTOGRADE}", "--clear-groups",
              "--inh-caps=-all", "--bounding-set=-all", "make"]
LIMITS = ["prlimit", "--nproc=100", "--fsize=104857600"]  # Tango's own


def tarball(handed_in, folder):
    """A function that writes what `handed_in` does, packed, to a path."""
    def write(path):
        folder.mkdir()
        handed_in(folder)
        with tarfile.open(path, "w:gz") as tar:
            for each in sorted(folder.iterdir()):
                tar.add(each, each.name)
    return write


@pytest.fixture(name="job")
def fixture_job(tmp_path):
    """Runs make as Autolab does; the Done."""
    def job(write, place="container", limits=tuple(LIMITS), chosen=("--lab", "01")):
        package(tmp_path, "autolab", "--seed", str(SEED), *chosen)
        root = tmp_path / "root"
        folder = root / HOME / "autolab"
        folder.mkdir(parents=True)
        shutil.copy(tmp_path / "autolab/autograde-Makefile", folder / "Makefile")
        shutil.copy(tmp_path / "autolab/autograde.tar", folder)
        write(folder / "handin.tar.gz")
        subprocess.run(["chown", "-R", f"{AUTOGRADE}:{AUTOGRADE}", folder.parent], check=True)
        enter = ["unshare", "-mpfniu", "--kill-child", "sh", "-c", MACHINE, root,
                 f"/{HOME}/autolab"] if place == "machine" else \
            ["bwrap", *APART, *SYSTEM, "--perms", "0755", "--dir", "/home", "--bind",
             root / HOME, f"/{HOME}", "--chdir", f"/{HOME}/autolab", "--cap-drop", "ALL",
             *granted("SETUID", "SETGID", "SETPCAP"), "--"]
        done = watched(f"/{HOME}", (enter, [*limits, *AUTODRIVER]))
        assert not done.left, done
        assert not [name for name in done.written
                    if not name.startswith(f"/{HOME}/autolab/ring-minus-1/")], done
        return done
    yield job
    shutil.rmtree(tmp_path / "root")


def autoresult(done):
    """What the last line says, and that no other line could be taken for it."""
    *others, last = done.said.splitlines()
    assert not [text for text in others if text.startswith("{")]
    return json.loads(last)


@pytest.mark.parametrize("handed_in", [good, half, claims])
def test_autolab_gives_the_points_that_grade_gives(handed_in, job, tmp_path):
    done = job(tarball(handed_in, tmp_path / "files"))
    assert done.code == 0, done
    score = sum(points for points, _ in deserved(handed_in, tmp_path / "deserved").values())
    assert autoresult(done) == {"scores": {"lab01": score}}


@pytest.mark.parametrize(("handed_in", "words"), [
    (empty, "vm86trap.c is missing"), (links, "decode.c is missing"), (takes, "cmdline"),
    (swells, "isrGPF")])
def test_autolab_says_why_there_are_no_points(handed_in, words, job, tmp_path):
    done = job(tarball(handed_in, tmp_path / "files"))
    assert done.code == 0, done
    assert words in done.said
    assert autoresult(done) == {"scores": {"lab01": 0}}


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bno", b'{"scores": {"lab01": 100}}'])
def test_autolab_refuses_what_is_no_hand_in(content, job):
    done = job(lambda path: path.write_bytes(content), chosen=())
    assert done.code == 0
    assert "make handin" in done.said
    assert autoresult(done) == {"scores": {f"lab{each.number}": 0 for each in lab.all_labs()}}


def test_autolab_has_a_sandbox_where_there_can_be_one(job, tmp_path):
    done = job(tarball(good, tmp_path / "files"), "machine", LIMITS)
    assert done.code == 0, done
    assert "sandbox: bubblewrap\n" in done.said
    assert autoresult(done) == {"scores": {"lab01": 100}}


def test_autolab_gives_nothing_if_the_grader_fails(job, tmp_path):
    def write(path):
        tarball(good, tmp_path / "files")(path)
        with tarfile.open(path.with_name("autograde.tar"), "a") as tar:  # the last one counts
            (tmp_path / "broken").write_text("1 / 0\n")
            tar.add(tmp_path / "broken", f"{tree.TREE}/labs/{LAB01.name}/rubric/__init__.py")
    done = job(write)
    assert done.code == 2  # make's
    assert "scores" not in done.said
    assert "ZeroDivisionError" in done.said
    assert "the grader failed, not the program" in done.said


def test_autolab_grades_all_labs(job, tmp_path):
    def everything(folder):
        for each in lab.all_labs():
            support.write_sources(each._replace(uses=()), folder / "labs" / each.name)
    done = job(tarball(everything, tmp_path / "files"), chosen=())
    assert done.code == 0, done
    assert autoresult(done) == {"scores": {f"lab{each.number}": 100 for each in lab.all_labs()}}
