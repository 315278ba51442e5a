"""First stage: takes the student's files out of a submission, and nothing else.

A submission is a folder that holds the files named in EDIT of the lab's
Makefile, directly or under labs/NN-name/. They are copied as regular files under
a size limit; everything else in it (Makefiles, headers, links) is left behind.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from grading.errors import UsageError

MAX_BYTES = 256 * 1024  # of one source file


class Submission(NamedTuple):
    """The student's files, copied."""

    files: Path  # the folder of the copies
    sha256: str  # over names and contents, hex


def read_regular(path):
    """The bytes of a regular file that is no link; UsageError otherwise."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise UsageError(f"{path} is missing; a submission holds it") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; a regular file is wanted") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{path} is no regular file; a submission holds source files")
        if status.st_size > MAX_BYTES:
            raise UsageError(f"{path} has {status.st_size} bytes; at most {MAX_BYTES} are taken")
        return file.read(MAX_BYTES)


def take(submission, lab, destination):
    """Copies the lab's EDIT files from folder `submission` to `destination`.

    A copy that is there already and equal is left alone, so that make sees what
    changed. UsageError if a file is missing; then nothing is written.
    """
    submission = Path(submission)
    if not submission.is_dir():
        raise UsageError(f"{submission} is no folder; name one that holds {' '.join(lab.edit)}")
    inner = submission / "labs" / lab.name
    source = inner if inner.is_dir() else submission
    contents = {name: read_regular(source / name) for name in lab.edit}

    digest = hashlib.sha256()
    try:
        destination.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            digest.update(b"%s %d\n" % (name.encode(), len(content)) + content)
            copy = destination / name
            if not copy.is_file() or copy.read_bytes() != content:
                copy.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{destination} cannot be written ({error.strerror}); "
                         "make it writable, or name another with OUT=") from None
    return Submission(destination, digest.hexdigest())
