"""First stage: the hand-ins in a folder, and what of each is graded.

Each entry of the folder is one student's: a tarball, a zip or a folder, named as the
student is known. What a submission holds of the labs has a hash; equal files are graded
once, whoever handed them in.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import NamedTuple

from grading import intake
from grading.errors import UsageError, one_line


class HandIn(NamedTuple):
    """One student's submission, before it is graded."""

    name: str
    path: Path
    sha256: str  # empty if refused
    refused: str  # why, one line
    labs: tuple  # names of the programs that it holds


def hand_ins(folder, labs):
    """A HandIn for each entry of `folder`, in order; UsageError if there is none.

    `labs`: those that are looked for. Two entries of one name ("ann.zip", "ann.tar.gz")
    are told apart by their endings.
    """
    try:
        entries = sorted(path for path in Path(folder).iterdir()
                         if not path.name.startswith(".") and is_hand_in(path))
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}; a folder of submissions is wanted") \
            from None
    others = [path for path in Path(folder).iterdir()
              if not path.name.startswith(".") and not is_hand_in(path)]
    if others:
        print(f"passed over, no folder, tarball or zip: {len(others)} of {folder}: "
              f"{', '.join(readable(path.name) for path in sorted(others)[:5])}"
              f"{', ...' if others[5:] else ''}", file=sys.stderr)
    if not entries:
        raise UsageError(f"{folder} has no folder, tarball or zip in it; each student's "
                         "submission is one")
    stems = [stem(path) for path in entries]
    return [look(path, readable(path.name if stems.count(stem(path)) > 1 else stem(path)), labs)
            for path in entries]


def is_hand_in(path):
    """A folder, or a file with the ending of an archive."""
    return path.is_dir() or path.name.endswith(intake.ENDINGS)


def stem(path):
    """The name without an archive's ending."""
    ending = next((each for each in intake.ENDINGS if path.name.endswith(each)), "")
    return path.name.removesuffix(ending) or path.name


def readable(name):
    """A file's name as text that can be shown and written, whatever bytes it has."""
    return one_line(os.fsencode(name).decode("utf-8", "backslashreplace"))


def look(path, name, labs):
    """The HandIn of one entry."""
    try:
        held = intake.labs_in(path, labs)
    except UsageError as error:
        return HandIn(name, path, "", readable(str(error)), ())
    return HandIn(name, path, combined((lab.name, digest(path, lab)) for lab in held), "",
                  tuple(lab.name for lab in held))


def digest(path, lab):
    """The sha256 of the lab's files; of none, if they are not all there."""
    try:
        return intake.digest(intake.read(path, lab))
    except intake.Incomplete:
        return intake.digest({})


def combined(digests):
    """One sha256 for the (name, sha256) of each program of a submission, hex."""
    text = "".join(f"{name} {sha256}\n" for name, sha256 in digests)
    return hashlib.sha256(text.encode()).hexdigest()


def of_results(results):
    """The same, from what was graded: it must be what was looked at."""
    return combined((values["lab"], values["submission_sha256"]) for values in results)
