"""What other systems want of a grade: one text for each, made of internal results.

FORMATS: name → function(results) → text, printable ASCII that ends with a newline.
`results` are report.result()'s, one for each program of a submission, in order; none at
all is a ValueError: then nothing was graded, and no system shall take that for a grade.

All that a submission says is hostile, in every syntax: it is made printable here once
more, and each format quotes it in its own way. Why a hidden exercise failed stands in
Gradescope's hidden tests and in "json", which is for instructors, and nowhere else: the
other systems know no visibility, so that what is not "visible" is hidden there for good.
"""

import csv as comma_separated
import functools
import io
import json
import os
import xml.etree.ElementTree as ElementTree

from grading import report
from grading.judge import VERDICTS
from grading.log import printable

VERSION = 1  # of "json"; what is in its "results" has a version of its own
NOT_SHOWN = "not shown: this exercise is hidden"
OURS = "the grader failed, not the program: hand it in again, or tell your instructor"
EXTRA = ("lab", "score", "max", "verdict", "seed", "base", "emulator", "versions",
         "submission_sha256", "runs")  # what Gradescope keeps beside the tests
PRAIRIELEARN_BYTES = 1_000_000  # 1 MB, in the narrower sense
CUTS = (65536, 16384, 4096, 1024, 256, 64, 0)  # characters of a text, until all fits
ELEMENTS = {"SKIP": "skipped", "TODO": "skipped", "FAIL": "failure", "HANG": "failure",
            "CRASH": "failure", "ERROR": "error"}  # JUnit's; PASS has none
DIRECTIVES = {"SKIP": " # SKIP", "TODO": " # TODO"}  # TAP's
COLUMNS = ("lab", "id", "title", "score", "max", "status", "seed", "emulator", "sha256")
FORMULA = ("=", "+", "-", "@")  # how a spreadsheet's formula begins


def as_json(results):
    """Everything, for programs and instructors: the internal results under their sum."""
    return dump({"version": VERSION, "score": total(results, "score"),
                 "max": total(results, "max"), "verdict": worst(results), "results": results})


def gradescope(results):
    """/autograder/results/results.json. Times are seconds of the emulators' CPU time.

    The text above the tests says no score: Gradescope shows it, unless a test is hidden.
    """
    return dump({
        "score": total(results, "score"),
        "execution_time": round(sum(map(seconds, results)), 3),
        "output": logs(results),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": [{
            "name": exercise["title"],
            "number": exercise["id"],
            "score": exercise["score"],
            "max_score": exercise["max"],
            "status": "passed" if exercise["status"] == "PASS" else "failed",
            "output": "\n".join(filter(None, (exercise["status"], why(exercise)))),
            "output_format": "text",
            "visibility": exercise["visibility"],
            "tags": exercise["tags"],
        } for exercise in all_exercises(results)],
        "leaderboard": [],
        "extra_data": {"verdict": worst(results), "max": total(results, "max"), "programs": [
            {name: result[name] for name in EXTRA} for result in results]},
    })


def autolab(results):
    """Tables and logs for the student; the last line is the autoresult.

    One problem for each lab ("lab05"): the sum of its programs. No line but the last is
    JSON, whatever a program says: it stands behind a bar, or in its row of the table.
    """
    scores, out = {}, io.StringIO()
    for result in map(for_students, results):
        problem = f"lab{result['lab'].split('-')[0]}"
        scores[problem] = scores.get(problem, 0) + result["score"]
        report.table(each_text(flat, result), out)
        out.write(behind("  | ", result["output"]) + "\n")
    return f"{out.getvalue()}{json.dumps({'scores': scores})}\n"


def prairielearn(results):
    """/grade/results/results.json, at most PRAIRIELEARN_BYTES: long texts are cut, and say so.

    ValueError if it does not fit though nothing is left but names and points.
    """
    for limit in CUTS:
        text = dump(prairielearn_values(results, limit))
        if len(text) <= PRAIRIELEARN_BYTES:
            return text
    raise ValueError(f"more than {PRAIRIELEARN_BYTES} bytes of names alone")


def prairielearn_values(results, limit):
    """What PrairieLearn wants; of each text at most `limit` characters.

    An ERROR is ours: "gradable" is false then, and costs the student no attempt.
    """
    seen = list(map(for_students, results))
    points = total(results, "max")
    gradable = worst(results) != "ERROR"
    return {
        "gradable": gradable,
        "score": total(results, "score") / points if points else 0.0,
        "output": cut(logs(results), limit),
        "tests": [{
            "name": named(exercise),
            "points": exercise["score"],
            "max_points": exercise["max"],
            "message": exercise["status"],
            "output": cut(why(exercise), limit),
        } for exercise in all_exercises(seen)],
    } | ({} if gradable else {"format_errors": OURS})


def junit(results):
    """JUnit XML: a suite for each program, a case for each exercise.

    A failure is the program's, an error ours; TODO and SKIP are skipped. Points are
    properties of the suite ("01-3": "0/15"), for JUnit knows none; times are seconds.
    """
    root = ElementTree.Element("testsuites", counts(results))
    for result in map(for_students, results):
        suite = ElementTree.SubElement(root, "testsuite", {"name": result["lab"]}
                                       | counts([result]))
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in facts(result):
            ElementTree.SubElement(properties, "property", name=name, value=value)
        for exercise in result["exercises"]:
            add_case(suite, result["lab"], exercise)
        ElementTree.SubElement(suite, "system-out").text = result["output"]
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return text.decode("ascii") + "\n"


def add_case(suite, lab, exercise):
    """Adds JUnit's case of one exercise to its suite."""
    case = ElementTree.SubElement(suite, "testcase", classname=lab, name=named(exercise))
    if exercise["status"] in ELEMENTS:
        message = flat(exercise["got"]) or exercise["status"]
        ElementTree.SubElement(case, ELEMENTS[exercise["status"]], type=exercise["status"],
                               message=message).text = why(exercise)


def counts(results):
    """JUnit's attributes that count."""
    found = [ELEMENTS.get(exercise["status"]) for exercise in all_exercises(results)]
    return {"tests": str(len(found)), "failures": str(found.count("failure")),
            "errors": str(found.count("error")), "skipped": str(found.count("skipped")),
            "time": f"{sum(map(seconds, results)):.3f}"}


def facts(result):
    """(name, value) of what JUnit has no place for, the points among it."""
    yield "score", f"{result['score']}/{result['max']}"
    yield from ((name, str(result[name])) for name in
                ("verdict", "seed", "base", "emulator", "submission_sha256"))
    yield from ((f"version.{name}", value) for name, value in result["versions"].items())
    yield from ((exercise["id"], f"{exercise['score']}/{exercise['max']}")
                for exercise in result["exercises"])


def tap(results):
    """TAP 14, flat: a point for each exercise, its points in the diagnostics.

    For TAP, SKIP and TODO are no failures: a harness's "all passed" is not a grade.
    """
    seen = list(map(for_students, results))
    lines = ["TAP version 14", f"1..{len(all_exercises(seen))}"]
    number = 0
    for result in seen:
        lines.append(f"# {headline(result)}")
        for number, exercise in enumerate(result["exercises"], number + 1):
            lines += point(number, exercise)
        lines.append(behind("# | ", result["output"]))
    return "\n".join(lines) + "\n"


def point(number, exercise):
    """The lines of one TAP test point. JSON's scalars are YAML's, too, in one line each."""
    passed = "ok" if exercise["status"] in ("PASS", "SKIP") else "not ok"
    name = named(exercise).replace("\\", "\\\\").replace("#", "\\#")
    values = [(key, exercise[key]) for key in ("status", "score", "max")] \
        + [(key, exercise[key]) for key in ("expected", "got", "hint") if exercise[key]]
    return [f"{passed} {number} - {name}{DIRECTIVES.get(exercise['status'], '')}", "  ---",
            *(f"  {key}: {json.dumps(value)}" for key, value in values), "  ..."]


def as_csv(results):
    """A row for each exercise. Import ids as text: spreadsheets take "01-3" for a date."""
    out = io.StringIO()
    rows = comma_separated.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for result in results:
        for exercise in result["exercises"]:
            rows.writerow(map(cell, (
                result["lab"], exercise["id"], exercise["title"], exercise["score"],
                exercise["max"], exercise["status"], result["seed"], result["emulator"],
                result["submission_sha256"])))
    return out.getvalue()


def cell(value):
    """The value of a CSV cell, in one line; what looks like a formula becomes text."""
    text = flat(str(value))
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def for_students(result):
    """The result without what hidden exercises expect and got. A log may tell it, too:
    that of a program with hidden exercises is not shown."""
    hidden = {"expected": "", "got": NOT_SHOWN, "hint": "", "section": ""}
    exercises = [exercise if exercise["visibility"] == "visible" else exercise | hidden
                 | ({"got": ""} if exercise["status"] == "PASS" else {})
                 for exercise in result["exercises"]]
    shown = all(exercise["visibility"] == "visible" for exercise in exercises)
    return result | {"exercises": exercises, "output": result["output"] if shown else ""}


def why(exercise):
    """Why an exercise did not pass, in lines; nothing if it did."""
    if exercise["status"] == "PASS":
        return ""
    section = f" ({exercise['section']})" if exercise["section"] else ""
    return "\n".join(f"{name:9} {text}" for name, text in (
        ("expected", exercise["expected"]), ("got", exercise["got"]),
        ("hint", exercise["hint"] and exercise["hint"] + section),
        ("note", OURS if exercise["status"] == "ERROR" else "")) if text)


def logs(results):
    """The programs' logs as students may see them, each under its headline."""
    return "\n".join(f"{headline(result)}\n{behind('| ', result['output'])}"
                     for result in map(for_students, results))


def headline(result):
    """What was graded, on what, and how to repeat it."""
    base = ", BASE=reference" if result["base"] == "reference" else ""
    return f"{result['lab']} on {flat(result['versions']['emulator'])}, SEED={result['seed']}{base}"


def named(exercise):
    """The exercise's id and title, in one line."""
    return f"{exercise['id']} {flat(exercise['title'])}"


def flat(text):
    """The text in one line."""
    return text.replace("\n", " ")


def behind(bar, text):
    """The text, each of its lines behind a bar that says whose it is."""
    return "\n".join(f"{bar}{line}" for line in text.split("\n"))


def cut(text, limit):
    """The first `limit` characters, and how many are missing."""
    missing = len(text) - limit
    return f"{text[:limit]}\n[cut here: {missing} more characters]" if missing > 0 else text


def seconds(result):
    """The CPU time of a program's runs, in seconds."""
    return sum(run["cpu_seconds"] for run in result["runs"])


def total(results, name):
    """The sum of the programs' "score" or "max"."""
    return sum(result[name] for result in results)


def worst(results):
    """The most severe of the programs' verdicts."""
    return max((result["verdict"] for result in results), key=VERDICTS.index)


def all_exercises(results):
    """The exercises of all programs, in order."""
    return [exercise for result in results for exercise in result["exercises"]]


def dump(values):
    """JSON that a careless page may hold, too: no text in it ends a script or a comment."""
    text = json.dumps(values, indent=1)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text + "\n"


def each_text(change, values):
    """The values, `change` applied to each text in them."""
    if isinstance(values, str):
        return change(values)
    if isinstance(values, dict):
        return {name: each_text(change, value) for name, value in values.items()}
    return [each_text(change, value) for value in values] if isinstance(values, list) else values


def prepared(function):
    """A format's function that makes all texts printable, whoever made them; ValueError
    if it is given no results."""
    @functools.wraps(function)
    def of(results):
        if not results:
            raise ValueError("no results: nothing was graded")
        return function(each_text(printable, results))
    return of


FORMATS = {name: prepared(function) for name, function in {
    "json": as_json, "gradescope": gradescope, "autolab": autolab, "prairielearn": prairielearn,
    "junit": junit, "tap": tap, "csv": as_csv}.items()}


def write(text, path):
    """Writes the text under another name first, so that no half of it is ever seen.

    OSError if it cannot; then `path` is as it was.
    """
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
