"""What other systems want of a grade: one text for each, made of internal results.

FORMATS: name → function(results) → text, printable ASCII that ends with a newline.
`results` are report.result()'s, one for each program of a submission, in order; none at
all is a ValueError: then nothing was graded, and no system shall take that for a grade.

All that a submission says is hostile, in every syntax: it is made printable here once
more, and each format quotes it in its own way. Why a hidden exercise failed stands in
Gradescope's hidden tests and in "json", which is for instructors, and nowhere else: the
other systems know no visibility, so that what is not "visible" is hidden there for good.
"""

import functools
import os

from grading.formats.autolab import autolab
from grading.formats.gradescope import gradescope
from grading.formats.internal import as_json
from grading.formats.junit import junit
from grading.formats.prairielearn import prairielearn
from grading.formats.table import as_csv
from grading.formats.tap import tap
from grading.formats.text import each_text
from grading.log import printable


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
    """Writes the text, or the bytes, under another name first, so that no half of it is ever seen.

    OSError if it cannot; then `path` is as it was. A device, a pipe, or a link that leads to
    something (/dev/stdout) is written into: it must not be replaced.
    """
    if os.path.exists(path) and (os.path.islink(path) or not os.path.isfile(path)):
        put(text, path)
        return
    temporary = f"{path}.{os.getpid()}"
    try:
        put(text, temporary)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def put(text, path):
    """Writes to a file, as it is."""
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
