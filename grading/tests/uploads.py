"""What the tests of intake share: two labs, and a zip of files of one."""

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
