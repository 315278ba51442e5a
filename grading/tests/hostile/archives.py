"""Hostile submissions that are archives: each function makes one in `folder` from `files`
(name → bytes, the solution of lab 01) and returns its path. None is in the repository: the
large ones are small only where they are made."""

import bz2
import gzip
import io
import struct
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path

from grading.tests.hostile.world import MARK

LAB = "labs/01-vm86trap/"
WANTED = LAB + "vm86trap.c"
MIB = 1 << 20
ESCAPES = "\x1b[2J\nall: 100 of 100"


def tarball(folder, members):
    """A tarball of (TarInfo or name, bytes)."""
    path = folder / "handin.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for member, content in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
            if member.isreg():
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def special(name, kind, target=""):
    """A member that is no regular file."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def right(files):
    """The members of a good submission."""
    return [(LAB + name, content) for name, content in files.items()]


def others(files):
    """The same without the file that a trick is about."""
    return [(name, content) for name, content in right(files) if name != WANTED]


def link_in_tarball(folder, files):
    return tarball(folder, [special(WANTED, tarfile.SYMTYPE, "/etc/passwd"), *others(files)])


def hard_link_in_tarball(folder, files):
    return tarball(folder, [special(WANTED, tarfile.LNKTYPE, "../../etc/passwd"), *others(files)])


def device_in_tarball(folder, files):
    return tarball(folder, [special(WANTED, tarfile.CHRTYPE), *others(files)])


def fifo_in_tarball(folder, files):
    return tarball(folder, [special(WANTED, tarfile.FIFOTYPE), *others(files)])


def link_first_in_tarball(folder, files):
    """A link of that name, then the file: an unpacker would write where the link leads."""
    return tarball(folder, [special(WANTED, tarfile.SYMTYPE, f"/tmp/{MARK}"), *right(files)])


def paths_out_of_the_tarball(folder, files):
    return tarball(folder, [(f"/tmp/{MARK}", b"x"), (f"../../../../../../tmp/{MARK}", b"x"),
                            (f"labs/../../{MARK}", b"x"), *right(files)])


def duplicates(folder, files):
    """The last one counts, as where it is unpacked."""
    return tarball(folder, [*right(files), (WANTED, b"#error the second one\n"),
                            ("./" + WANTED, b"#error the third one\n")])


def duplicates_wrong_first(folder, files):
    return tarball(folder, [(WANTED, b"#error the first one\n"), *right(files)])


def names_with_escapes(folder, files):
    return tarball(folder, [(ESCAPES, b"x"), ("labs/\nx\x00y", b"x"), (WANTED + "\n", b"x"),
                            *right(files)])


def names_in_capitals(folder, files):
    """Not these files: the names are others."""
    return tarball(folder, [(name.upper(), content) for name, content in right(files)])


def many_members(folder, files):
    path = folder / "handin.tar.gz"
    header = tarfile.TarInfo(MARK).tobuf()
    path.write_bytes(gzip.compress(header * 100_000, 1))
    return path


def giant_member(folder, files):
    return tarball(folder, [(WANTED, bytes(64 * MIB)), *others(files)])


def sparse_member(folder, files):
    """Says that it has a terabyte, and has nothing."""
    member = tarfile.TarInfo(WANTED)
    member.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1",
                          "GNU.sparse.size": str(1 << 40), "GNU.sparse.map": "0,0"}
    return tarball(folder, [(member, b""), *others(files)])


def header_of_a_gigabyte(folder, files, kind=tarfile.GNUTYPE_LONGNAME):
    """A name that is a gigabyte long: it is no member, and no member's size says so."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = kind, 1 << 30
    path = folder / "handin.tar.gz"
    with gzip.open(path, "wb", 1) as packed:
        packed.write(member.tobuf(tarfile.GNU_FORMAT))
    block = gzip.compress(bytes(64 * MIB), 9)  # gzip files can be put behind each other
    with open(path, "ab") as packed:
        packed.write(block * 16)
    return path


def names_in_names(folder, files):
    """Long names of long names of ...: a reader that calls itself has no stack for them."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 512
    path = folder / "handin.tar.gz"
    with gzip.open(path, "wb", 1) as packed:
        packed.write((member.tobuf(tarfile.GNU_FORMAT) + b"a" * 512) * 10_000)
    return path


def python_reads_sizes_below_zero():
    """True of a Python whose tarfile does not yet refuse them."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(size_below_zero(Path(folder), {})) as tar:
                return tar.next() is not None
        except tarfile.TarError:
            return False


def size_below_zero(folder, files):
    """A reader that goes on behind it goes back."""
    header = bytearray(tarfile.TarInfo("x").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" + (-512 + (1 << 88)).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = folder / "handin.tar.gz"
    path.write_bytes(gzip.compress(bytes(header) + bytes(1024)))
    return path


def zipped(folder, members, kind=zipfile.ZIP_DEFLATED):
    """A zip of (ZipInfo or name, bytes)."""
    path = folder / "handin.zip"
    with zipfile.ZipFile(path, "w", kind) as packed:
        for member, content in members:
            packed.writestr(member, content)
    return path


def raw_zip(folder, packed, kind, size, flags=0):
    """A zip with one member, which says of itself what it likes."""
    name = WANTED.encode()
    fields = struct.pack("<HHHHIIIHH", flags, kind, 0, 0, 0, len(packed), size, len(name), 0)
    local = b"PK\3\4" + struct.pack("<H", 20) + fields + name + packed
    central = b"PK\1\2" + struct.pack("<HH", 20, 20) + fields \
        + struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, 0) + name
    path = folder / "handin.zip"
    path.write_bytes(local + central + b"PK\5\6" + struct.pack(
        "<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0))
    return path


def zip_bomb(folder, files):
    return zipped(folder, [(WANTED, bytes(64 * MIB)), *others(files)])


def zip_that_lies_of_sizes(folder, files):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return raw_zip(folder, packer.compress(bytes(64 * MIB)) + packer.flush(),
                   zipfile.ZIP_DEFLATED, 100)


def zip_by_bzip2(folder, files):
    """200 bytes that are 200 MB: this unpacker knows no limit."""
    return raw_zip(folder, bz2.compress(bytes(200 * MIB), 9), zipfile.ZIP_BZIP2, 100)


def zip_by_lzma(folder, files):
    """Damaged in a way that raises an error of its own, with a dictionary of 4 GB."""
    return raw_zip(folder, b"\x09\x04\x05\x00\x5d\xff\xff\xff\xff" + bytes(range(256)),
                   zipfile.ZIP_LZMA, 100)


def zip_encrypted(folder, files):
    return raw_zip(folder, bytes(100), zipfile.ZIP_STORED, 88, flags=1)


def zip_with_a_link(folder, files):
    member = zipfile.ZipInfo(WANTED)
    member.external_attr = 0o120777 << 16
    return zipped(folder, [(member, b"/etc/passwd"), *others(files)])


def zip_of_many(folder, files):
    return zipped(folder, ((str(number), b"") for number in range(5_000)), zipfile.ZIP_STORED)


def inside(folder, path, beside=()):
    """A zip around what is there, and around (name, bytes) beside it."""
    content = path.read_bytes()
    path.unlink()
    return zipped(folder, [*beside, (f"upload/{path.name}", content)])


def packed_twice(folder, files):
    return inside(folder, tarball(folder, right(files)), [("notes.pdf", b"%PDF")])


def packed_three_times(folder, files):
    return inside(folder, packed_twice(folder, files))


def packed_a_hundred_times(folder, files):
    path = tarball(folder, right(files))
    for _ in range(99):
        path = inside(folder, path)
    return path


def giant_member_inside(folder, files):
    return inside(folder, giant_member(folder, files))


def header_of_a_gigabyte_inside(folder, files):
    return inside(folder, header_of_a_gigabyte(folder, files))


def zip_bomb_inside(folder, files):
    return inside(folder, zip_bomb(folder, files))


def zip_that_lies_of_sizes_inside(folder, files):
    return inside(folder, zip_that_lies_of_sizes(folder, files))


def archive_that_is_a_bomb(folder, files):
    """4 MB of one that are 4 GB: its own size is what is wrong."""
    return zipped(folder, [("handin.tar.gz", bytes(4096 * MIB >> 6))])


def bomb_in_a_bomb(folder, files):
    """Each for itself unpacks to what just fits: 15 MB of headers in one, and 15 in the other."""
    block = special("x" * 50, tarfile.DIRTYPE)[0]
    block.pax_headers = {"comment": "y" * (15 * MIB)}
    inner = tarball(folder, [(block, b""), *right(files)])
    content = inner.read_bytes()
    return tarball(folder, [(block, b""), ("handin.tgz", content)])


def many_members_in_both(folder, files):
    """600 in each."""
    empty = [(str(number), b"") for number in range(600)]
    return inside(folder, tarball(folder, [*empty, *right(files)]), empty)


def zip_of_as_many_as_fit(folder, files):
    """4 MB of a zip's table, in a zip."""
    return inside(folder, zipped(folder, ((f"{number:x}", b"") for number in range(45_000)),
                                 zipfile.ZIP_STORED))
