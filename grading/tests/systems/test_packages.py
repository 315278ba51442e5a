"""grading/package: what is in the packages for Gradescope and Autolab."""

import stat
import subprocess
import zipfile

import pytest

from grading import lab, tree
from grading.tests.systems.roots import package, unzip


@pytest.mark.parametrize(("system", "names"), [
    ("gradescope", ["gradescope.zip"]),
    ("autolab", ["autolab/autograde-Makefile", "autolab/autograde.tar"])])
def test_a_package_is_the_same_byte_for_byte(system, names, tmp_path):
    first, second = (package(tmp_path / name, system, "--lab", "01") for name in "ab")
    assert sorted(str(path.relative_to(first)) for path in first.rglob("*") if path.is_file()) \
        == names
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_a_package_holds_the_students_tree_and_no_solution(tmp_path):
    unzip(package(tmp_path, "gradescope") / "gradescope.zip", tmp_path / "it")
    tree.make_tree(lab.ROOT, tmp_path / "students")
    with zipfile.ZipFile(tmp_path / "gradescope.zip") as packed:
        assert {member.date_time for member in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    students = contents(tmp_path / "students")
    packed = contents(tmp_path / "it" / tree.TREE)
    assert students.items() <= packed.items()
    assert packed.keys() - students.keys() == {
        "docs/handout.md", "grading/tree.py", "grading/systems/__init__.py",
        "grading/systems/runner.py", "grading/systems/prepare", "grading/systems/chosen.json"}
    assert {path.name for path in (tmp_path / "it").iterdir()} \
        == {tree.TREE, "setup.sh", "run_autograder"}


def contents(folder):
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode & stat.S_IXUSR)
            for path in folder.rglob("*") if path.is_file()}


def test_a_package_comes_out_of_make_alike(tmp_path):
    subprocess.run(["make", "-f", "-", "LAB=01", "SEED=7"], check=True, text=True,
                   input=f"it:\n\t@{lab.ROOT}/grading/package autolab --lab $(LAB) --seed $(SEED) "
                         f"--to {tmp_path}/a\n", stdout=subprocess.DEVNULL, cwd=tmp_path)
    package(tmp_path / "b", "autolab", "--lab", "01", "--seed", "7")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("arguments", [("moodle",), ("gradescope", "--lab", "99"),
                                       ("autolab", "--seed", "x")])
def test_a_package_that_cannot_be_is_refused(arguments, tmp_path):
    done = subprocess.run([lab.ROOT / "grading/package", *arguments, "--to", tmp_path / "it"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert arguments[-1] in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "it").exists()
