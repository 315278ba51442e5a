"""The package for Gradescope, in a fresh root laid out as that system's (roots.py)."""

import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest

from grading.tests.systems.roots import (APART, DOCKER, GOOD, PATIENCE, PLACES, SANDBOXES, SEED, SYSTEM,
                                 WORDS, claims, deserved, good, granted, half, package, unzip,
                                 watched)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay a root out")

TEXT = {"type": "string", "pattern": r"^[ -~\n]*$"}
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
TEST = {"type": "object", "additionalProperties": False,
        "required": ["name", "score", "max_score", "status", "visibility"], "properties": {
            "name": TEXT, "number": TEXT, "score": {"type": "number", "minimum": 0},
            "max_score": {"type": "number", "minimum": 0}, "status": {"enum": ["passed", "failed"]},
            "output": TEXT, "output_format": FORMAT, "visibility": VISIBILITY,
            "tags": {"type": "array", "items": TEXT}, "extra_data": {"type": "object"}}}
CONTRACT = {"type": "object", "additionalProperties": False,
            "required": ["score", "output", "tests", "stdout_visibility"], "properties": {
                "score": {"type": "number", "minimum": 0}, "execution_time": {"type": "number"},
                "output": TEXT, "output_format": FORMAT, "visibility": VISIBILITY,
                "stdout_visibility": VISIBILITY, "tests": {"type": "array", "items": TEST},
                "leaderboard": {"type": "array"}, "extra_data": {"type": "object"}}}


def gradescope_root(autograder, capabilities, *more):
    """The command that runs another one, as root in a container, in /autograder."""
    return ["bwrap", *APART, "--clearenv", "--setenv", "PATH", "/usr/local/bin:/usr/bin:/usr/sbin",
            "--setenv", "TOKEN", "harness", *SYSTEM, "--bind", autograder, "/autograder",
            "--chdir", "/autograder", *more, "--cap-drop", "ALL", *granted(*capabilities), "--"]


PACKAGES = ("--ro-bind", "/var/lib/dpkg", "/var/lib/dpkg")


@pytest.fixture(name="laid_out", scope="module")
def fixture_laid_out(tmp_path_factory):
    """/autograder before setup.sh."""
    folder = tmp_path_factory.mktemp("gradescope")
    package(folder, "gradescope", "--lab", "01", "--seed", str(SEED))
    autograder = folder / "autograder"
    for name in ("source", "submission", "results"):
        (autograder / name).mkdir(parents=True)
    os.chmod(autograder / "results", 0o777)
    unzip(folder / "gradescope.zip", autograder / "source")
    shutil.copy(autograder / "source/run_autograder", autograder)
    return autograder


@pytest.fixture(name="image", scope="module")
def fixture_image(laid_out, tmp_path_factory):
    """/autograder behind setup.sh: where every submission starts."""
    autograder = tmp_path_factory.mktemp("image") / "autograder"
    subprocess.run(["cp", "-a", laid_out, autograder], check=True)
    done = subprocess.run([*gradescope_root(autograder, ("ALL",), *PACKAGES), "bash",
                           "/autograder/source/setup.sh"], capture_output=True, text=True,
                          check=False, timeout=PATIENCE)
    assert done.returncode == 0, done
    assert "setup.sh: nothing to install" in done.stdout
    assert done.stdout.count("prepare: ready") == 2
    return autograder


@pytest.fixture(name="submit")
def fixture_submit(image, tmp_path):
    """Grades a hand-in, in a container of its own; the and results.json."""
    def submit(handed_in, place, *more):
        autograder = tmp_path / "autograder"
        subprocess.run(["cp", "-a", image, autograder], check=True)
        handed_in(autograder / "submission")
        os.chmod(autograder / "submission", 0o700)
        done = watched("/autograder", (gradescope_root(autograder, PLACES[place], *more),
                                       ["/autograder/run_autograder"]))
        assert not done.left, done
        assert [name for name in done.written
                if "/ring-minus-1/build/" not in name and "/__pycache__/" not in name] \
            == ["/autograder/results/results.json"], done
        assert "Traceback" not in done.said or done.code
        values = json.loads((autograder / "results/results.json").read_text())
        jsonschema.validate(values, CONTRACT)
        return done, values
    yield submit
    shutil.rmtree(tmp_path / "autograder")  # 20 MB each


def points(values):
    """exercise → (score, passed) in Gradescope's results."""
    assert sum(test["score"] for test in values["tests"]) == values["score"]
    return {test["number"]: (test["score"], test["output"].split("\n")[0])
            for test in values["tests"]}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("handed_in", [good, half, claims])
def test_gradescope_gives_the_points_that_grade_gives(handed_in, place, submit, tmp_path):
    done, values = submit(handed_in, place)
    assert done.code == 0, done
    assert points(values) == deserved(handed_in, tmp_path / "deserved")
    assert (values["score"] == 100) == (handed_in is good)
    assert values["extra_data"]["sandbox"] == SANDBOXES[place]
    assert values["extra_data"]["programs"][0]["seed"] == SEED


@pytest.mark.parametrize("handed_in", GOOD[1:])
def test_gradescope_takes_it_as_it_is_uploaded(handed_in, submit):
    done, values = submit(handed_in, "container")
    assert (done.code, values["score"]) == (0, 100), values["output"]


@pytest.mark.parametrize("handed_in", WORDS)
def test_gradescope_says_why_there_are_no_points(handed_in, submit):
    done, values = submit(handed_in, "container")
    assert (done.code, values["score"]) == (0, 0)
    told = [values["output"], *(test["output"] for test in values["tests"])]
    assert any(WORDS[handed_in] in text for text in told), told


# In place of an emulator: something that has got out of it. In a sandbox or not, it
# neither reaches the result nor lives on; that it is believed is prevented by none of ours.
ESCAPED = """#!/bin/sh
[ "$1" = --version ] && echo "QEMU emulator version 7.2.22" && exit
for file in /autograder/results/results.json /autograder/run_autograder /escaped \\
    /autograder/source/setup.sh /autograder/source/ring-minus-1/grading/grade; do
    echo '{"score": 100}' >$file; rm -rf $file
done 2>/dev/null
ln -s /autograder/elsewhere /autograder/results/results.new 2>/dev/null
for i in 1 2 3 4 5; do setsid sleep 1000 & done 2>/dev/null
[ "$TOKEN" ] && echo "qemu-system-x86_64: knows the harness' environment" && exit 1
echo "qemu-system-x86_64: I am $(id -u)"
exit 1
"""


ASLEEP = "#!/bin/sh\nsleep 1000 &\nexec sleep 1000\n"


@pytest.fixture(name="escaped")
def fixture_escaped(tmp_path):
    """Options that put a program in QEMU's place."""
    def escaped(script):
        (tmp_path / "escaped").write_text(script)
        (tmp_path / "escaped").chmod(0o755)
        return "--ro-bind", str(tmp_path / "escaped"), "/usr/bin/qemu-system-x86_64"
    return escaped


@pytest.mark.parametrize("place", PLACES)
def test_what_gets_out_of_an_emulator_has_no_power(place, submit, escaped):
    done, values = submit(good, place, *escaped(ESCAPED))
    assert (done.code, values["score"]) == (1, 0)  # QEMU failed, not the student
    assert values["output"].startswith("the grader failed, not your program")
    user, = re.findall(r"I am (\d+)", values["tests"][0]["output"])
    assert int(user) >= 62000
    assert "an exercise ended with ERROR" in done.said


@pytest.mark.parametrize("place", PLACES)
def test_a_grade_that_takes_too_long_is_our_failure(place, image, submit, escaped):
    path = image / "source/ring-minus-1/grading/systems/runner.py"
    text = path.read_text()
    assert "SECONDS = 540" in text
    path.write_text(text.replace("SECONDS = 540", "SECONDS = 1"))
    try:
        done, values = submit(good, place, *escaped(ASLEEP))
    finally:
        path.write_text(text)
    assert (done.code, values["score"], values["tests"]) == (1, 0, [])
    assert values["output"].startswith("the grader failed, not your program")
    assert "longer than 1 seconds" in done.said


@pytest.mark.parametrize("broken", ["grading/judge.py", "grading/systems/chosen.json"])
def test_a_grader_that_is_broken_says_so(broken, submit):
    done, values = submit(good, "container", "--ro-bind", "/dev/null",
                          f"/autograder/source/ring-minus-1/{broken}")
    assert (done.code, values["score"], values["tests"]) == (1, 0, [])
    assert values["output"].startswith("the grader failed, not your program")
    assert "Error" in done.said  # for the instructor
    assert "Error" not in values["output"]


@pytest.mark.parametrize(("more", "words"), [
    ((), "could not install: "),  # no package is known there, and no network to get them
    ((*PACKAGES, "--ro-bind", "/bin/false", "/usr/bin/qemu-system-x86_64"),
     "cannot be graded here: 01-vm86trap: CRASH"),
])
def test_gradescope_s_setup_fails_where_nothing_could_be_graded(more, words, laid_out, tmp_path):
    subprocess.run(["cp", "-a", laid_out, tmp_path / "autograder"], check=True)
    done = subprocess.run([*gradescope_root(tmp_path / "autograder", DOCKER, *more), "bash",
                           "/autograder/source/setup.sh"], capture_output=True, text=True,
                          check=False, timeout=PATIENCE)
    shutil.rmtree(tmp_path / "autograder")
    assert done.returncode == 1, done
    assert words in done.stderr
