"""First stage: takes the student's files out of a submission, and nothing else.

A submission is a folder or a tarball (`make handin`) that holds the files named in
EDIT and USES of the lab's Makefile, directly or under labs/NN-name/. They are copied as
regular files under a size limit; everything else in it (Makefiles, headers,
links) is left behind.
"""

import os
import stat
from pathlib import Path

from grading.errors import UsageError

MAX_BYTES = 256 * 1024  # of one source file
MAX_PACKED = 4 * 1024 * 1024  # of a tarball
MAX_MEMBERS = 1000  # looked at in one


def digest(contents):
    """The sha256 of a submission, hex: over the names and bytes that take() returned."""
    import hashlib  # slow to load: not before it is needed

    state = hashlib.sha256()
    for name, content in contents.items():
        state.update(b"%s %d\n" % (name.encode(), len(content)) + content)
    return state.hexdigest()


def read_regular(path):
    """The bytes of a regular file that is no link; UsageError otherwise."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise UsageError(f"{path} is missing; a submission holds it") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; a regular file is wanted") from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise UsageError(f"{path} is no regular file; a submission holds source files")
    with os.fdopen(handle, "rb") as file:
        if status.st_size > MAX_BYTES:
            raise UsageError(f"{path} has {status.st_size} bytes; at most {MAX_BYTES} are taken")
        return file.read(MAX_BYTES)


def from_folder(folder, lab):
    """Name → bytes of the lab's files in a folder."""
    return {name: read_regular(place(folder, lab, owner) / name)
            for name, owner in lab.sources.items()}


def place(folder, lab, owner):
    """Where in a submission the files for lab `owner` are."""
    inner = folder / "labs" / owner
    for link in (folder / "labs", inner):
        if link.is_symlink():
            raise UsageError(f"{link} is a link; a submission holds folders and files")
    if inner.is_dir():
        return inner
    # The folder of a lab, in a tree: the other labs' folders are beside it.
    beside = folder.absolute().parent / owner
    return beside if folder.absolute().name == lab.name and beside.is_dir() else folder


def from_tarball(path, lab):
    """Name → bytes of the lab's files in a tarball; nothing is unpacked on the way."""
    import tarfile  # slow to load: not before it is needed
    import zlib

    wanted = {place + name: name for name, owner in lab.sources.items()
              for place in (f"labs/{owner}/", "")}
    contents = {}
    try:
        if not path.is_file():
            raise ValueError
        if path.stat().st_size > MAX_PACKED:
            raise UsageError(f"{path} has more than {MAX_PACKED} bytes; make handin packs less")
        with tarfile.open(path, "r:gz") as tar:
            for number, member in enumerate(tar):
                name = wanted.get(member.name.removeprefix("./"))
                if number == MAX_MEMBERS or member.size > MAX_BYTES:
                    raise UsageError(f"{path}: too many members, or one too large; "
                                     "make handin packs what is wanted")
                if name and member.isreg() and name not in contents:
                    contents[name] = tar.extractfile(member).read(MAX_BYTES)
    except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError):
        raise UsageError(f"{path} is no folder and no tarball; make handin makes one") from None
    for name in lab.sources:
        if name not in contents:
            raise UsageError(f"{path} lacks {name}; a submission holds {' '.join(lab.sources)}")
    return {name: contents[name] for name in lab.sources}


def take(submission, lab, destination):
    """Copies the lab's files from `submission` to folder `destination`.

    Returns name → bytes, in the order of lab.sources. A copy that is there already and
    equal is left alone, so that make sees what changed. UsageError if a file is
    missing; then nothing is written.
    """
    submission = Path(submission)
    if submission.is_dir():
        contents = from_folder(submission, lab)
    elif submission.exists():
        contents = from_tarball(submission, lab)
    else:
        raise UsageError(f"{submission}: there is no such folder or tarball; "
                         f"name one that holds {' '.join(lab.sources)}")
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
