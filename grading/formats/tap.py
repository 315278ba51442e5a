"""TAP 14, for a CI."""

import json

from grading.formats.text import all_exercises, behind, for_students, headline, named

DIRECTIVES = {"SKIP": " # SKIP", "TODO": " # TODO"}  # TAP's


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
