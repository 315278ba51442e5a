"""What is known of a class, as plain values."""

import json
from typing import NamedTuple

from grading.judge import VERDICTS

NOTHING = "nothing handed in"


def results_in(text):
    """The results in JSON that a disk has kept; ValueError if it is not what was written."""
    try:
        results = json.loads(text)
        if isinstance(results, dict):  # under their sum, as grading/formats has them
            results = results["results"]
        known = all(values["verdict"] in VERDICTS and values["lab"]
                    and values["submission_sha256"] and isinstance(values["score"], int)
                    and isinstance(values["max"], int) and values["exercises"]
                    for values in results)
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"no result: {type(error).__name__}") from None
    if not results or not known:
        raise ValueError("no result")
    return results


class Student(NamedTuple):
    """One hand-in, and what became of it; or somebody on the list of students who handed in
    nothing: then there is neither path nor hash, and `refused` is NOTHING."""

    name: str  # of the file or folder, without its ending; or as on the list
    path: str  # where it lies
    sha256: str  # of the files that students write, in it; empty if it was refused
    refused: str  # why it could not be graded, one line; empty if it was
    results: list  # report.result()'s, one for each program of a lab, in order
    note: str = ""  # what else is to be known of it, one line
    changes: tuple = ()  # overrides.Change: points that were set by hand; they are in the results

    @property
    def points(self):
        """Program's name -> points, of all programs that have some: a grade, or set by hand."""
        found = {values["lab"]: values["score"] for values in self.results}
        for change in self.changes:
            if all(values["lab"] != change.lab for values in self.results):
                found[change.lab] = found.get(change.lab, 0) + change.points
        return found

    @property
    def absent(self):
        """True of who handed in nothing."""
        return self.refused == NOTHING


class Pair(NamedTuple):
    """Two students whose files are alike, beyond what both were given."""

    one: str  # student's name
    other: str
    file: str  # "labs/01-vm86trap/decode.c"
    percent: int  # of `one`'s own lines in the file that are in `other`'s, too
    left: str  # the file of `one`
    right: str  # the file of `other`


class Book(NamedTuple):
    """All that is known of a class at one moment."""

    title: str  # the folder's name
    made: str  # date and time, for people
    seed: int
    grader: str  # which grader, with which tools: the first digits of its hash
    options: tuple  # what each grading/grade was told beside
    students: list  # Student, by name
    pairs: list  # Pair, the most alike first
