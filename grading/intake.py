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
from grading.archive import ENDINGS, MAX_BYTES
from grading.errors import UsageError
from grading.lab import all_labs


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


def is_packed(path):
    """True of a tarball's or a zip's name."""
    return path.name.lower().endswith(ENDINGS)


def archives_in(folder):
    """The tarballs and zips in a folder that is an upload page's, by name; or in the only folder in
    that, if there are no sources. In a tree, or a lab's folder in one, they are somebody's own copies."""
    if any(os.path.lexists(path) for path in (root(folder) / "labs", folder / "Makefile")):
        return []
    inner = [path for path in folder.iterdir()
             if path.is_dir() and not path.is_symlink() and not archive.BESIDE.search(f"{path.name}/")]
    found = packed_in(folder)
    if found or len(inner) != 1 or has_sources(folder) or has_sources(inner[0]):
        return found
    return packed_in(inner[0])


def packed_in(folder):
    """Its tarballs and zips, by name."""
    return sorted(path for path in folder.iterdir()
                  if is_packed(path) and not archive.BESIDE.search(path.name)
                  and not path.is_symlink())  # it may lead to another's


def has_sources(folder):
    """True of a folder that somebody works in."""
    return any(path.name.lower().endswith((*archive.SOURCES, "makefile"))
               for path in folder.iterdir())


def from_archives(paths, lab):
    """Name → bytes of the lab's files in several archives; UsageError if none can be read."""
    found, wrong = each_of(paths, lab)
    if not found:
        raise next(iter(wrong.values()))
    return {name: found[path][name] for name, path in owners(found, lab).items()}


def each_of(paths, lab):
    """Archive → (name → bytes) of the lab's files in it; and archive → why it cannot be read."""
    found, wrong = {}, {}
    for path in paths:
        try:
            found[path] = from_archive(path, lab)
        except UsageError as why:
            wrong[path] = why
    return found, wrong


def owners(found, lab):
    """File → the archive whose counts, of several: the first archive that has all files of the lab,
    or, if none has, for each file the first that has it."""
    whole = [path for path, contents in found.items() if contents.keys() == lab.sources.keys()]
    counts = {}
    for path in whole[:1] or found:
        counts = dict.fromkeys(found[path], path) | counts
    return counts


def doubts(submission, labs):
    """What somebody should look at in a submission of several archives, each in a line: one that
    does not count, and a file of which there are two versions."""
    paths, lines = archives_of(Path(submission)), []
    for lab in labs if paths[1:] else ():
        found, wrong = each_of(paths, lab)
        lines += [f"{str(why).replace(str(path), path.name)}: it does not count"
                  for path, why in wrong.items()]
        counts = owners(found, lab)
        lines += [f"{name} is that of {counts[name].name}, not that of {path.name}"
                  for path, contents in found.items() for name, content in contents.items()
                  if name in counts and content != found[counts[name]][name]]
    return list(dict.fromkeys(lines))


def place(folder, lab, owner):
    """Where in a submission the files for lab `owner` are."""
    folder = root(folder)
    inner = folder / "labs" / owner
    for link in (folder / "labs", inner):
        if link.is_symlink():
            raise UsageError(f"{link} is a link; a submission holds folders and files")
    if inner.is_dir():
        return inner
    # The folder of a lab, in a tree: the other labs' folders are beside it.
    beside = folder.absolute().parent / owner
    if folder.absolute().name != lab.name or not beside.is_dir():
        return inner_place(folder, lab, owner)
    if beside.is_symlink():
        raise UsageError(f"{beside} is a link; a submission holds folders and files")
    return beside


def inner_place(folder, lab, owner):
    """The same of a folder without labs/: itself, or the only folder in it that has them."""
    names = [name for name, whose in lab.sources.items() if whose == owner]
    found = [path for path in (folder, *sorted(folder.iterdir()))
             if not (path != folder and path.is_symlink())
             and any(os.path.lexists(path / name) for name in names)]
    own = [path for path in found if path in (folder, folder / owner)]
    return own[0] if own else found[0] if len(found) == 1 else folder


def root(folder):
    """The folder with labs/ in it: this one, or the only one in this one that has it."""
    if os.path.lexists(folder / "labs"):
        return folder
    inner = [path for path in folder.iterdir()
             if (path / "labs").is_dir() and not path.is_symlink()]
    return inner[0] if len(inner) == 1 else folder


def from_archive(path, lab):
    """Name → bytes of the lab's files in a tarball or a zip; those that are not there lack."""
    return archive.read(path, lambda members: chosen(members, lab))


def chosen(members, lab):
    """Member → name, of those of an archive's regular members that are the lab's files.

    Nothing is unpacked by its name, so a name may lead where it likes.
    """
    there, found = set(members), {}
    for owner in set(lab.sources.values()):
        names = [name for name, whose in lab.sources.items() if whose == owner]
        folders = {member.removesuffix(name) for member in there for name in names
                   if member == name or member.endswith(f"/{name}")}
        own = [each for each in (f"labs/{owner}/", f"{owner}/", "") if each in folders]
        where = own[0] if own else folders.pop() if len(folders) == 1 else None
        found |= {where + name: name for name in names
                  if where is not None and where + name in there}
    return found


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


def archives_of(submission):
    """The archives that a submission consists of; none if it is a folder of files.
    UsageError if it is nothing at all."""
    if submission.is_dir():
        return archives_in(submission)
    if not submission.exists():
        raise UsageError(f"{submission}: there is no such folder or tarball; make handin "
                         "makes one")
    return [submission]


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
