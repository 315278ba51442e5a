"""PrairieLearn: /grade/results/results.json, at most 1 MB."""

from grading.formats.text import (OURS, all_exercises, cut, dump, for_students, logs, named,
                                  total, why, worst)

PRAIRIELEARN_BYTES = 1_000_000  # 1 MB, in the narrower sense
CUTS = (65536, 16384, 4096, 1024, 256, 64, 0)  # characters of a text, until all fits


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
