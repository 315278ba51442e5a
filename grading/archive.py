"""A tarball or a zip that somebody has handed in: its members, read under limits. Nothing is
unpacked by its name.

What was packed twice is looked into, one archive in another one: a platform's export, or a student's
zip around what make handin has made. The limits are those of both together.
"""

import io
import re
import stat
from typing import NamedTuple

from grading.errors import UsageError

MAX_BYTES = 256 * 1024  # of one source file
MAX_PACKED = 4 * 1024 * 1024  # of a tarball or a zip, and of one in it
MAX_MEMBERS = 1000  # looked at in one, and in the one in it
MAX_UNPACKED = 16 * 1024 * 1024  # of a tarball, and of what is in it: its headers can be large, too
MAX_EXTENSION = 4096  # of what it says of all its members; git writes 52
OUTER = re.compile(r"^(?:\./)?(?:[^/]+/)?(?=labs/)|^\./")  # of a member's name: no matter
ZIP = b"PK"
ENDINGS = (".tar.gz", ".tgz", ".zip")  # of what can be read
SOURCES = (".c", ".s")
BESIDE = re.compile(r"(?:^|/)(?:\._|__MACOSX/)")  # what a Mac packs beside the files
LONGEST = 60  # letters of a name that are shown


class TooMuch(Exception):
    """More than a submission needs."""


class Left:
    """What may still be looked at, and unpacked."""

    def __init__(self):
        self.members, self.bytes = MAX_MEMBERS, MAX_UNPACKED

    def take(self, members=0, size=0):
        """Uses some of it up; TooMuch if there is not so much."""
        self.members, self.bytes = self.members - members, self.bytes - size
        if min(self.members, self.bytes) < 0:
            raise TooMuch


class Member(NamedTuple):
    """A member of an archive."""

    name: str  # as the archive has it
    size: int  # as the archive says
    content: object  # content(n): its first n bytes; None if it is no regular file

    def depth(self):
        """In how many folders it lies."""
        return self.name.removeprefix("./").count("/")


def is_archive(name):
    """True if the name of a file, or of a member, says that it is one."""
    return name.lower().endswith(ENDINGS) and not BESIDE.search(name)


def read(path, choose):
    """Name → bytes of some members; `choose(names)` says which: member → name.

    It is asked about the regular members, without a tree's folder around labs/. Of several trees
    the outermost counts, and of two members of one name the last, as unpacked. If there is no source
    file, but one archive, it is asked about the members of that. UsageError if this is no tarball or
    zip, or too large, or if two trees have what is chosen.
    """
    try:
        data = whole(path)
    except PermissionError:
        raise UsageError(f"{path}: permission denied; chmod u+r makes it readable") from None
    return look_into(data, str(path), choose, Left())


def look_into(data, shown, choose, left, inside=False):
    """read() of an archive's bytes; `inside` another one."""
    try:
        members = list(members_of(data, left))
        there = {}  # name without the tree's folder → the Members that have it
        for member in members:
            if member.content:
                there.setdefault(OUTER.sub("", member.name), []).append(member)
        wanted = choose(list(there))
        inner = None if wanted else archive_among(
            [member for member in members if member.content], shown)
        if not inner:
            return {name: the_one(shown, there[member]).content(MAX_BYTES)
                    for member, name in wanted.items()}
        if inside:
            raise UsageError(f"{shown}: an archive in an archive in an archive; pack the files once")
        left.take(size=max(inner.size, 0))
        packed = inner.content(MAX_PACKED)
    except UsageError:
        raise
    except TooMuch:
        raise UsageError(f"{shown}: too many members, or one too large; "
                         "make handin packs what is wanted") from None
    except Exception:  # whatever those who read tarballs and zips stumble over
        raise UsageError(f"{shown} is no folder and no tarball or zip that can be read; "
                         "make handin makes one") from None
    return look_into(packed, f"{shown}, {inner.name[-LONGEST:]}", choose, left, inside=True)


def archive_among(members, shown):
    """The archive that is meant, in one without a source file; None if there is none."""
    if any(member.name.lower().endswith(SOURCES) and not BESIDE.search(member.name)
           for member in members):
        return None
    found = [member for member in members if is_archive(member.name)]
    if found[1:]:
        raise UsageError(f"{shown} holds several archives, {found[0].name[-LONGEST:]} and "
                         f"{found[1].name[-LONGEST:]}; unpack it into a folder")
    return found[0] if found else None


def the_one(shown, members):
    """The Member that counts, of several that differ in the folder around their tree."""
    outermost = min(member.depth() for member in members)
    *others, last = (member for member in members if member.depth() == outermost)
    for other in others:
        if other.name.removeprefix("./") != last.name.removeprefix("./"):
            raise UsageError(f"{shown} has both {other.name} and {last.name}; hand in one of them")
    return last


def whole(path):
    """The bytes of an archive; UsageError if they are none, or too many."""
    if not path.is_file():
        return b""  # a pipe, perhaps: nothing that can be read
    with open(path, "rb") as file:
        data = file.read(MAX_PACKED + 1)
    if len(data) > MAX_PACKED:
        raise UsageError(f"{path} has more than {MAX_PACKED} bytes; make handin packs less")
    if not data:
        raise UsageError(f"{path} is empty, 0 bytes: a broken upload? make handin makes a whole one")
    return data


def members_of(data, left):
    """The Members of an archive's bytes; TooMuch, if that is more than is `left`."""
    list_them = zip_members if data.startswith(ZIP) else tar_members
    for member in list_them(data, left):
        left.take(members=1)
        if member.size > (MAX_PACKED if is_archive(member.name) else MAX_BYTES):
            raise TooMuch
        yield member


def tar_members(data, left):
    """Those of a tarball."""
    import gzip
    import tarfile

    with gzip.open(io.BytesIO(data)) as packed:
        unpacked = packed.read(left.bytes + 1)
    left.take(size=len(unpacked))
    if b"GNU.sparse" in unpacked:  # a map of holes: no source
        raise TooMuch
    extensions = []  # their sizes

    class Header(tarfile.TarInfo):
        """One, and what it says of later members in moderation: each of these gets a copy."""

        @classmethod
        def frombuf(cls, *arguments):
            """The header in a block; TooMuch, if more is said in such as this."""
            header = super().frombuf(*arguments)
            if header.type == tarfile.XGLTYPE:
                extensions.append(header.size)
            if sum(extensions) > MAX_EXTENSION:
                raise TooMuch
            return header

    tar = tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:", tarinfo=Header)
    for member in tar:
        yield Member(member.name.replace("\\", "/"), member.size, member.isreg() and (
            lambda limit, member=member: tar.extractfile(member).read(limit)) or None)


def zip_members(data, left):
    """Those of a zip. What it says of sizes may be wrong: no more is read than is asked for."""
    import zipfile

    packed = zipfile.ZipFile(io.BytesIO(data))
    for member in packed.infolist():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotImplementedError  # the others unpack without a limit
        regular = not member.is_dir() and stat.S_IFMT(member.external_attr >> 16) in (
            0, stat.S_IFREG)  # 0: packed where files have no such type
        yield Member(member.filename.replace("\\", "/"), member.file_size, regular and (
            lambda limit, member=member: packed.open(member).read(limit)) or None)
