"""The handout: what is in it, that it is always the same, that it works alone."""

import errno
import json
import os
import re
import shutil
import subprocess
import tarfile
from contextlib import nullcontext

import jsonschema
import pytest

from grading import emulators, lab, tree
from grading.tests import support
from grading.tests.docs.pages import dead_links

HANDOUT = str(lab.ROOT / "grading" / "handout")
STOP = re.compile(r'(?:lab_todo\(|TODO +)"([0-9-]+)"')  # a step that is not written yet
SECRETS = ("SOLVED", "mutant", "forger", "labs/*/tests", "read_cr0() & ~")


def run(*command, cwd):
    """Runs a command with no more environment than a shell has; its output."""
    done = subprocess.run(command, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env={"PATH": os.environ["PATH"], "HOME": str(cwd)})
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def handout(tmp_path_factory):
    """The folder with the tree and the tarball."""
    folder = tmp_path_factory.mktemp("handout")
    run("/usr/bin/python3", HANDOUT, "--to", str(folder), cwd=folder)
    return folder


@pytest.fixture(scope="module", name="apart")
def fixture_apart(tmp_path_factory):
    """The folder with a tree without the solution's objects, and these beside it."""
    folder = tmp_path_factory.mktemp("apart")
    run("/usr/bin/python3", HANDOUT, "--reference", "apart", "--to", str(folder), cwd=folder)
    return folder


@pytest.fixture(scope="module")
def unpacked(handout):
    """The tree, unpacked from the tarball, with nothing around it."""
    with tarfile.open(handout / "ring-minus-1.tar.gz") as tar:
        tar.extractall(handout / "student")
    return handout / "student" / "ring-minus-1"


def test_it_is_the_same_byte_for_byte(handout, tmp_path):
    run("/usr/bin/python3", HANDOUT, "--to", str(tmp_path), cwd=tmp_path)
    name = "ring-minus-1.tar.gz"
    assert (tmp_path / name).read_bytes() == (handout / name).read_bytes()


def test_of_a_disk_that_gets_full_no_half_tree_is_left(tmp_path, monkeypatch):
    """It would be taken for somebody's own, and nothing would be made there any more."""
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tree, "cut", full)
    with pytest.raises(OSError, match="No space left"):
        tree.make_tree(lab.ROOT, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def test_what_it_takes_is_built_where_it_is_told(tmp_path, monkeypatch):
    """Who grades may not be allowed to write in the course's own folder."""
    monkeypatch.setattr(tree.grader, "locked", lambda place: nullcontext(places.append(place)))
    places = []
    tree.make_tree(lab.ROOT, tmp_path / "tree", tmp_path / "out")
    assert set(places) == {tmp_path / "out"} and (tmp_path / "out" / "handout-reference").is_dir()
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"common32", "common64"} <= made, "what it links is built there, too"


def test_it_holds_nothing_by_accident(unpacked):
    names = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {name.split("/")[0] for name in names} \
        == {"Makefile", "README.md", "setup.sh", "ldscript", "LICENSE", "common", "debug", "docs",
            "grading", "labs", "timeline"}
    assert not [name for name in names if "test" in name and "testbed" not in name]
    for each in lab.all_labs():
        for name in each.edit:
            text = (unpacked / "labs" / each.name / name).read_text()
            assert "TODO(" in text
            assert not [secret for secret in SECRETS if secret in text], name


@pytest.mark.parametrize("each", lab.all_labs(), ids=lambda each: each.name)
def test_every_stop_is_in_the_starter(unpacked, each):
    """One inside the solution of an earlier step would be cut with it."""
    for name in each.edit:
        stops = [STOP.findall((folder / name).read_text())
                 for folder in (each.folder, unpacked / "labs" / each.name)]
        assert stops[0] == stops[1] != [], name
    ids = [exercise.id for exercise in each.rubric().EXERCISES]
    everywhere = " ".join((unpacked / "labs" / each.name / name).read_text() for name in each.edit)
    assert set(STOP.findall(everywhere)) == set(ids)


@pytest.fixture
def solved(handout, tmp_path):
    """A tree of its own in which lab 01 is done."""
    with tarfile.open(handout / "ring-minus-1.tar.gz") as tar:
        tar.extractall(tmp_path)
    first = lab.find("01")
    support.write_sources(first, tmp_path / "ring-minus-1" / "labs" / first.name)
    return tmp_path / "ring-minus-1"


def test_a_tree_that_is_moved_or_copied_is_graded_as_before(solved, tmp_path):
    grade = ("make", "--no-print-directory", "LAB=01", "grade")
    assert "01-vm86trap: 100/100" in run(*grade, cwd=solved)
    solved.rename(tmp_path / "moved")
    assert "01-vm86trap: 100/100" in run(*grade, cwd=tmp_path / "moved")
    shutil.copytree(tmp_path / "moved", tmp_path / "copy")
    assert "01-vm86trap: 100/100" in run(*grade, cwd=tmp_path / "copy")
    (tmp_path / "elsewhere").mkdir()
    assert "01-vm86trap: 100/100" in run(
        "env", f"TMPDIR={tmp_path / 'elsewhere'}", *grade, cwd=tmp_path / "copy")


@pytest.mark.parametrize("letter", " ,#():;%$&'\"\\`|<>")
def test_make_refuses_a_place_that_it_cannot_name(solved, tmp_path, letter):
    """`make clean` there would remove what is beside it."""
    place = tmp_path / f"a{letter}b"
    place.mkdir()
    (tmp_path / "a").write_text("a thesis")
    solved.rename(place / "tree")
    for folder in (place / "tree", place / "tree" / "labs" / "01-vm86trap"):
        for target in ("clean", "grade", "all"):
            done = subprocess.run(["make", "LAB=01", target], cwd=folder, text=True, check=False,
                                  stderr=subprocess.PIPE, stdout=subprocess.PIPE)
            assert done.returncode == 2 and "make cannot work where a name" in done.stderr, done
            assert len(done.stderr.splitlines()) == 1, done.stderr
    assert (tmp_path / "a").read_text() == "a thesis"


def test_no_link_of_its_pages_leads_out_of_it(unpacked):
    pages = [*unpacked.glob("docs/*.md"), unpacked / "README.md"]
    assert {page.name: dead for page in pages if (dead := dead_links(page))} == {}
    assert len(pages) == 5


@pytest.mark.parametrize("each", lab.all_labs(), ids=lambda each: each.name)
def test_it_works_on_its_own(unpacked, each):
    inside = unpacked / "labs" / each.name
    exercises = each.rubric().EXERCISES
    first, points = exercises[0].id, sum(exercise.points for exercise in exercises)
    base = ["BASE=reference"] if each.uses else []  # earlier labs are starters here, too
    assert "warning" not in run("make", *base, cwd=inside)
    for target in [f"{name}{suffix}" for name in emulators.can_run(each)
                   for suffix in ("", "-nox")]:
        assert f"TODO({first})" in run("make", target, *base, cwd=inside)
    for emulator in each.emulators:
        assert f" 0/{points}" in run("make", "grade", f"EMU={emulator}", "V=1", *base, cwd=inside)
    tarball = run("make", "handin", cwd=inside).split(":")[0]
    assert f"TODO({first})" in run("make", f"LAB={each.number}", "grade", *base, cwd=unpacked)

    result = unpacked / "result.json"
    run("/usr/bin/python3", lab.ROOT / "grading" / "grade", tarball, "--lab", each.name,
        *(["--base", "reference"] if base else []), "--out", unpacked / "out", "-o", result, cwd=unpacked)
    values, = json.loads(result.read_text())["results"]
    schema = json.loads((lab.ROOT / "grading" / "result.schema.json").read_text())
    jsonschema.validate(values, schema)
    assert values["score"] == 0
    assert values["exercises"][0]["status"] == "TODO"


def test_a_result_of_any_kind_fits_the_schema(tmp_path):
    from grading.tests import support

    schema = json.loads((lab.ROOT / "grading" / "result.schema.json").read_text())
    for each, emulator in support.CASES:
        sources = support.write_sources(each, tmp_path / each.name)
        jsonschema.validate(support.grade(each, emulator, sources, tmp_path / emulator), schema)
        broken = support.write_sources(each, tmp_path / "broken")
        (broken / each.edit[0]).write_text('#error "\x1b[31mumlaut \u00fc"\n')
        values = support.grade(each, emulator, broken, tmp_path / "broken-work")
        jsonschema.validate(values, schema)
        assert values["score"] == 0
        assert "umlaut" in values["exercises"][0]["got"]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(values | {"score": "full marks"}, schema)


@pytest.mark.parametrize("there", ["thesis.txt", "grading/handin .git/config"])
def test_what_is_no_tree_of_ours_does_not_make_way(tmp_path, there):
    """A clone of the course may well be called as the tree is."""
    for name in there.split():
        (tmp_path / "ring-minus-1" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ring-minus-1" / name).touch()
    done = subprocess.run([HANDOUT, "--to", tmp_path], text=True, capture_output=True, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "is there, and no students' tree" in done.stderr
    assert all((tmp_path / "ring-minus-1" / name).exists() for name in there.split())


def objects(tree):
    """Name → bytes of the object files in a tree."""
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*.o")}


def packed(tarball):
    """Name → bytes of what is in one."""
    with tarfile.open(tarball) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_what_is_kept_apart_is_all_and_only_the_solution_s_objects(handout, apart):
    name = "ring-minus-1.tar.gz"
    of_all, of_tree = packed(handout / name), packed(apart / name)
    assert not objects(apart / "ring-minus-1") and not [each for each in of_tree if each.endswith(".o")]
    tarballs = {path.name: packed(path) for path in apart.glob("reference-*")}
    assert list(sorted(tarballs)) == [f"reference-0{number}.tar.gz" for number in range(1, 6)]
    beside = {f"ring-minus-1/{each}": content for files in tarballs.values()
              for each, content in files.items()}
    assert of_tree | beside == of_all and not of_tree.keys() & beside.keys()
    assert sum(map(len, tarballs.values())) == len(beside), "each is in one"
    assert {each.split("/")[1] for each in tarballs["reference-01.tar.gz"]} == {
        "04-vmlaunch", "05-cr3-exercise", "05-cr3-vmx"}
    for each in lab.all_labs():
        for path in each.uses:
            assert f"labs/{each.name}/reference/{path.split('/')[1]}.o" in tarballs[
                f"reference-{path[:2]}.tar.gz"]


def test_apart_it_is_the_same_byte_for_byte_and_makes_way(apart, tmp_path):
    run("/usr/bin/python3", HANDOUT, "--reference", "apart", "--to", str(tmp_path), cwd=tmp_path)
    for path in apart.glob("*.tar.gz"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    (tmp_path / "reference-list.tar.gz").touch()
    run("/usr/bin/python3", HANDOUT, "--to", str(tmp_path), cwd=tmp_path)
    assert [path.name for path in tmp_path.glob("ref*")] == ["reference-list.tar.gz"], \
        "they do not go with this tree"


def test_who_lacks_the_objects_is_told_what_to_do(apart, tmp_path):
    """And the student's own files are not taken for the solution."""
    shutil.copytree(apart / "ring-minus-1", tmp_path / "tree")
    inside = tmp_path / "tree" / "labs" / "05-cr3-exercise"
    command = ["make", "--no-print-directory", "BASE=reference"]
    for target in ("all", "grade", "qemu-nox"):
        done = subprocess.run([*command, target], cwd=inside, text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and not done.stdout, done
        assert "BASE=reference: the solution of lab 01 is not in this tree yet" in done.stderr
        assert f"reference-01.tar.gz, unpack each: tar -xzf FILE -C {tmp_path / 'tree'}." in done.stderr
    assert "TODO" in run("make", "qemu-nox", cwd=inside), "without it all is as ever"
    run("make", "BASE=reference", cwd=inside.parent / "01-vm86trap")

    before = (inside.parent / "01-vm86trap" / "decode.c").read_bytes()
    run("tar", "-xzf", apart / "reference-01.tar.gz", "-C", tmp_path / "tree", cwd=tmp_path)
    assert before == (inside.parent / "01-vm86trap" / "decode.c").read_bytes()
    support.write_sources(lab.find("05-cr3-exercise")._replace(uses=()), inside)
    assert "05-cr3-exercise: 70/70" in run(*command, "grade", cwd=inside)
    done = subprocess.run(command, cwd=inside.parent / "05-cr3-vmx", text=True, check=False,
                          capture_output=True)
    assert "the solution of lab 02 03 04 05 is not in this tree yet" in done.stderr


def test_the_grader_has_the_objects_whatever_was_handed_out(apart):
    assert set(objects(tree.pristine(support.OUT))) >= {
        f"labs/{each.name}/reference/{path.split('/')[1]}.o"
        for each in lab.all_labs() for path in each.uses}


@pytest.mark.parametrize("value", ["beside", "apart x", "yes"])
def test_make_wants_to_know_where(value):
    done = subprocess.run(["make", "-s", "handout", f"REFERENCE={value}"], cwd=lab.ROOT, text=True,
                          check=False, capture_output=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert f"REFERENCE={value} is unknown; it is apart, or nothing" in done.stderr
