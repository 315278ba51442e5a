"""Of a submission that is archives: which of them count, and which of their members.

An upload page makes a folder with tarballs and zips in it; make handin makes one tarball.
"""

import os
from pathlib import Path

from grading import archive
from grading.errors import UsageError
from grading.places import root


def archives_of(submission):
    """The archives that a submission consists of; none if it is a folder of files.
    UsageError if it is nothing at all."""
    if submission.is_dir():
        return archives_in(submission)
    if not submission.exists():
        raise UsageError(f"{submission}: there is no such folder or tarball; make handin "
                         "makes one")
    return [submission]


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
                  if archive.is_archive(path.name) and not path.is_symlink())  # it may lead to another's


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
