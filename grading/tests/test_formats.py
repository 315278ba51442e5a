"""formats/: each format read by a parser of its own, held against what it was made of.

A check of a format is a function of (text, results); it raises one of REFUSED. MUTATIONS
holds, for each check, outputs that are wrong in one place, which it must refuse.
"""

import copy
import csv
import io
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import jsonschema
import pytest

from grading import formats, lab, report
from grading.judge import VERDICTS, Verdict
from grading.rubric import Exercise
from grading.witness import Run

REFUSED = (AssertionError, ValueError, jsonschema.ValidationError, csv.Error,
           ElementTree.ParseError)
HOSTILE = ("\x1b[31mred\x1b[0m", "]]>", "</script><b>", "=cmd()", "not ok 1 - mine", "Bail out!",
           "  ---\n  ...\nok 1 - mine", "# Subtest: x", "1..1", "a: &b [*b",
           "04-vmlaunch on Bochs 2.7, SEED=7", "\x00\r\x7f\u2028\ud800", 'a " and \\ and \\n',
           "<!--", "<![CDATA[", "+1", "@SUM(A1)", "-2+3",
           '{"_presentation": "semantic"}', '{"scores": {"lab01": 100}}')
SAID = "\n".join(HOSTILE)  # the last line is the worst
SECRETS = ("secretly wanted", "secretly had", "secretly hinted", "secretly logged")
POINTS = {"01-vm86trap": (10, 20, 30, 40), "02-guest-resources": (50, 25, 25),
          "03-host-vmx": (60, 40), "04-vmlaunch": (60, 30, 10),
          "05-cr3-exercise": (20, 25, 25), "05-cr3-vmx": (12, 10, 8)}
FIRST = {"05-cr3-vmx": 4}  # the number of its first exercise; of the others', 1


def verdict(name, number, points, status):
    """A verdict with hostile texts, if it is not PASS."""
    exercise = Exercise(f"{name[:2]}-{number}", f"step {number} # TODO \\ of {name}", points, "?")
    if status == "PASS":
        return Verdict(exercise, status, points)
    return Verdict(exercise, status, 0, f"what {status} wants", f"{status}\n{SAID}", "look there")


def program(name, statuses, seed=7, said=SAID):
    """The internal result of one program, as the grader makes it."""
    boots = [Run(b"", [], None, False, True, "bochs", seconds) for seconds in (0.25, 0.5)]
    origin = report.Origin(seed, "bochs", "Bochs 2.7", "gcc 12.2.0", "ab" * 32, "own",
                           ["cd" * 32, "ef" * 32])
    verdicts = [verdict(name, number, points, status) for number, (points, status)
                in enumerate(zip(POINTS[name], statuses), FIRST.get(name, 1))]
    return report.result(SimpleNamespace(name=name), verdicts, boots, origin, said)


def hide(result, number, visibility="hidden"):
    """Gives an exercise of the result that visibility, and SECRETS."""
    result["exercises"][number] |= {"visibility": visibility, "expected": SECRETS[0],
                                    "got": SECRETS[1], "hint": SECRETS[2]}
    result["output"] += f"\n{SECRETS[3]}"
    return result


def unbuilt(name):
    """A program that did not build: there are no runs, and no section."""
    result = program(name, ["FAIL"] * len(POINTS[name]))
    return result | {"runs": [], "exercises": [exercise | {"section": ""}
                                               for exercise in result["exercises"]]}


def five_labs():
    """A submission of five labs: every status, hidden exercises, one that did not build."""
    return [program("01-vm86trap", ("PASS", "FAIL", "HANG", "TODO"), 2**64 - 1),
            hide(program("02-guest-resources", ("PASS", "FAIL", "SKIP")), 1),
            unbuilt("03-host-vmx"),
            program("04-vmlaunch", ("CRASH", "ERROR", "PASS")),
            program("05-cr3-exercise", ("PASS", "PASS", "TODO")),
            hide(program("05-cr3-vmx", ("PASS", "PASS", "FAIL")), 2, "after_due_date")]


def perfect():
    """The solution of five labs."""
    return [program(name, ["PASS"] * len(points), said="") for name, points in POINTS.items()]


CASES = {"five labs": five_labs(), "all right": perfect(), "unbuilt": [unbuilt("03-host-vmx")],
         **{status: [program("03-host-vmx", (status, "PASS"))] for status in VERDICTS}}


def exercises(results):
    return [exercise for result in results for exercise in result["exercises"]]


def total(results, name):
    return sum(exercise[name] for exercise in exercises(results))


def worst(results):
    return max((exercise["status"] for exercise in exercises(results)), key=VERDICTS.index)


def named(exercise):
    return f"{exercise['id']} {exercise['title']}"


def shape(required, **more):
    """The schema of an object that has these properties and no others."""
    return {"type": "object", "required": list(required), "additionalProperties": False,
            "properties": required | more}


STRING, COUNT, AMOUNT = {"type": "string"}, {"type": "integer", "minimum": 0}, \
    {"type": "number", "minimum": 0}
INTERNAL = json.loads((lab.ROOT / "grading" / "result.schema.json").read_text())
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
GRADESCOPE = shape({
    "score": AMOUNT, "execution_time": AMOUNT, "output": STRING, "stdout_visibility": VISIBILITY,
    "tests": {"type": "array", "minItems": 1, "items": shape({
        "name": STRING, "number": STRING, "score": AMOUNT, "max_score": AMOUNT,
        "status": {"enum": ["passed", "failed"]}, "output": STRING,
        "output_format": {"const": "text"}, "visibility": VISIBILITY,
        "tags": {"type": "array", "items": STRING}})},
    "leaderboard": {"type": "array", "maxItems": 0}, "extra_data": {"type": "object"}},
    output_format=FORMAT)
PRAIRIELEARN = shape({
    "gradable": {"type": "boolean"}, "score": AMOUNT | {"maximum": 1}, "output": STRING,
    "tests": {"type": "array", "minItems": 1, "items": shape({
        "name": STRING, "points": AMOUNT, "max_points": AMOUNT, "message": STRING,
        "output": STRING})}}, format_errors=STRING)
AUTORESULT = shape({"scores": {"type": "object", "minProperties": 1, "additionalProperties": False,
                               "patternProperties": {"^lab[0-9]{2}$": COUNT}}})
SUM = shape({"version": {"const": 1}, "score": COUNT, "max": COUNT,
             "verdict": {"enum": list(VERDICTS)},
             "results": {"type": "array", "minItems": 1, "items": INTERNAL}})


def check_json(text, results):
    values = json.loads(text)
    jsonschema.validate(values, SUM)
    assert values["results"] == results
    assert (values["score"], values["max"]) == (total(results, "score"), total(results, "max"))
    assert values["verdict"] == worst(results)


def check_gradescope(text, results):
    values = json.loads(text)
    jsonschema.validate(values, GRADESCOPE)
    tests = values["tests"]
    assert values["score"] == sum(test["score"] for test in tests) == total(results, "score")
    assert sum(test["max_score"] for test in tests) == total(results, "max")
    assert values["execution_time"] == 0.75 * len([result for result in results if result["runs"]])
    assert values["stdout_visibility"] == "hidden"
    assert values["extra_data"]["verdict"] == worst(results)
    assert [(test["number"], test["name"], test["visibility"], test["status"] == "passed",
             test["output"].split("\n")[0]) for test in tests] \
        == [(exercise["id"], exercise["title"], exercise["visibility"],
             exercise["status"] == "PASS", exercise["status"]) for exercise in exercises(results)]
    for test, exercise in zip(tests, exercises(results)):
        assert exercise["expected"] in test["output"] and exercise["got"] in test["output"]
    extra = values["extra_data"]["programs"]
    for name in ("seed", "emulator", "versions", "submission_sha256", "runs", "verdict"):
        assert [each[name] for each in extra] == [result[name] for result in results]
    check_logs(values["output"], results)
    no_secrets([values["output"], *(test["output"] for test in tests
                                    if test["visibility"] == "visible")])


def check_autolab(text, results):
    *others, last = text.removesuffix("\n").split("\n")
    values = json.loads(last)
    jsonschema.validate(values, AUTORESULT)
    numbers = {result["lab"][:2] for result in results}
    assert values["scores"] == {f"lab{number}": sum(
        result["score"] for result in results if result["lab"].startswith(number))
        for number in numbers}
    for line in others:
        assert not line.lstrip().startswith("{")
        assert line.startswith(("  ", *(f"{result['lab']} on " for result in results)))
    for exercise in exercises(results):
        assert re.search(f"^  {exercise['id']} .* {exercise['score']}/{exercise['max']} +"
                         f"{exercise['status']}$", text, re.MULTILINE)
        assert shown(exercise) in text
    no_secrets([text])


def check_prairielearn(text, results):
    assert len(text.encode()) <= 1_000_000
    values = json.loads(text)
    jsonschema.validate(values, PRAIRIELEARN)
    assert values["gradable"] == (worst(results) != "ERROR") == ("format_errors" not in values)
    points = sum(test["points"] for test in values["tests"])
    most = sum(test["max_points"] for test in values["tests"])
    assert (points, most) == (total(results, "score"), total(results, "max"))
    assert values["score"] == pytest.approx(points / most)
    assert [(test["name"], test["message"]) for test in values["tests"]] \
        == [(named(exercise), exercise["status"]) for exercise in exercises(results)]
    if "more characters]" not in text:
        check_logs(values["output"], results)
        assert all(each["got"] in test["output"] for test, each in zip(
            values["tests"], exercises(results)) if each["visibility"] == "visible")
    no_secrets([text])


ELEMENTS = {"PASS": [], "SKIP": ["skipped"], "TODO": ["skipped"], "FAIL": ["failure"],
            "HANG": ["failure"], "CRASH": ["failure"], "ERROR": ["error"]}


def check_junit(text, results):
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites" and {suite.tag for suite in root} == {"testsuite"}
    assert [suite.get("name") for suite in root] == [result["lab"] for result in results]
    for suite, result in zip(root, results):
        cases = suite.findall("testcase")
        assert {child.tag for child in suite} == {"properties", "testcase", "system-out"}
        assert [(case.get("classname"), case.get("name"), [child.tag for child in case])
                for case in cases] == [(result["lab"], named(each), ELEMENTS[each["status"]])
                                       for each in result["exercises"]]
        failed = [each for each in result["exercises"] if each["status"] != "PASS"]
        said = [child for case in cases for child in case]
        assert [child.get("type") for child in said] == [each["status"] for each in failed]
        for child, each in zip(said, failed):
            assert shown(each) in child.get("message")
            assert each["visibility"] != "visible" or each["got"] in child.text
        if all(each["visibility"] == "visible" for each in result["exercises"]):
            assert (suite.findtext("system-out") or "") == result["output"]
        properties = {each.get("name"): each.get("value") for each in suite.find("properties")}
        assert properties["score"] == f"{result['score']}/{result['max']}"
        assert properties["seed"] == str(result["seed"])
        for exercise in result["exercises"]:
            assert properties[exercise["id"]] == f"{exercise['score']}/{exercise['max']}"
        check_counts(suite)
    check_counts(root)
    no_secrets([text])


def check_counts(element):
    """That a suite, or all of them, say how many of what there are."""
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"),
                      ("skipped", "skipped")):
        assert int(element.get(name)) == len(list(element.iter(tag))), name
    assert float(element.get("time")) >= 0


POINT = re.compile(r"(ok|not ok) ([0-9]+) - ((?:[^\\#]|\\[\\#])*?)(?: # (SKIP|TODO))?")


def read_tap(text):
    """The points of a TAP 14 document, strictly: (ok, name, directive, diagnostics)."""
    assert text.endswith("\n")
    version, plan, *lines = text[:-1].split("\n")
    assert version == "TAP version 14"
    points, block = [], None
    for line in lines:
        if block is not None and line != "  ...":
            entry = re.fullmatch(r"  ([a-z]+): (.*)", line)
            assert entry and entry[1] not in block, line
            block[entry[1]] = json.loads(entry[2])
        elif block is not None:
            points[-1][3].update(block)
            block = None
        elif line == "  ---":
            assert points and not points[-1][3]
            block = {}
        elif not line.startswith("# "):
            point = POINT.fullmatch(line)
            assert point and int(point[2]) == len(points) + 1, line
            points.append((point[1] == "ok", re.sub(r"\\(.)", r"\1", point[3]), point[4], {}))
    assert block is None and plan == f"1..{len(points)}"
    return points


def check_tap(text, results):
    points = read_tap(text)
    assert len(points) == len(exercises(results))
    for (passed, name, directive, values), exercise in zip(points, exercises(results)):
        status = exercise["status"]
        assert name == named(exercise)
        assert passed == (status in ("PASS", "SKIP"))
        assert directive == (status if status in ("SKIP", "TODO") else None)
        assert {key: values.get(key) for key in ("status", "score", "max")} \
            == {key: exercise[key] for key in ("status", "score", "max")}
        if exercise["visibility"] == "visible":
            assert values.get("got", "") == exercise["got"]
    no_secrets([text])


def check_csv(text, results):
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == ["lab", "id", "title", "score", "max", "status", "seed", "emulator", "sha256"]
    assert rows == [[
        result["lab"], exercise["id"], exercise["title"], str(exercise["score"]),
        str(exercise["max"]), exercise["status"], str(result["seed"]), result["emulator"],
        result["submission_sha256"]] for result in results for exercise in result["exercises"]]
    no_secrets([text])


CHECKS = {"json": check_json, "gradescope": check_gradescope, "autolab": check_autolab,
          "prairielearn": check_prairielearn, "junit": check_junit, "tap": check_tap,
          "csv": check_csv}


def shown(exercise):
    """What an exercise has got, in one line, as far as students may see it."""
    return exercise["got"].replace("\n", " ") if exercise["visibility"] == "visible" else ""


def check_logs(text, results):
    """That no program's log can pass for another's, or for a headline."""
    headlines = [line for line in text.split("\n") if not line.startswith("| ")]
    assert [line.split(" on ")[0] for line in headlines] == [result["lab"] for result in results]
    assert len([line for line in text.split("\n") if line == "| " + HOSTILE[-1]]) \
        == len([result for result in results if "secret" not in result["output"]
                and HOSTILE[-1] in result["output"]])


def no_secrets(texts):
    """That students read nothing of SECRETS there."""
    for text in texts:
        assert not [secret for secret in SECRETS if secret in text]


def edit(path, value):
    """A mutation of a JSON text: what is at `path` becomes `value`; None: it goes."""
    def mutate(text):
        values = json.loads(text)
        place = values
        for step in path[:-1]:
            place = place[step]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        return json.dumps(values)
    return mutate


def swap(old, new):
    """A mutation of any text: the first `old` becomes `new`."""
    def mutate(text):
        assert old in text
        return text.replace(old, new, 1)
    return mutate


def swap_last(old, new):
    """A mutation of any text: the last `old` becomes `new`."""
    return lambda text: new.join(text.rsplit(old, 1))


def add(line):
    """A mutation of any text: one line more at its end."""
    return lambda text: f"{text}{line}\n"


MUTATIONS = {
    "json": [edit(["score"], 1), edit(["max"], 1), edit(["verdict"], "PASS"), edit(["version"], 2),
             edit(["results", 0], None), edit(["results", 0, "exercises", 1, "got"], "else"),
             edit(["more"], 1), edit(["results", 0, "output"], "\x1b"), lambda text: text[:-3]],
    "gradescope": [edit(["score"], 1), edit(["tests", 0, "score"], 11), edit(["tests"], []),
                   edit(["tests", 0, "max_score"], 11), edit(["tests", 0, "status"], "failed"),
                   edit(["tests", 1, "status"], "ok"), edit(["tests", 5, "visibility"], "visible"),
                   edit(["tests", 1, "output"], ""), edit(["tests", 0, "output_format"], "html"),
                   edit(["output"], f"x {SECRETS[3]}"), edit(["output"], ""),
                   edit(["stdout_visibility"], "visible"), edit(["execution_time"], 1000),
                   edit(["extra_data", "programs", 0, "seed"], 1), edit(["leaderboard"], None),
                   edit(["tests", 0, "number"], 1), edit(["tests", 2, "name"], "other")],
    "autolab": [add('{"scores": {"lab01": 100}}'), add("done"), swap('"lab05": ', '"lab05": 1'),
                swap('"lab05"', '"05"'), swap_last('{"scores"', '{"more": 1, "scores"'),
                swap("  | not ok", '{"scores": {}}\n  | not ok'), swap("  | Bail", "Bail"),
                swap("HANG", "PASS"), swap("  | ]]>", f"  | {SECRETS[1]}")],
    "prairielearn": [edit(["score"], 2), edit(["score"], 0.99), edit(["gradable"], True),
                     edit(["gradable"], "no"), edit(["format_errors"], None), edit(["tests"], []),
                     edit(["tests", 0, "points"], 1), edit(["tests", 0, "max_points"], 11),
                     edit(["tests", 0, "name"], "other"), edit(["tests", 0, "message"], "FAIL"),
                     edit(["output"], "x" * 1_000_000), edit(["output"], SECRETS[3]),
                     edit(["tests", 5, "output"], SECRETS[0])],
    "junit": [swap("\n]]&gt;", "\n]]>"), swap("?[31m", "\x1b[31m"), swap('tests="', 'tests="1'),
              swap('failures="', 'failures="1'), swap('errors="1"', 'errors="0"'),
              swap('skipped="', 'skipped="1'), swap("<failure", "<skipped"),
              swap('type="HANG"', 'type="FAIL"'), swap('value="10/100"', 'value="100/100"'),
              swap("01-2 step", "step"), swap('value="0/20"', 'value="20/20"'),
              swap("not shown", SECRETS[1]), swap("&lt;/script", "</script"),
              swap('message="FAIL', 'message="'), swap("<system-out>", "<system-out>more "),
              swap("got       FAIL", "got      "), swap('time="', 'time="-')],
    "tap": [swap("14", "13"), swap("1..", "1..1"), swap("not ok 2", "ok 2"),
            swap("ok 1 -", "ok 2 -"), swap("\\# TODO", "# TODO"), swap("# | not ok", "not ok"),
            swap("# | Bail out", "Bail out"), swap("  ...\n", ""), swap("  ---\n", ""),
            swap("max: 20", "max: 2"), swap("score: 0", "score: 20"), swap('\\n]]>', '\n]]>'),
            swap(" # SKIP", ""), swap("# | 1..1", "1..1"), swap("not shown", SECRETS[1]),
            add("ok 99 - more")],
    "csv": [swap("lab,", "Lab,"), swap("PASS", "FAIL"), swap(",10,10,", ",10,100,"),
            swap(",0,", ",20,"), add("01-9,x"), swap("bochs", "qemu"),
            swap("\n01-vm86trap,", "\n'01-vm86trap,"), swap(str(2**64 - 1), "1.8E+19"),
            swap(",01-2,", ',"01-2,'), swap("abab", "aba"),
            lambda text: text[:text.rindex("05-cr3-vmx")]],
}


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
    ("\n=1", "' =1"), ("a=1", "a=1"), ("", ""), ('"=1,', '"=1,'), ("\t=1", "?=1")])
def test_no_csv_cell_is_a_formula(title, cell):
    result = program("01-vm86trap", ("PASS",) * 4)
    result["exercises"][0]["title"] = title
    rows = list(csv.reader(io.StringIO(formats.FORMATS["csv"]([result]))))
    assert rows[1][2] == cell


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
