"""grading/image.py: symbols, the challenge's place, bootable images."""

import pytest

from grading import image
from grading.errors import UsageError

CYLINDER = 16 * 63 * 512
LOADER = b"L" * 510 + b"\x55\xaa"
PROGRAM = b"\xcd\xab" + b"P" * 700
DISK = b"D" * 510 + b"\x55\xaa" + b"D" * 100


def test_read_symbols(tmp_path):
    path = tmp_path / "x.sym"
    path.write_text("00010000 T start\n0001abcd B challenge\n         U nowhere\n\n"
                    "00020000 t a b\n000000000fffffff D far\n")
    assert image.read_symbols(path) == {"start": 0x10000, "challenge": 0x1ABCD, "far": 0xFFFFFFF}


@pytest.mark.parametrize(("line", "bad"), [
    (b"00010010 T other", False),
    (b"00010010 t start", False),  # a local name may be there as often as it likes
    (b"00010010 T start", True),
    (b"00010010 T zz\nffffffff T start", True),  # one name, with a line break in it
    (b"00010010 T z z", True),
    (b"00010010 T a\xff", True),
    (b"ffffffffffffffffff T big", False),
])
def test_forged_symbols(tmp_path, line, bad):
    path = tmp_path / "x.sym"
    path.write_bytes(b"00010000 T start\n" + line + b"\n")
    assert bool(image.forged(path)) == bad
    assert image.read_symbols(path)["start"] == 0x10000


@pytest.mark.parametrize(("region", "size", "offset"), [
    (0x10000, 4, 512), (0x10001, 4, 513), (0x10000, 512, 512), (0x101FC, 4, 1020)])
def test_the_challenge_is_written_at_its_address(tmp_path, region, size, offset):
    path = tmp_path / "x.img"
    path.write_bytes(bytes(1024))
    data = image.with_challenge(path, region, b"C" * size)
    assert data == bytes(offset) + b"C" * size + bytes(1024 - offset - size)
    assert path.read_bytes() == bytes(1024), "the image itself stays as it was built"


@pytest.mark.parametrize(("region", "size"), [
    (0xFFFF, 4), (0x0, 4), (0xFE00, 4), (0x101FD, 4), (0x10000, 513), (0xFFFFFFFF, 1)])
def test_the_challenge_must_lie_within_the_program(tmp_path, region, size):
    (tmp_path / "x.img").write_bytes(bytes(1024))
    with pytest.raises(ValueError, match="outside the image"):
        image.with_challenge(tmp_path / "x.img", region, b"C" * size)


@pytest.mark.parametrize(("program", "start"), [
    (PROGRAM, LOADER + PROGRAM), (DISK, DISK), (b"\xcd\xab", LOADER + b"\xcd\xab"),
    # A program that happens to have 55 AA at 510 is a program all the same.
    (b"\xcd\xab" + DISK[2:], LOADER + b"\xcd\xab" + DISK[2:]),
], ids=["program", "disk", "smallest", "both"])
def test_what_boots(program, start):
    data = image.disk_image(LOADER, program)
    assert data == start.ljust(CYLINDER, b"\0")


@pytest.mark.parametrize("size", [CYLINDER - 512, CYLINDER - 511, 2 * CYLINDER])
def test_a_disk_is_whole_cylinders(size):
    data = image.disk_image(LOADER, PROGRAM.ljust(size, b"\1"))
    assert len(data) % CYLINDER == 0
    assert len(data) - (size + 512) < CYLINDER


@pytest.mark.parametrize("data", [b"", b"\xcd", b"\xab\xcd" + b"x" * 999, bytes(512), b"\x7fELF"])
def test_what_does_not_boot(data):
    with pytest.raises(UsageError, match="0xABCD") as error:
        image.disk_image(LOADER, data)
    assert "\n" not in str(error.value)
