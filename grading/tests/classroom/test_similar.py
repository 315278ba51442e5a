"""classroom/similar.py: copies are found, and those who did it themselves are left alone.

The figures are those of its docstring. Small classes of two, so that nothing is common.
"""

import os
import time
from itertools import combinations

import pytest

from grading import lab, tree
from grading.classroom import similar
from grading.errors import UsageError
from grading.tests import support
from grading.tests.classroom import variants

FILES = sorted(variants.VARIANTS)
SHORT = "labs/05-cr3-exercise/decode_cr3.c"  # 48 tokens of the student's own


def cut(file, solved):
    """A file of the solution, cut as the handout would."""
    return tree.cut(lab.ROOT / file, solved)


@pytest.fixture(scope="module", name="given")
def fixture_given():
    """file -> (starter, reference)."""
    return {file: (cut(file, 0), cut(file, support.ALL)) for file in [*FILES, SHORT]}


def find(given, file, *texts, threshold=similar.THRESHOLD):
    """The pairs of a class whose students have handed in these texts."""
    return similar.find({f"student {number}": {file: text.encode()}
                         for number, text in enumerate(texts)},
                        {file: given[file][0].encode()}, threshold)


def percent(given, file, one, other):
    """How alike two are."""
    return max((pair.percent for pair in find(given, file, one, other, threshold=1)), default=0)


def wrong_ideas(given, file):
    """The reference with one wrong idea in it, each."""
    mutants = [mutant for mutant in support.mutants(lab.load((lab.ROOT / file).parent))
               if mutant.file == file.split("/")[-1]]
    assert len(mutants) > 5
    return [given[file][1].replace(mutant.replace, mutant.substitute) for mutant in mutants]


@pytest.mark.parametrize("file", FILES)
def test_independent_files_are_not_alike(given, file):
    starter, reference = given[file]
    texts = [reference] + [variants.variant(starter, each) for each in variants.VARIANTS[file]]
    figures = [percent(given, file, one, other) for one, other in combinations(texts, 2)]
    print(file, "independent", figures)
    assert max(figures) <= 43


@pytest.mark.parametrize("file", FILES)
def test_the_same_with_one_wrong_idea_is_alike(given, file):
    figures = [percent(given, file, given[file][1], text) for text in wrong_ideas(given, file)]
    print(file, "reference and mutant", min(figures))
    # One of them writes a whole function anew: it knows by heart which register is which dword.
    assert [figure for figure in figures if figure < 88] in ([], [83])


@pytest.mark.parametrize("file", FILES)
def test_two_with_other_wrong_ideas_are_alike(given, file):
    figures = [percent(given, file, one, other)
               for one, other in combinations(wrong_ideas(given, file)[:12], 2)]
    print(file, "mutant and mutant", min(figures))
    assert min(figures) >= 82


@pytest.mark.parametrize("file", FILES)
def test_a_disguised_copy_is_found(given, file):
    starter, reference = given[file]
    originals = [reference] + [variants.variant(starter, each) for each in variants.VARIANTS[file]]
    copies = [variants.disguise(text, file) for text in originals]
    figures = [percent(given, file, *both) for both in zip(originals, copies)]
    print(file, "disguised", figures)
    assert all(one != other for one, other in zip(originals, copies))
    assert min(figures) >= 82


def test_what_was_given_is_no_evidence(given):
    """Nothing written, or only the one obvious line."""
    for file in (*FILES, SHORT):
        starter, reference = given[file]
        assert not find(given, file, starter, starter, threshold=1)
    assert not find(given, SHORT, reference, reference, reference)


def test_comments_and_layout_are_no_evidence():
    text = "int a;  /* one\n * two */ int\tb; // three\n\nchar *c = \"/* no comment */\";\n"
    assert similar.code_lines(text, ".c") == ["int a; int b;", 'char *c = "/* no comment */";']
    assert similar.code_lines("#if 1\nmovl $1, %eax  # one\n", ".S") == ["#if 1", "movl $1, %eax"]
    assert similar.code_lines("a; /* never closed\nb;", ".c") == ["a;"]


@pytest.mark.parametrize("piece", ["'\\", '"\\', "'", '"', "/*", "//", "\\"])
def test_what_is_never_closed_costs_little(piece):
    """By the square of its length it would be minutes."""
    before = time.process_time()
    similar.code_lines(f"int a;\n{piece * 100_000} x\nint b;\n", ".c")
    assert time.process_time() - before < 2


def test_what_many_have_written_is_no_evidence(given):
    file = variants.VM86TRAP
    few = similar.COMMON_STUDENTS
    alike = [f"{given[file][1]}/* {number} */\n" for number in range(few + 1)]
    assert len(find(given, file, *alike[:few])) == few * (few - 1) / 2
    assert not find(given, file, *alike)


def test_equal_files_are_found_however_many_have_them(given):
    """A solution that is passed around: nobody writes all the same, comments and all."""
    file = variants.VM86TRAP
    many = similar.COMMON_STUDENTS + 3
    changed = [f"{given[file][1]}/* {number} */\n" for number in range(many)]
    pairs = find(given, file, *changed, *[given[file][1]] * many)
    equal = {f"student {number}" for number in range(many, 2 * many)}
    assert {(pair.one, pair.percent) for pair in pairs} == {(min(equal), 100)}
    assert {pair.other for pair in pairs} == equal - {min(equal)} and len(pairs) == many - 1


def test_the_most_alike_is_first(given):
    file = variants.THEVMM
    starter, reference = given[file]
    other = variants.variant(starter, variants.VARIANTS[file][0])
    pairs = find(given, file, other, wrong_ideas(given, file)[0], reference, reference, threshold=1)
    assert [(pair.one, pair.other, pair.percent) for pair in pairs[:1]] == [
        ("student 2", "student 3", 100)]
    percents = [pair.percent for pair in pairs]
    assert percents == sorted(percents, reverse=True)
    assert len({frozenset(pair[:2]) for pair in pairs}) == len(pairs) > 3
    assert pairs[0].left == reference and pairs[0].file == file


def test_the_one_who_wrote_less_is_first(given):
    """A copy with much beside it: all of the one is in the other."""
    file = variants.VM86TRAP
    reference = given[file][1]
    more = reference + variants.VARIANTS[variants.THEVMM][0]["04-5"]
    pair = find(given, file, more, reference)[0]
    assert (pair.one, pair.other, pair.percent) == ("student 1", "student 0", 100)


def test_names_and_bytes_of_students_do_not_matter(given, tmp_path):
    file = variants.VM86TRAP
    text = given[file][1].encode()
    hostile = {"-o /etc/passwd": text + b"\xff\x00\x80\r\n\x1b[2J", "../../x; touch pwned": text,
               "/ | \n": b"/* never closed " + text}
    pairs = similar.find({name: {file: content} for name, content in hostile.items()},
                         {file: given[file][0].encode()})
    assert {frozenset(pair[:2]) for pair in pairs} == set(map(frozenset, combinations(hostile, 2)))
    assert not similar.find({"a": {"labs/x/Makefile": text}, "b": {"labs/x/Makefile": text}},
                            {"labs/x/Makefile": b""})
    assert not similar.find({"a": {file: text}}, {file: b""}) and not similar.find({}, {})


@pytest.mark.parametrize("tool, says", [
    (None, "sim_c is not installed"), ("echo hello", "sim_c said what"),
    ("echo 0.c consists for 99 % of 7.c material", "sim_c said what"),
    ("exit 3", "sim_c failed"), ("while :; do :; done", "sim_c failed")])
def test_a_tool_that_fails_is_told(given, monkeypatch, tmp_path, tool, says):
    if tool:
        (tmp_path / "sim_c").write_text(f"#!/bin/sh\n{tool}\n")
        (tmp_path / "sim_c").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.setattr(similar, "LIMITS", similar.LIMITS._replace(cpu_seconds=1))
    reference = given[variants.THEVMM][1]
    with pytest.raises(UsageError, match=says) as raised:
        find(given, variants.THEVMM, reference, f"{reference}/* mine */\n")
    assert "\n" not in str(raised.value)


def test_a_repetitive_file_costs_little(given):
    """One student's `a a a a ...`; only the start of it is compared."""
    assert len(similar.masked("a\n" * 100_000, ".c").split()) == similar.MOST_TOKENS
    file = variants.VM86TRAP
    starter, reference = given[file]
    texts = [f"{reference}int of_student_{number};\n" for number in range(50)]
    begun = os.times().children_user
    find(given, file, "a\n" * 100_000, *texts)
    assert os.times().children_user - begun < 5


def test_a_class_of_300_is_soon_compared(given):
    """Each with names of their own, so that nothing is common: the slowest case."""
    file = variants.THEVMM
    texts = [given[file][1]
             .replace("vmcs_read", f"read_{number}").replace("EXIT_", f"E{number}_")
             for number in range(300)]
    begun = time.process_time(), os.times()
    find(given, file, *texts)
    used = time.process_time() - begun[0] + os.times().children_user - begun[1].children_user
    assert used < 10
