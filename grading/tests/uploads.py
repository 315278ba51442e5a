"""What the tests of intake share: two labs, and a zip or a tarball of files of one."""

import io
import tarfile
import zipfile
from pathlib import Path

from grading.lab import Lab

LAB = Lab("01-x", Path("labs/01-x"), ("one.c", "two.S"), (), (), ("qemu",), (), (), "32")
LATER = LAB._replace(name="02-y", edit=("three.c",), uses=("01-x/one.c",))
FILES = [("labs/01-x/one.c", b"1"), ("labs/01-x/two.S", b"2")]


def zipped(path, members):
    """A zip with these members, (name, bytes); a name may be a ZipInfo."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return path


def tarred(path, members):
    """A tarball with these members, (name, bytes)."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path
