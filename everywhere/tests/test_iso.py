"""make iso: GRUB starts a program, from BIOS and from UEFI, and it finds what the loader
would have left: its log states the same facts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from everywhere import facts
from grading import emulators, image, lab, log, process
from grading.emulators.qemu import POWER
from grading.process import Limits
from grading.tests.one_line import assert_one_line
from grading.tests.support import OUT

OVMF = Path("/usr/share/OVMF")
FLASH = "if=pflash,format=raw,file="
LABS = ("01-vm86trap", "02-guest-resources", "03-host-vmx")
FIRMWARE_SECONDS = 60  # of CPU time; GRUB is on the screen after 4


def iso(*arguments, **options):
    """Runs everywhere/iso."""
    return subprocess.run([lab.ROOT / "everywhere" / "iso", *map(str, arguments)], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False, **options)


def build(name):
    """The path of the program without a loader, and that of the image."""
    subprocess.run(["make", "-s", "-C", lab.ROOT / "labs" / name, "image", f"OUT={OUT}"],
                   check=True)
    return OUT / name / f"{name}.b", OUT / name / f"{name}.img"


def boot(firmware, path, folder):
    """What comes over the serial line of a PC that boots the ISO image at `path`."""
    command = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", "qemu64", "-m", "256",
               "-nodefaults", "-vga", "std", "-net", "none", "-no-reboot", "-display", "none",
               "-monitor", "none", *POWER,
               "-serial", "file:serial.log", "-cdrom", path]
    if firmware == "uefi":
        shutil.copy(OVMF / "OVMF_VARS_4M.fd", folder / "variables")
        command += ["-drive", f"{FLASH}{OVMF}/OVMF_CODE_4M.fd,unit=0,readonly=on",
                    "-drive", f"{FLASH}variables,unit=1"]
    ended, said = process.run(command, Limits(cpu_seconds=FIRMWARE_SECONDS), folder)
    assert ended.code == 1, (ended, said)  # the program has powered it off
    return (folder / "serial.log").read_bytes()


def told(said, firmware):
    """A log's lines for people. Lab 02 reads its guest's out of the memory of a text screen,
    and behind UEFI there is none."""
    return [line for line in said.text.splitlines()
            if firmware != "uefi" or not line.startswith("screen: ")]


@pytest.mark.full
@pytest.mark.parametrize("name", LABS)
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_program_states_the_same_facts_as_behind_the_loader(firmware, name, tmp_path):
    program, disk = build(name)
    assert iso(program, "-o", tmp_path / "lab.iso").returncode == 0
    (tmp_path / "normal").mkdir()
    normal = emulators.boot(emulators.get("qemu"), disk.read_bytes(), tmp_path / "normal", Limits())
    ours = log.read(boot(firmware, tmp_path / "lab.iso", tmp_path), name)
    theirs = log.read(normal.serial, name)
    assert ours.end and theirs.end and ours.begins == 1
    assert told(ours, firmware) == told(theirs, firmware)
    places = facts.Map(disk.with_suffix(".sym").read_text()).places
    # The registers that lab 01 leaves as they are were the BIOS's or GRUB's.
    found = facts.compare(name, *([[fact, value, places(value)] for fact, value in each.facts]
                                  for each in (ours, theirs)), {"compiler"})
    assert found.unknown == () and found.addresses == 0, found
    if name.startswith("03"):
        assert ours.value("vmx") == 0 and "no VMX" in ours.text


@pytest.mark.parametrize(("content", "words"), [
    (None, "make LAB=NN builds it"), (b"", "0xABCD"), (b"\xeb\xfe" + bytes(510), "0xABCD")])
def test_what_is_no_program_is_refused(content, words, tmp_path):
    if content is not None:
        (tmp_path / "program.b").write_bytes(content)
    done = iso(tmp_path / "program.b", "-o", tmp_path / "lab.iso")
    assert_one_line(done, "program.b", words)
    assert not (tmp_path / "lab.iso").exists()


def test_missing_tools_are_named_by_their_packages(tmp_path):
    (tmp_path / "program.b").write_bytes(b"\xcd\xab" + bytes(510))
    done = subprocess.run(["/usr/bin/python3", lab.ROOT / "everywhere" / "iso",
                           tmp_path / "program.b", "-o", tmp_path / "lab.iso"], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False,
                          env={"PATH": str(tmp_path)})
    assert_one_line(done, "grub-common", "xorriso", "mtools", "setup.sh --full")


PROGRAM = b"\xcd\xab" + bytes(510)


@pytest.mark.parametrize("target", ["", ".", "folder", "pipe"])
def test_what_can_be_no_image_is_left_alone(target, tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "program.b").write_bytes(PROGRAM)
    done = iso("program.b", "-o", target, cwd=tmp_path)
    assert_one_line(done, "-o ", "the name of a file is wanted")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe", "program.b"]
    assert (tmp_path / "pipe").is_fifo()


def test_a_command_line_that_is_not_understood_is_one_line(tmp_path):
    assert_one_line(iso(tmp_path / "program.b"), "-o; see iso --help")


@pytest.mark.full
@pytest.mark.parametrize(("arguments", "words"), [
    (["-o", "/proc/x.iso"], ["/proc/x.iso cannot be written (No such file or directory)"]),
    (["-o", "program.b/x.iso"], ["program.b/x.iso cannot be written"]),
    (["-o", "x.iso", "--prefix", "nix-"], ["nix-gcc: No such file", "--prefix"])])
def test_what_cannot_be_done_is_one_line(arguments, words, tmp_path):
    (tmp_path / "program.b").write_bytes(PROGRAM)
    assert_one_line(iso(tmp_path / "program.b", *arguments, cwd=tmp_path), *words)
    assert [path.name for path in tmp_path.iterdir()] == ["program.b"]


@pytest.mark.full
@pytest.mark.parametrize(("name", "title"), [
    ("01-vm86trap", "01-vm86trap"), ('x" { } $HOME\n', "program"), ("\u00e9", "program")])
def test_a_name_is_a_title_at_most_and_neighbours_stay(name, title, tmp_path):
    (tmp_path / f"{name}.b").write_bytes(PROGRAM)
    (tmp_path / "lab.new").write_text("mine")
    done = iso(tmp_path / f"{name}.b", "-o", tmp_path / "lab.iso")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "lab.new").read_text() == "mine" and len([*tmp_path.iterdir()]) == 3
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", tmp_path / "lab.iso", "-extract", "/boot",
                    tmp_path / "boot"], check=True, capture_output=True)
    menu = (tmp_path / "boot" / "grub" / "grub.cfg").read_text()
    assert menu == f'set timeout=0\nmenuentry "{title}" {{\n        multiboot /boot/program\n}}\n'
    assert PROGRAM in (tmp_path / "boot" / "program").read_bytes()


def test_the_image_on_disk_is_a_program_behind_a_loader():
    """`make iso` takes the .b file: what follows the loader in the image."""
    program, disk = build(LABS[0])
    assert disk.read_bytes()[image.SECTOR:].startswith(program.read_bytes())
