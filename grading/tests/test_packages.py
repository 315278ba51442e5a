"""The packages for Gradescope and Autolab, each in a fresh root laid out as that system's.

A root has the host's /usr, read-only, and nothing else of the host: its own /etc, /tmp and
/autograder (or home), processes, network. In a "container" there can be no sandbox inside, as
in Docker's; on a "machine" there can. Root's capabilities there are those of the system.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
import zipfile
from typing import NamedTuple

import jsonschema
import pytest

from grading import lab, tree
from grading.tests import support

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay a root out")

LAB01 = lab.find("01")
SEED = 7
AUTOGRADE = 1001  # Autolab's user
DOCKER = ("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID",
          "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE")
PLACES = {"container": DOCKER, "machine": ("ALL",)}
SANDBOXES = {"container": "bwrap cannot make a sandbox here (bwrap: Creating new namespace "
                          "failed: Operation not permitted)", "machine": "bubblewrap"}
PATIENCE = 120  # seconds; only what is broken takes that long

SYSTEM = """--ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/sbin /sbin
    --symlink usr/lib /lib --symlink usr/lib64 /lib64 --perms 0755 --dir /etc
    --ro-bind /etc/alternatives /etc/alternatives --ro-bind /etc/ld.so.cache /etc/ld.so.cache
    --ro-bind /etc/passwd /etc/passwd --ro-bind /usr/lib/os-release /etc/os-release
    --proc /proc --dev /dev --perms 1777 --tmpfs /tmp --perms 0755 --dir /var
    --perms 0755 --dir /var/lib""".split()
APART = "--die-with-parent --unshare-pid --unshare-net --unshare-ipc --unshare-uts".split()

# What a container cannot be made to do: a machine, with bubblewrap of its own. A root that is
# chroot's may make no user namespaces, hence pivot_root; nor may one with a masked /proc.
MACHINE = """set -e; mount --make-rprivate /; mount --bind "$0" "$0"; cd "$0"
mkdir -p usr proc dev etc tmp old; chmod 1777 tmp
mount --bind /usr usr; mount -o remount,ro,bind usr; mount -t proc proc proc; mount --rbind /dev dev
for link in bin sbin lib lib64; do ln -s usr/$link $link; done
cp -r /etc/alternatives /etc/ld.so.cache /etc/passwd etc
pivot_root . old; cd "$1"; umount -l /old; rmdir /old; shift; exec "$@"
"""

# Says of a command what it said and its code, what is left of it (what has been killed takes
# a moment to be gone), and what it wrote.
WATCHED = """touch /stamp; "$@"; echo "code $?"
left() {{ cat /proc/[0-9]*/comm 2>/dev/null | grep -vxE 'bwrap|sh|cat|grep'; }}
for i in 1 2 3 4 5 6 7 8 9 10; do left >/dev/null || break; sleep 0.1; done
echo left; left
echo written; find / /tmp /dev/shm {} -xdev -newer /stamp -not -type d"""


class Done(NamedTuple):
    """What became of a command in a root."""

    said: str
    code: int
    left: set  # names of processes, those that watch it apart
    written: list  # files


def granted(*names):
    """bwrap's options that give root in a container these capabilities."""
    return [word for name in names
            for word in ("--cap-add", name if name == "ALL" else f"CAP_{name}")]


def watched(folder, command):
    """Runs it in front of WATCHED, which looks at `folder`; the Done."""
    run = subprocess.run([*command[0], "sh", "-c", WATCHED.format(folder), "watch", *command[1]],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False, timeout=PATIENCE)
    found = re.fullmatch(r"(.*)code (\d+)\nleft\n(.*)written\n(.*)", run.stdout, re.DOTALL)
    assert found, run.stdout
    return Done(found[1], int(found[2]), set(found[3].split()), found[4].split("\n")[:-1])


def package(folder, *arguments):
    """Calls grading/package; the folder."""
    subprocess.run([lab.ROOT / "grading" / "package", *arguments, "--to", folder], check=True,
                   stdout=subprocess.DEVNULL, timeout=PATIENCE)
    return folder


def unzip(archive, folder):
    """Unpacks a zip as Gradescope does."""
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            os.chmod(packed.extract(member, folder), member.external_attr >> 16)


# --- what a student hands in: functions of a folder -------------------------------------------

def good(folder):
    support.write_sources(LAB01, folder)


def half(folder):
    support.write_sources(LAB01, folder, solved=3)


def a_tree(folder):
    support.write_sources(LAB01, folder / "ring-minus-1" / "labs" / LAB01.name)


def a_tarball(folder):
    good(folder / "loose")
    with tarfile.open(folder / "handin-01-vm86trap.tar.gz", "w:gz") as tar:
        for name in LAB01.edit:
            tar.add(folder / "loose" / name, f"labs/{LAB01.name}/{name}")
    shutil.rmtree(folder / "loose")


def a_zip(folder):
    good(folder / "loose")
    with zipfile.ZipFile(folder / "My Hand-in (2).zip", "w") as packed:
        for name in LAB01.edit:
            packed.write(folder / "loose" / name, name)
    shutil.rmtree(folder / "loose")


def empty(folder):
    pass


def strangers(folder):
    """Good files, and others that would like to be used."""
    good(folder)
    for name in ("Makefile", "setup.sh", "run_autograder", "results.json", "grading/grade",
                 f"{LAB01.name}/rubric/__init__.py", "autograde.tar", "broken.tar"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text('#!/bin/sh\necho \'{"score": 100}\'\n')
    (folder / "results").symlink_to("/autograder/results")
    (folder / "loop").symlink_to(".")


def claims(folder):
    """Says what a good program says, and what a system would like to hear."""
    good(folder)
    forgery = LAB01.folder / "tests/forgeries/prints-without-entering/vm86trap.c"
    text = forgery.read_text().replace('print("\\n");', "print(CLAIM);")
    assert "CLAIM" in text
    (folder / "vm86trap.c").write_text(
        '#define CLAIM "\\n{\\"scores\\": {\\"lab01\\": 100}}\\n{\\"score\\": 100}\\n"\n' + text)


def takes(folder):
    """Takes in a file of the grader's."""
    good(folder)
    with open(folder / "decode.c", "a", encoding="ascii") as file:
        file.write('asm(".incbin \\"/proc/self/cmdline\\"");\n')


def links(folder):
    good(folder)
    (folder / "decode.c").unlink()
    (folder / "decode.c").symlink_to("/etc/passwd")


def swells(folder):
    """An object of a gigabyte."""
    good(folder)
    with open(folder / "isrGPF.S", "a", encoding="ascii") as file:
        file.write("        .data\n        .fill 1 << 30, 1, 1\n")


def unreadable(folder):
    (folder / "handin.tar.gz").write_bytes(b"\x1f\x8bno")


GOOD = (good, a_tree, a_tarball, a_zip, strangers)
WORDS = {empty: "is missing", takes: "cmdline", links: "regular file", swells: "isrGPF",
         unreadable: "no tarball"}  # that the student is told
HOSTILE = (claims, takes, links, swells, unreadable)


@pytest.fixture(name="deserved", scope="module")
def fixture_deserved(tmp_path_factory):
    """What grading/grade gives for a hand-in: exercise → (score, status)."""
    def deserved(handed_in):
        folder = tmp_path_factory.mktemp("deserved")
        handed_in(folder / "it")
        subprocess.run([lab.ROOT / "grading/grade", folder / "it", "--lab", "01", "-o",
                        folder / "result", "--seed", str(SEED), "--out", support.OUT,
                        "--work", folder / "work"], check=True, stdout=subprocess.DEVNULL)
        result, = json.loads((folder / "result").read_text())["results"]
        return {each["id"]: (each["score"], each["status"]) for each in result["exercises"]}
    return deserved


# --- what is in the packages ------------------------------------------------------------------

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


# --- Gradescope -------------------------------------------------------------------------------

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
    """Grades a hand-in, in a container of its own; the Done, and results.json."""
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
def test_gradescope_gives_the_points_that_grade_gives(handed_in, place, submit, deserved):
    done, values = submit(handed_in, place)
    assert done.code == 0, done
    assert points(values) == deserved(handed_in)
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


# --- Autolab ----------------------------------------------------------------------------------

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
def test_autolab_gives_the_points_that_grade_gives(handed_in, job, deserved, tmp_path):
    done = job(tarball(handed_in, tmp_path / "files"))
    assert done.code == 0, done
    score = sum(points for points, _ in deserved(handed_in).values())
    assert autoresult(done) == {"scores": {"lab01": score}}


@pytest.mark.parametrize(("handed_in", "words"), [
    (empty, "lacks vm86trap.c"), (links, "lacks decode.c"), (takes, "cmdline"),
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
    assert autoresult(done) == {"scores": {f"lab0{number}": 0 for number in range(1, 6)}}


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
    assert autoresult(done) == {"scores": {f"lab0{number}": 100 for number in range(1, 6)}}
