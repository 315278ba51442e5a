"""Each format read by a parser of its own, held against what it was made of.

A check is a function of (text, results); it raises one of REFUSED.
"""

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest

from grading import lab
from grading.judge import VERDICTS
from grading.tests.formats.results import HOSTILE, SECRETS, exercises, named, total, worst

REFUSED = (AssertionError, ValueError, jsonschema.ValidationError, csv.Error,
           ElementTree.ParseError)


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
