"""What all formats say alike: texts of a result, its sums, what students may see of it."""

import json

from grading.borrowed import told
from grading.judge import VERDICTS

NOT_SHOWN = "not shown: this exercise is hidden"
OURS = "the grader failed, not the program: hand it in again, or tell your instructor"


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
    """What was graded, on what, how to repeat it, and what is to be known of the files."""
    base = ", BASE=reference" if result["base"] == "reference" else ""
    return f"{result['lab']} on {flat(result['versions']['emulator'])}, SEED={result['seed']}{base}" \
        f"{'; ' * bool(result['borrowed'])}{told(result['borrowed'])}"


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
