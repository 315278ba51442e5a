"""The loader, sector 0: old programs, bad disks, and what a PC's BIOS wants of it."""

import struct

import pytest

from common.tests import support
from common.tests.session import Session
from common.tests.support import EMULATORS, REBOOT
from grading import image

INVALID = b"Disk program is invalid\r\n"
UNREAD = b"Unable to read from disk\r\n"
OLD_STYLE = b"old program: 2\nthe last one\n"

HEADS, SECTORS_A_TRACK = 16, 63  # the geometry of every image
CYLINDER = HEADS * SECTORS_A_TRACK * image.SECTOR  # bytes

# The master boot record: code, four partitions of 16 bytes each, 55 AA.
PARTITIONS = 446
PARTITION = struct.Struct("<B3sB3sII")  # active, first CHS, type, last CHS, start, sectors
SLACK = 32  # bytes that the next compiler may add


@pytest.fixture(scope="session")
def old_style(out, loader):
    """The image of a program of 2007."""
    program = support.build_old_style(out / "old-style")
    assert len(program) == 127 * image.SECTOR
    assert program[8:12] != b"RING", "it has the header that old programs lack"
    return image.disk_image(loader.read_bytes(), program)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_an_old_program_runs_and_returns(emulator, old_style, tmp_path):
    with Session(emulator, old_style, tmp_path / "boot") as session:
        assert session.wait_for(REBOOT) == OLD_STYLE + REBOOT


def test_a_key_boots_again(old_style, tmp_path):
    """On QEMU alone: nobody can press a key in a Bochs without a window."""
    with Session("qemu", old_style, tmp_path / "boot") as session:
        session.wait_for(REBOOT)
        session.monitor("sendkey ret")
        assert session.wait_for(REBOOT, times=2) == 2 * (OLD_STYLE + REBOOT)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_a_disk_without_a_program_is_named(emulator, loader, tmp_path):
    empty = loader.read_bytes().ljust(CYLINDER, b"\0")
    with Session(emulator, empty, tmp_path / "boot") as session:
        assert session.wait_for(REBOOT) == INVALID + REBOOT


def test_a_disk_that_cannot_be_read_is_named(loader, tmp_path):
    """On QEMU alone: a disk of Bochs has whole cylinders, so the loader always reads one."""
    with Session("qemu", loader.read_bytes(), tmp_path / "boot") as session:
        assert session.wait_for(REBOOT) == UNREAD + REBOOT


@pytest.mark.parametrize(("size", "message"), [(CYLINDER, INVALID), (image.SECTOR, UNREAD)],
                         ids=["invalid", "unread"])
def test_what_the_loader_says_is_on_the_screen_too(size, message, loader, tmp_path):
    """On QEMU alone: its monitor shows the memory of the screen."""
    with Session("qemu", loader.read_bytes().ljust(size, b"\0"), tmp_path / "boot") as session:
        session.wait_for(REBOOT)
        lines = [line for line in session.screen() if line]
    assert lines[-2:] == (message + REBOOT).decode().splitlines(), lines


def partitions(sector):
    """The boot sector's partition entries that are in use."""
    entries = [PARTITION.unpack_from(sector, PARTITIONS + 16 * n) for n in range(4)]
    return [entry for entry in entries if any(entry[0:1] + entry[2:3] + entry[4:])]


def lba(chs):
    """The sector that the three bytes of a cylinder-head-sector address mean."""
    head, sector, cylinder = chs[0], chs[1] & 0x3F, chs[2] | (chs[1] & 0xC0) << 2
    return (cylinder * HEADS + head) * SECTORS_A_TRACK + sector - 1


@pytest.mark.parametrize("program", ("fault", "long-mode"))
def test_sector_0_is_a_boot_sector_with_one_active_partition(program, out):
    disk = support.build(program, out).read_bytes()
    assert len(disk) % CYLINDER == 0
    sector, sectors = disk[:image.SECTOR], len(disk) // image.SECTOR
    assert sector[510:] == b"\x55\xaa"
    (active, first, kind, last, start, length), = partitions(sector)
    assert active == 0x80
    assert kind != 0, "type 0 means: not in use"
    assert (start, length) == (1, sectors - 1)
    assert (lba(first), lba(last)) == (1, sectors - 1), "CHS and LBA disagree"


@pytest.mark.parametrize("width", (32, 64))
def test_the_loader_fits_with_room_to_spare(width, out):
    support.build({32: "fault", 64: "long-mode"}[width], out)
    sector = out / f"common{width}" / "boot.bin"
    assert sector.stat().st_size == image.SECTOR
    symbols = support.run("nm", f"{sector}.elf")
    ends = [int(line.split()[0], 16) for line in symbols.splitlines() if line.endswith(" code_end")]
    assert len(ends) == 1
    assert ends[0] - 0x7C00 + SLACK <= PARTITIONS, f"code ends at {ends[0]:#x}"
