"""A tarball or a zip that somebody has handed in: its members, read under limits. Nothing is
unpacked by its name."""

import re
import stat
from typing import NamedTuple

from grading.errors import UsageError

MAX_BYTES = 256 * 1024  # of one source file
MAX_PACKED = 4 * 1024 * 1024  # of a tarball or a zip
MAX_MEMBERS = 1000  # looked at in one
MAX_UNPACKED = 16 * 1024 * 1024  # of a tarball: its headers can be large, too
MAX_EXTENSION = 4096  # of what it says of all its members; git writes 52
OUTER = re.compile(r"^(?:\./)?(?:[^/]+/)?(?=labs/)|^\./")  # of a member's name: no matter
ZIP = b"PK"
ENDINGS = (".tar.gz", ".tgz", ".zip")  # of what can be read


class TooMuch(Exception):
    """More than a submission needs."""


class Member(NamedTuple):
    """A regular member of an archive."""

    name: str  # as the archive has it
    number: int  # of all members

    def depth(self):
        """In how many folders it lies."""
        return self.name.removeprefix("./").count("/")


def read(path, choose):
    """Name → bytes of some members; `choose(names)` says which: member → name.

    It is asked about the regular members, without a tree's folder around labs/. Of several trees
    the outermost counts, and of two members of one name the last, as unpacked. UsageError if this
    is no tarball or zip, or too large, or if two trees have what is chosen.
    """
    try:
        members = members_of(path)
        there = {}  # name without the tree's folder → the Members that have it
        for number, (name, size, content) in enumerate(members(path)):
            if number == MAX_MEMBERS or size > MAX_BYTES:
                raise TooMuch
            if content:
                there.setdefault(OUTER.sub("", name), []).append(Member(name, number))
        wanted = choose(list(there))
        numbers = {the_one(path, there[member]).number: name for member, name in wanted.items()}
        return {numbers[number]: content() for number, (_, _, content)
                in enumerate(members(path) if wanted else ()) if number in numbers}
    except UsageError:
        raise
    except TooMuch:
        raise UsageError(f"{path}: too many members, or one too large; "
                         "make handin packs what is wanted") from None
    except PermissionError:
        raise UsageError(f"{path}: permission denied; chmod u+r makes it readable") from None
    except Exception:  # whatever those who read tarballs and zips stumble over
        raise UsageError(f"{path} is no folder and no tarball or zip that can be read; "
                         "make handin makes one") from None


def the_one(path, members):
    """The Member that counts, of several that differ in the folder around their tree."""
    outermost = min(member.depth() for member in members)
    *others, last = (member for member in members if member.depth() == outermost)
    for other in others:
        if other.name.removeprefix("./") != last.name.removeprefix("./"):
            raise UsageError(f"{path} has both {other.name} and {last.name}; hand in one of them")
    return last


def members_of(path):
    """What lists the members of a file: tar_members or zip_members."""
    if not path.is_file():
        raise ValueError
    size = path.stat().st_size
    if size > MAX_PACKED:
        raise UsageError(f"{path} has more than {MAX_PACKED} bytes; make handin packs less")
    if not size:
        raise UsageError(f"{path} is empty, 0 bytes: a broken upload? make handin makes a whole one")
    with open(path, "rb") as file:
        return zip_members if file.read(2) == ZIP else tar_members


def tar_members(path):
    """(name, size, how to read it if it is a regular file) of each member of a tarball."""
    import gzip
    import io
    import tarfile

    with gzip.open(path) as packed:
        unpacked = packed.read(MAX_UNPACKED + 1)
    if len(unpacked) > MAX_UNPACKED or b"GNU.sparse" in unpacked:  # a map of holes: no source
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

    with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:", tarinfo=Header) as tar:
        for member in tar:
            yield member.name.replace("\\", "/"), member.size, member.isreg() and (
                lambda member=member: tar.extractfile(member).read(MAX_BYTES))


def zip_members(path):
    """The same of a zip. What it says of sizes may be wrong: no more than MAX_BYTES is read."""
    import zipfile

    with zipfile.ZipFile(path) as packed:
        for member in packed.infolist():
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise NotImplementedError  # the others unpack without a limit
            regular = not member.is_dir() and stat.S_IFMT(member.external_attr >> 16) in (
                0, stat.S_IFREG)  # 0: packed where files have no such type
            yield member.filename.replace("\\", "/"), member.file_size, regular and (
                lambda member=member: packed.open(member).read(MAX_BYTES))
