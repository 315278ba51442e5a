"""Programs made together are those made alone; where one cannot be made, the others are."""

import subprocess
import sys

import pytest

from grading import grader, lab, together
from grading.process import Limits
from grading.tests import support

LABS = lab.all_labs()
BOXED = Limits(boxed=True)


@pytest.fixture(name="tree", scope="module")
def fixture_tree(tmp_path_factory):
    """A student's tree in which all is done."""
    folder = tmp_path_factory.mktemp("tree")
    for each in LABS:
        support.write_sources(each._replace(uses=()), folder / "labs" / each.name)
    return folder


@pytest.fixture(name="changed")
def fixture_changed(tree, tmp_path):
    """Makes the tree's programs together, with a change to one of its files."""
    def make(owner, file, change):
        path = tree / "labs" / owner / file
        text = path.read_text()
        path.write_text(change(text))
        try:
            return grader.make_together(tree, LABS, support.OUT, (), tmp_path, BOXED, 2)
        finally:
            path.write_text(text)
    return make


def names(programs):
    """What the labs are called."""
    return {each.name for each in programs}


def test_together_they_are_what_they_are_alone(tree, tmp_path):
    made = grader.make_together(tree, LABS, support.OUT, (), tmp_path / "together", BOXED, 2)
    assert list(made) == LABS
    for each in LABS:
        files, built = grader.make(tree, each, support.OUT, (), tmp_path / each.name, BOXED)
        assert made[each][0] == files
        assert made[each][1].image.read_bytes() == built.image.read_bytes()
        assert made[each][1].symbols.read_bytes() == built.symbols.read_bytes()


def test_what_several_programs_use_is_compiled_once(tree, tmp_path):
    grader.make_together(tree, LABS, support.OUT, (), tmp_path, BOXED, 2)
    wanted = {(each.bits, name) for each in LABS for name in each.sources}
    assert len(wanted) < sum(len(each.sources) for each in LABS)
    assert {(bits, path.stem) for bits in ("32", "64")
            for path in (tmp_path / "box" / f"edit{bits}").glob("*.o")} == wanted
    assert not list((tmp_path / "box").glob("*/edit"))


def test_a_file_that_does_not_compile_is_its_programs_affair(changed):
    made = changed("05-cr3-exercise", "cr3.c", lambda text: text + "int;;\n")
    assert names(LABS) - names(made) == {"05-cr3-exercise"}
    made = changed("01-vm86trap", "decode.c", lambda text: "#error no\n" + text)
    assert names(made) == {"02-guest-resources", "03-host-vmx"}


def test_a_compiler_that_takes_its_time_keeps_nobody_else_waiting(changed, monkeypatch):
    monkeypatch.setattr(together, "SECONDS", 1)
    bomb = "#define A B B B B B B B B\n#define B C C C C C C C C\n#define C D D D D D D D D\n" \
        "#define D E E E E E E E E\n#define E F F F F F F F F\n#define F G G G G G G G G\n" \
        "#define G 1+1+1+1+1+1+1+1+\nint many = A 0;\n"
    made = changed("05-cr3-exercise", "cr3.c", lambda text: text + bomb)
    assert names(LABS) - names(made) == {"05-cr3-exercise"}


@pytest.mark.parametrize("line", ['#include "{labs}/02-guest-resources/README.md"\n',
                                  '        .incbin "{labs}/02-guest-resources/README.md"\n',
                                  '        .incbin "README.md"\n'])
def test_what_takes_in_a_stranger_s_file_is_not_made(changed, line):
    labs = next((support.OUT / "pristine").glob("*/*/labs"))
    text = line.format(labs=labs)
    made = changed("03-host-vmx", "vmxon.S", lambda old: old + text)
    assert names(LABS) - names(made) == {"03-host-vmx", "04-vmlaunch", "05-cr3-vmx"}


def test_a_header_of_one_name_in_two_labs_is_each_lab_s_own(changed):
    """Alone, lab 04 would have had its own."""
    made = changed("03-host-vmx", "machine.c", lambda text: '#include "testbed.h"\n' + text)
    assert names(LABS) - names(made) == {"04-vmlaunch", "05-cr3-vmx"}


@pytest.mark.parametrize("word", ["__has_include", "__has_\\\ninclude", "__has\\ \n_include",
                                  "__has_include_next"])
def test_who_asks_which_headers_there_are_gets_one_answer(changed, word):
    """Lab 03 has vmxstep3.h, and lab 04 has not."""
    assert not changed("03-host-vmx", "enable.c",
                       lambda text: f'#if !{word}("vmxstep3.h")\n#error no\n#endif\n' + text)


def test_where_no_lab_is_complete_none_is_made(tmp_path):
    for name in ("01-vm86trap/vm86trap.c", "02-guest-resources/guest.S"):
        path = tmp_path / "labs" / name
        path.parent.mkdir(parents=True)
        path.write_text("")
    done = subprocess.run([sys.executable, "-S", lab.ROOT / "grading" / "grade", tmp_path,
                           "--work", tmp_path / "work"], check=True, text=True,
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert done.stdout.endswith("all: 0/200\n") and "isrGPF.S is missing" in done.stdout


def test_a_stage_of_each_lab_is_its_own(tree, tmp_path):
    """The others' files are whole then, which are compiled once otherwise."""
    assert not grader.make_together(tree, LABS, support.OUT, ("SOLVED=4",), tmp_path, BOXED, 2)


def test_two_files_of_one_name_are_made_apart(tree, tmp_path):
    twin = LABS[1]._replace(edit=(*LABS[1].edit, LABS[0].edit[0]))
    assert not together.make([LABS[0], twin], tree, tmp_path, support.OUT)


def test_two_labs_that_find_other_files_are_made_apart(tree, tmp_path, monkeypatch):
    monkeypatch.setattr("grading.intake.read", lambda submission, each:
                        {name: each.name.encode() for name in each.sources})
    assert not grader.make_together(tree, LABS, support.OUT, (), tmp_path, BOXED, 2)


def test_a_grade_of_all_says_what_is_wrong_with_one(tree, tmp_path):
    path = tree / "labs" / "05-cr3-exercise" / "cr3.c"
    text = path.read_text()
    path.write_text(text.replace("{", "{ nonsense;", 1))
    try:
        done = subprocess.run([sys.executable, "-S", lab.ROOT / "grading" / "grade", tree,
                               "--work", tmp_path], check=True, text=True, stdout=subprocess.PIPE,
                              stdin=subprocess.DEVNULL)
    finally:
        path.write_text(text)
    assert "cr3.c:" in done.stdout and "nonsense" in done.stdout, done.stdout
    assert "all: 430/500" in done.stdout, done.stdout


def test_without_a_box_it_is_the_same(tree, tmp_path):
    made = grader.make_together(tree, LABS, support.OUT, (), tmp_path, Limits(), 2)
    assert list(made) == LABS
