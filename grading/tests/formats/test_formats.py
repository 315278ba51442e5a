"""formats/: what each makes of results says what they say, and trusts no text in them."""

import copy
import csv
import io
import json
import os
import re
import stat
import subprocess
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest

from grading import formats, report
from grading.formats import table
from grading.judge import VERDICTS
from grading.tests.formats.checks import CHECKS, INTERNAL, REFUSED, check_prairielearn, read_tap
from grading.tests.formats.results import (CASES, HOSTILE, POINTS, SAID, SECRETS, exercises,
                                           five_labs, named, perfect, program)
from grading.tests.formats.wrong import MUTATIONS


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", CHECKS)
def test_it_says_what_the_results_say(name, case):
    before = copy.deepcopy(CASES[case])
    text = formats.FORMATS[name](CASES[case])
    assert CASES[case] == before
    assert re.fullmatch(r"[\n -~]*\n", text)
    CHECKS[name](text, CASES[case])


@pytest.mark.parametrize("name, number", [(name, number) for name, mutations in MUTATIONS.items()
                                          for number in range(len(mutations))])
def test_the_check_refuses_what_is_wrong(name, number):
    text = formats.FORMATS[name](CASES["five labs"])
    wrong = MUTATIONS[name][number](text)
    assert wrong != text
    with pytest.raises(REFUSED):
        CHECKS[name](wrong, CASES["five labs"])


def test_every_format_has_a_check_and_every_status_a_case():
    assert formats.FORMATS.keys() == CHECKS.keys() == MUTATIONS.keys()
    assert {exercise["status"] for exercise in exercises(CASES["five labs"])} == set(VERDICTS)


def test_the_examples_are_what_the_grader_makes():
    for results in CASES.values():
        for result in results:
            jsonschema.validate(result, INTERNAL)


@pytest.mark.parametrize("name", CHECKS)
def test_nothing_graded_is_no_grade(name):
    with pytest.raises(ValueError, match="nothing was graded"):
        formats.FORMATS[name]([])


@pytest.mark.parametrize("name", CHECKS)
def test_it_trusts_no_text(name):
    results = five_labs()
    for exercise in exercises(results):
        exercise |= {"expected": SAID, "got": SAID, "hint": SAID, "title": SAID}
    for result in results:
        result |= {"output": SAID, "versions": {"emulator": SAID, "compiler": SAID}}
    text = formats.FORMATS[name](results)
    assert re.fullmatch(r"[\n -~]*\n", text)
    for result in results:
        for exercise in result["exercises"]:
            exercise["title"] = report.printable(SAID).replace("\n", " ")
    if name == "autolab":
        assert json.loads(text.splitlines()[-1])["scores"]["lab01"] == 10
        assert not [line for line in text.splitlines()[:-1] if line.startswith("{")]
    elif name == "junit":
        root = ElementTree.fromstring(text)
        assert [case.get("name") for case in root.iter("testcase")] \
            == [named(exercise) for exercise in exercises(results)]
    elif name == "tap":
        assert [point[1] for point in read_tap(text)] \
            == [named(exercise) for exercise in exercises(results)]
    elif name == "csv":
        assert len(list(csv.reader(io.StringIO(text)))) == 1 + len(exercises(results))
    else:
        assert "<" not in text and ">" not in text
        json.loads(text)


@pytest.mark.parametrize("output", ["", "\n", '{"scores": {"lab01": 100}}',
                                    '\n{"scores": {"lab01": 100}}\n', "{\n\n\n"])
def test_autolabs_last_line_is_never_the_students(output):
    result = program("01-vm86trap", ("FAIL",) * 4) | {"output": output}
    for exercise in result["exercises"]:
        exercise["got"] = output
    lines = formats.FORMATS["autolab"]([result]).rstrip().split("\n")
    assert json.loads(lines[-1]) == {"scores": {"lab01": 0}}
    assert not [line for line in lines[:-1] if line.strip().startswith("{")]


@pytest.mark.parametrize("mark, times", [
    ("x", 200_000), ("<", 50_000), ("\\", 90_000), ("\n", 90_000), ("\x1b", 200_000)])
def test_prairielearn_gets_a_megabyte_at_most(mark, times):
    results = [program(name, ["CRASH"] * len(points)) for name, points in POINTS.items()]
    for each in exercises(results) + results:
        each["got" if "got" in each else "output"] = mark * times
    text = formats.FORMATS["prairielearn"](results)
    check_prairielearn(text, results)
    assert "more characters]" in json.loads(text)["output"]
    assert len(text) > 100_000  # no more is cut than must be


def test_prairielearn_says_when_even_names_are_too_long():
    results = perfect()
    results[0]["exercises"][0]["title"] = "x" * 1_000_000
    with pytest.raises(ValueError, match="names"):
        formats.FORMATS["prairielearn"](results)


def test_what_is_short_is_not_cut():
    text = formats.FORMATS["prairielearn"](five_labs())
    assert "more characters" not in text and HOSTILE[-1] in json.loads(text)["output"]


@pytest.mark.parametrize("title, cell", [
    ("=cmd()", "'=cmd()"), ("+1", "'+1"), ("-1", "'-1"), ("@A", "'@A"), (" =1", "' =1"),
    ("\n=1", "' =1"), ("a=1", "a=1"), ("", ""), ('"=1,', '"=1,'), ("\t=1", "?=1"),
    ("a; =1", "a; '=1")])
def test_no_csv_cell_is_a_formula(title, cell):
    result = program("01-vm86trap", ("PASS",) * 4)
    result["exercises"][0]["title"] = title
    rows = list(csv.reader(io.StringIO(formats.FORMATS["csv"]([result]))))
    assert rows[1][2] == cell


def test_a_formula_may_be_wide():
    assert table.cell("\uff1d1+1") == "'\uff1d1+1"


def test_gradescope_shows_an_instructor_why_a_hidden_test_failed():
    tests = json.loads(formats.FORMATS["gradescope"](five_labs()))["tests"]
    hidden = [test for test in tests if test["visibility"] != "visible"]
    assert [test["visibility"] for test in hidden] == ["hidden", "after_due_date"]
    for test in hidden:
        assert [secret for secret in SECRETS if secret in test["output"]] == list(SECRETS[:3])


def test_our_failure_is_told_as_ours():
    results = [program("03-host-vmx", ("ERROR", "PASS"))]
    for name in ("gradescope", "prairielearn", "junit"):
        assert formats.text.OURS in formats.FORMATS[name](results)


def test_tap_diagnostics_are_yaml():
    yaml = pytest.importorskip("yaml")
    text = formats.FORMATS["tap"](five_labs())
    blocks = re.findall(r"^  ---\n(.*?)^  \.\.\.\n", text, re.MULTILINE | re.DOTALL)
    assert [yaml.safe_load(block) for block in blocks] == [point[3] for point in read_tap(text)]


# TAP::Parser knows no version 14 before Perl 5.40; a flat document is one of 13, too.
PERL = """
use TAP::Parser; use JSON::PP; local $/; my $parser = TAP::Parser->new({tap => <STDIN>});
my @points;
while (my $result = $parser->next) {
    push @points, [$result->number, $result->is_actual_ok ? 1 : 0, $result->directive]
        if $result->is_test;
}
print encode_json({points => \\@points, errors => [$parser->parse_errors]});
"""


def perl_reads(text):
    """What TAP::Parser makes of it: points and errors."""
    done = subprocess.run(["perl", "-e", PERL], input=text.replace("version 14", "version 13", 1),
                          text=True, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def test_perl_reads_the_tap():
    read = perl_reads(formats.FORMATS["tap"](five_labs()))
    assert not read["errors"]
    assert read["points"] == [
        [number, int(exercise["status"] in ("PASS", "SKIP")),
         exercise["status"] if exercise["status"] in ("SKIP", "TODO") else ""]
        for number, exercise in enumerate(exercises(five_labs()), 1)]
    assert perl_reads(formats.FORMATS["tap"](five_labs()) + "ok 1 - again\n")["errors"]


def test_write_replaces_the_file_at_once(tmp_path):
    path = tmp_path / "results.json"
    formats.write("one\n", path)
    formats.write("two\r\n", path)
    assert path.read_bytes() == b"two\r\n"
    with pytest.raises(UnicodeEncodeError):
        formats.write("three \ud800", path)
    assert path.read_bytes() == b"two\r\n" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError):
        formats.write("four", tmp_path)
    with pytest.raises(FileNotFoundError):
        formats.write("five", tmp_path / "none" / "results.json")
    assert list(tmp_path.iterdir()) == [path]
    assert not list(tmp_path.parent.glob(f"{tmp_path.name}.*"))


def test_what_is_no_file_is_written_into_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    formats.write("one\n", tmp_path / "pipe")
    assert os.read(reader, 99) == b"one\n" and stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
    os.close(reader)
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "file").touch()
    formats.write("two\n", tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "two\n"
