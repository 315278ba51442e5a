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

from grading import intake, packed
from grading.archive import ENDINGS, is_archive
from grading.errors import UsageError, one_line

# What a student may have sent in place of an archive that is read: it has a row, and a reason.
OTHER_KINDS = (".tar.bz2", ".tar.xz", ".tar.zst", ".tar", ".gz", ".bz2", ".xz", ".tbz2", ".txz",
               ".rar", ".7z", ".zst", ".c", ".s")
NOBODYS = "__MACOSX"  # a Mac packs it beside the submissions
SHOWN = 5  # names of files


class HandIn(NamedTuple):
    """One student's submission, before it is graded."""

    name: str
    path: Path
    sha256: str  # empty if refused
    refused: str  # why, one line
    labs: tuple  # names of the programs that it holds
    note: str = ""  # what somebody should look at, one line


def hand_ins(folder, labs):
    """A HandIn for each entry of `folder`, in order; UsageError if there is none.

    `labs`: those that are looked for. Two entries of one name ("ann.zip", "ann.tar.gz")
    are told apart by their endings, and told of.
    """
    try:
        shown = sorted(path for path in Path(folder).iterdir()
                       if not path.name.startswith(".") and path.name != NOBODYS)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}; a folder of submissions is wanted") \
            from None
    entries = [path for path in shown if is_hand_in(path)]
    if others := names(path for path in shown if path not in entries):
        print(f"passed over, no folder, tarball or zip: {others}", file=sys.stderr)
    if not entries:
        raise UsageError(f"{folder} has no folder, tarball or zip in it; each student's "
                         "submission is one")
    require_readable(folder, entries, labs)
    stems = [stem(path) for path in entries]
    if doubled := names(path for path in entries if stems.count(stem(path)) > 1):
        print("one name, and graded as several students'; put what is one's into one folder: "
              f"{doubled}", file=sys.stderr)
    return [look(path, readable(path.name if stems.count(stem(path)) > 1 else stem(path)), labs)
            for path in entries]


def require_readable(folder, entries, labs):
    """UsageError if we may not read something in there that counts: for that no student should
    have 0 points."""
    wanted = {name for lab in labs for name in lab.sources}
    closed = [path for path in entries if not os.access(path, os.R_OK)]
    for entry in entries:
        for place, folders, files in os.walk(entry):
            counting = [name for name in files if name in wanted or is_archive(name)]
            closed += [path for path in (Path(place, name) for name in (*folders, *counting))
                       if not path.is_symlink() and not os.access(path, os.R_OK)]
    if closed:
        shown = ", ".join(readable(str(path.relative_to(folder))) for path in closed[:SHOWN])
        raise UsageError(f"what you may not read: {shown}; chmod -R u+rX {folder}")


def names(paths):
    """The names of these, in a line."""
    return ", ".join(readable(path.name) for path in paths)


def is_hand_in(path):
    """A folder, or a file that a student will have sent for one, whether it can be read or not."""
    return path.is_dir() or path.name.lower().endswith((*ENDINGS, *OTHER_KINDS))


def stem(path):
    """The name without an archive's ending."""
    ending = next((each for each in (*ENDINGS, *OTHER_KINDS)
                   if path.name.lower().endswith(each)), "")
    return path.name[:len(path.name) - len(ending)] or path.name


def readable(name):
    """A file's name as text that can be shown and written, whatever bytes it has."""
    return one_line(os.fsencode(name).decode("utf-8", "backslashreplace"))


def look(path, name, labs):
    """The HandIn of one entry."""
    try:
        if not path.is_dir() and not is_archive(path.name):
            raise UsageError(f"{path}: its kind is not read: unpack it into a folder, or pack it "
                             "as .zip or .tar.gz")
        held = intake.labs_in(path, labs)
        sha256 = combined((lab.name, digest(path, lab)) for lab in held)
        note = readable("; ".join(packed.doubts(path, held)))
    except OSError as error:
        return HandIn(name, path, "", f"it cannot be read: {error.strerror}", ())
    except UsageError as error:  # where the class lies is nobody's business
        return HandIn(name, path, "", readable(str(error).replace(str(path), path.name)), ())
    return HandIn(name, path, sha256, "", tuple(lab.name for lab in held), note)


def digest(path, lab):
    """The sha256 of the lab's files; Incomplete's, if they are not all there."""
    try:
        return intake.digest(intake.read(path, lab))
    except intake.Incomplete as why:
        return why.digest()


def combined(digests):
    """One sha256 for the (name, sha256) of each program of a submission, hex."""
    text = "".join(f"{name} {sha256}\n" for name, sha256 in digests)
    return hashlib.sha256(text.encode()).hexdigest()


def of_results(results):
    """The same, from what was graded: it must be what was looked at."""
    return combined((values["lab"], values["submission_sha256"]) for values in results)
