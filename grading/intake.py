"""First stage: takes the student's files out of a submission, and nothing else.

A submission is a folder, a tarball (`make handin`) or a zip that holds the files named in
EDIT and USES of the lab's Makefile under labs/NN-name/, which may lie in one folder more (the
tree's), or under NN-name/, or directly, or all in one folder of any name. Or it is a folder
with such tarballs and zips in it, as upload pages make them; or a tarball or zip with one such
in it. The files are copied as regular files under a size limit; everything else (Makefiles,
headers, links) is left behind.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from grading import archive
from grading.archive import MAX_BYTES
from grading.errors import UsageError
from grading.lab import all_labs
from grading.packed import archives_of, from_archives
from grading.places import place

SHOWN, LONGEST = 4, 60  # names of files, and letters of one


class Incomplete(UsageError):
    """A lab's files are not all there, or one is no source file; other labs' may be.

    Its text names files, and not whose: equal hand-ins are graded once. `there`: the others.
    """

    def __init__(self, text, there=None):
        super().__init__(text)
        self.there = there or {}

    def digest(self):
        """Of what is there, and of what is wrong: who lacks something else is told something else."""
        return digest(self.there | {"": str(self).encode()})


def digest(contents):
    """The sha256 of a submission, hex: over the names and bytes that take() returned."""
    import hashlib  # slow to load: not before it is needed

    state = hashlib.sha256()
    for name, content in contents.items():
        state.update(b"%s %d\n" % (name.encode(), len(content)) + content)
    return state.hexdigest()


def read_regular(path):
    """The bytes of a regular file that is no link; Incomplete otherwise."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Incomplete(f"{path.name} is missing; a submission holds it") from None
    except OSError as error:
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise Incomplete(f"{path.name}: {why}; a regular file is wanted") from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise Incomplete(f"{path.name} is no regular file; a submission holds source files")
    with os.fdopen(handle, "rb") as file:
        if status.st_size > MAX_BYTES:
            raise Incomplete(f"{path.name} has {status.st_size} bytes; at most {MAX_BYTES} "
                             "are taken")
        return file.read(MAX_BYTES)


def from_folder(folder, lab):
    """Name → bytes of the lab's files in a folder; Incomplete if one is missing."""
    contents, wrong = {}, []
    for name, owner in lab.sources.items():
        try:
            contents[name] = read_regular(place(folder, lab, owner) / name)
        except Incomplete as why:
            wrong.append(str(why))
    if wrong:
        raise Incomplete(wrong[0], contents)
    return contents


def complete(contents, lab):
    """The files in the order of lab.sources; Incomplete if one is missing."""
    for name in lab.sources:
        if name not in contents:
            raise Incomplete(f"{name} is missing; a submission holds {' '.join(lab.sources)}",
                             contents)
    return {name: contents[name] for name in lab.sources}


def labs_in(submission, labs):
    """Those of `labs` that are handed in: all files that a student writes for them are
    there, or at least one that no other lab there uses (then the grade says what is missing).

    UsageError if it is no submission, or has none of them.
    """
    submission = Path(submission)
    there = {lab: names_in(submission, lab._replace(uses=())) for lab in labs}
    used = {path.split("/")[1] for lab in labs if there[lab] for path in lab.uses}
    found = [lab for lab in labs if there[lab] >= set(lab.edit) or there[lab] - used]
    others = [lab.name for lab in all_labs() if not found and lab not in labs
              and names_in(submission, lab._replace(uses=())) >= set(lab.edit)]
    if others:
        raise UsageError(f"{submission}: it holds {', '.join(others)}, "
                         f"not {', '.join(lab.name for lab in labs)}")
    if not found:
        raise UsageError(f"{submission}: no lab's files are in it, {holds(submission)}; "
                         "make handin packs them")
    return found


def holds(submission):
    """What is in a submission instead, in words: some names."""
    if submission.is_dir():
        names = sorted(path.name for path in submission.iterdir())
    else:
        names = []

        def look_at(members):
            """Those of the archive, then those of the one in it; none is wanted."""
            names[:] = members
            return {}
        archive.read(submission, look_at)
    shown = " ".join(name[:LONGEST] for name in names[:SHOWN])
    return (f"only {shown}" if names else "no file at all") + (" ..." if names[SHOWN:] else "")


def names_in(submission, lab):
    """The names of the lab's files that are there, whatever they are."""
    packed = archives_of(submission)
    if packed:
        return set(from_archives(packed, lab))
    return {name for name, owner in lab.sources.items()
            if os.path.lexists(place(submission, lab, owner) / name)}


def read(submission, lab):
    """Name → bytes of the lab's files in `submission`, in the order of lab.sources.

    UsageError if it cannot be read; Incomplete if only this lab's files are at fault.
    """
    submission = Path(submission)
    packed = archives_of(submission)
    if packed:
        return complete(from_archives(packed, lab), lab)
    return from_folder(submission, lab)


def read_all(submission, labs):
    """Lab → read() of it, of those labs whose files are all there."""
    contents = {}
    for lab in labs:
        with suppress(Incomplete):
            contents[lab] = read(submission, lab)
    return contents


def take(submission, lab, destination):
    """Copies the lab's files from `submission` to folder `destination`; read() them.

    A copy that is there already and equal is left alone, so that make sees what changed.
    If a file is missing nothing is written.
    """
    contents = read(submission, lab)
    try:
        destination.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            copy = destination / name
            if not copy.is_file() or copy.read_bytes() != content:
                copy.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{destination} cannot be written ({error.strerror}); "
                         "make it writable, or name another with OUT=") from None
    return contents
