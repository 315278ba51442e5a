"""`make mutants`, and the ladder's test of wrong ideas: what they say of a lab's author's own
mistakes. The lab is the scaffold."""

import re

import pytest

from grading.tests.test_new_lab import PYTEST, duplicate, run

FIRST = 'replace = "& 0x00FFFFFF"\nwith = "& 0x0000FFFF"'
NAME = "base-of-16-bits"


@pytest.fixture(scope="module", name="course")
def fixture_course(tmp_path_factory):
    """A copy of the course with a lab 94-mutants in it."""
    course = duplicate(tmp_path_factory.mktemp("mutants"))
    assert run(course, "make", "new-lab", "LAB=94-mutants")[0] == 0
    return course


@pytest.fixture(name="lab")
def fixture_lab(course):
    """Its folder, which is afterwards as it was."""
    folder = course / "labs" / "94-mutants"
    kept = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    yield folder
    for path, content in kept.items():
        path.write_bytes(content)


def change(path, old, new):
    """Replaces what is there once."""
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))


def mutants(lab, *options):
    """(exit code, lines) of grading/mutants."""
    code, said = run(lab.parent.parent, "grading/mutants", "--lab", "94", *options)
    return code, said.splitlines()


def test_what_it_says_at_its_end(lab):
    code, said = mutants(lab)
    assert code == 0 and said[-1] == ("2 mutants on 2 emulators: 4 trials, 4 killed, 4 of them "
                                      "named by their own exercise"), said
    code, said = mutants(lab, "--emu", "qemu")
    assert code == 0 and said[-1] == \
        "2 mutants, 2 killed, 2 of them named by their own exercise", said


@pytest.mark.parametrize(("old", "new", "words", "killed"), [
    (FIRST, 'replace = "& 0x00FFFFFF"\nwith = "& 0x00FFFFFF)"',
     r"does not build: .*error: .*; a wrong idea compiles", 1),
    (FIRST, 'replace = "& 0x00FFFFFF"\nwith = "& 0x0FFFFFF"', "survives", 1),
    ("loses", "loses", "", 2),
])
def test_a_mutant_that_is_none(lab, old, new, words, killed):
    path = lab / "tests" / "mutants.toml"
    path.write_text(path.read_text().replace(old, new))
    code, said = mutants(lab, "--emu", "qemu")
    wrong = [line for line in said if line.startswith("94-mutants on qemu: ")]
    assert [bool(re.fullmatch(rf"94-mutants on qemu: {NAME} \(.*\) {words}", line))
            for line in wrong] == [True] * bool(words), said
    assert code == bool(words) and f"2 mutants, {killed} killed" in said[-1], said
    code, said = run(lab.parent.parent, *PYTEST, "grading/tests/test_ladder.py",
                     "-k", f"94-mutants-qemu-{NAME}")
    assert code == bool(words) and (not words or re.search(rf"{NAME} {words}", said)), said


def test_it_must_lose_what_it_says(lab):
    rubric = lab / "rubric" / "__init__.py"
    change(rubric, '100,\n', '60,\n')
    change(rubric, ')\n\n\ndef check(', '    Exercise("94-2", "another", 40, "look"),\n)\n\n\ndef check(')
    change(rubric, 'run)}\n', 'run), "94-2": PASSED}\n')
    path = lab / "tests" / "mutants.toml"
    path.write_text(path.read_text().replace('loses = ["94-1"]', 'loses = ["94-1", "94-2"]', 1))
    code, said = mutants(lab, "--emu", "qemu")
    assert code == 1 and any(line.endswith(") loses 94-1; mutants.toml says 94-1, 94-2")
                             for line in said), said


def test_a_solution_that_fails_stops_it(lab):
    change(lab / "mutants.c", "descriptor >> 56;", "descriptor >> 57;")
    assert mutants(lab)[0] == 2
    (line,) = mutants(lab, "--emu", "qemu")[1]
    assert re.fullmatch("the solution itself fails 94-1 on qemu: 0x.*", line), line


@pytest.mark.parametrize(("file", "old", "new", "words", "by"), [
    ("__init__.py", '{"answers": 4', '{"answerz": 4',
     "MEMORY names 'answerz'; the program has no such symbol", "mutants"),
    ("__init__.py", 'STORY =', 'CHECKPOINTS = ("gone",)\nSTORY =',
     "CHECKPOINTS names 'gone'; the program has no such symbol", "mutants"),
    ("__init__.py", 'STORY =', 'STEPS = {"vmlunch": 1}\nSTORY =',
     "STEPS names 'vmlunch'; that is no VMX instruction", "mutants"),
    ("__init__.py", 'REGION = "challenge"', 'REGION = "chalenge"',
     "REGION names 'chalenge'; the program has no such symbol", "grade"),
    ("__init__.py", '{"94-1": check_bases', '{"94-3": PASSED, "94-1": check_bases',
     "check() names exercise '94-3'; EXERCISES has no such", "grade"),
    ("challenge.py", '0, *descriptors)', '0, *descriptors) + b"x"',
     r"the challenge of seed \d+ has 137 bytes; at 'challenge' there is room for 136", "grade"),
])
def test_a_rubric_s_own_mistake_is_its_own(lab, file, old, new, words, by):
    change(lab / "rubric" / file, old, new)
    course, said = lab.parent.parent, f"labs/94-mutants/rubric: {words}\n"
    command = ["grading/mutants", "--lab", "94", "--emu", "qemu"] if by == "mutants" else \
        ["grading/grade", str(lab), "--lab", "94", "--no-sandbox"]
    code, got = run(course, *command)
    assert code == 2 and re.fullmatch(said if "seed" in said else re.escape(said), got), got
    assert run(course, *PYTEST, "grading/tests/test_ladder.py", "-k", "94-mutants-qemu-0 or ("
               "test_the_rubric_names_what_the_program_has and 94-mutants)")[0] == 1


@pytest.mark.parametrize(("old", "new", "words"), [
    ('loses = ["94-1"]\n', '', f"mutant {NAME}: `loses` is wanted, a list of exercises"),
    ('loses = ["94-1"]\n', 'loses = "94-1"\n', f"mutant {NAME}: `loses` is wanted, a list of"),
    ('loses = ["94-1"]\n', 'loses = ["94-7"]\n', f"mutant {NAME}: there is no exercise '94-7'"),
    ('exercise = "94-1"\n', 'exercise = "1"\n', f"mutant {NAME}: there is no exercise '1'"),
    (f'name = "{NAME}"\n', '', "mutant 1: `name` is wanted, a text"),
    ('file = "mutants.c"', 'file = "main.c"', f"mutant {NAME}: file main.c is none that a student"),
    ('idea = ', 'ideas = "x"\nidea = ', f"mutant {NAME}: there is no `ideas`"),
    ('idea = ', 'idea ', "labs/94-mutants/tests/mutants.toml: Expected '='"),
    ('[[mutant]]', '[mutant]', "labs/94-mutants/tests/mutants.toml: "),
    ("0x00FFFFFF", "0x00FEFFFF", f"mutant {NAME}: `replace` is 0 times in mutants.c"),
])
def test_a_damaged_file_is_one_line_and_stops_nothing_else(lab, old, new, words):
    path = lab / "tests" / "mutants.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    code, said = mutants(lab)
    assert code == 2 and len(said) == 1 and words in said[0], said
    assert said[0].startswith("labs/94-mutants/tests/mutants.toml: ")
    assert run(lab.parent.parent, *PYTEST, "grading/tests/test_ladder.py", "--collect-only",
               "-k", "94-mutants")[0] == 0
    if "is 0 times" not in words:
        code, said = run(lab.parent.parent, *PYTEST, "grading/tests/test_ladder.py",
                         "-k", "test_every_exercise_has_a_mutant and 94-mutants")
        assert code == 1 and words in said, said
