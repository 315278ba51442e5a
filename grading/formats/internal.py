""""json": everything, for programs and instructors."""

from grading.formats.text import dump, total, worst

VERSION = 1  # of "json"; what is in its "results" has a version of its own


def as_json(results):
    """Everything, for programs and instructors: the internal results under their sum."""
    return dump({"version": VERSION, "score": total(results, "score"),
                 "max": total(results, "max"), "verdict": worst(results), "results": results})
