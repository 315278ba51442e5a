"""Autolab: the autograder's output, whose last line is the autoresult."""

import io
import json

from grading import report
from grading.formats.text import behind, each_text, flat, for_students


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
