"""The runtime: programs from sector 0 to their end, in both widths, on both emulators."""

import re

import pytest

from common.tests import support
from common.tests.session import Session
from common.tests.support import EMULATORS
from grading import image

# SDM Vol. 3A, "Extended Feature Enable Register": LME and LMA.
LONG_MODE = {"efer": 0x500, "cs": 0x28, "cr0": 0x80000001, "cr4": 0x20}
LOADER_READ = 127  # sectors, the most that one call of the BIOS reads


@pytest.mark.parametrize("emulator", EMULATORS)
def test_a_64_bit_program_runs_from_the_loader_to_its_end(emulator, out, tmp_path):
    path = support.build("long-mode", out)
    run = support.boot(emulator, path.read_bytes(), tmp_path / "boot")
    support.assert_powered_off(run)
    main = image.read_symbols(path.with_suffix(".sym"))["main"]
    lines = run.serial.decode().splitlines()
    assert lines[:2] == ["[long-mode] begin 0x00000000", "Hello from 64-bit C"], lines
    assert support.facts(run.serial) == LONG_MODE | {
        "pages": 512,  # of 2 MB, mapped one to one
        "wide": main << 32 | 0x12345678,  # all of its 64 bits are printed
        "expected.vector": 6,  # #UD came, and was lived through
    }
    assert lines[-1] == "[long-mode] end", lines


@pytest.mark.parametrize("bits", (32, 64))
@pytest.mark.parametrize("emulator", EMULATORS)
def test_an_exception_nobody_expects_becomes_a_report(emulator, bits, out, tmp_path):
    path = support.build("fault", out / f"fault-{bits}", f"BITS={bits}")
    run = support.boot(emulator, path.read_bytes(), tmp_path / "boot")
    support.assert_powered_off(run)
    lines = run.serial.decode().splitlines()
    assert lines[:2] == ["[fault] begin 0x00000000",
                         "unexpected exception: #GP general protection in ring 0"], lines
    facts = support.facts(run.serial)
    assert facts["exception.vector"] == 13
    assert facts["exception.error"] == 0xFFF8  # the selector that main.c loads
    assert facts["exception.cs"] == (0x28 if bits == 64 else 0x08)
    main = image.read_symbols(path.with_suffix(".sym"))["main"]
    assert main < facts["exception.ip"] < main + 0x100
    # Over after that: neither back in main() nor booted again.
    assert lines[2:] == [line for line in lines if line.startswith("@ exception.")], lines


@pytest.fixture(scope="module", params=(32, 64))
def large(request, out):
    """The image of a program that one call of the BIOS cannot read, in either width."""
    bits = request.param
    path = support.build("large", out / f"large-{bits}", f"BITS={bits}")
    assert path.with_suffix(".b").stat().st_size > (LOADER_READ + 1) * image.SECTOR
    return path.read_bytes()


@pytest.mark.parametrize("emulator", EMULATORS)
def test_a_large_program_is_read_whole_and_goes_back_to_the_loader(emulator, large, tmp_path):
    with Session(emulator, large, tmp_path / "boot") as session:
        serial = session.wait_for(support.REBOOT)
    assert support.facts(serial) == {"runs": 1, "words": 77824, "wrong": 0}
    assert serial.endswith(b"[large] end\n" + support.REBOOT), serial
    assert serial.count(b"begin") == 1, serial


@pytest.mark.parametrize("inside", (1, 0))
def test_the_way_back_leads_out_of_vmx_operation(inside, out, tmp_path):
    """And where there is none, VMXE alone is no reason to fall."""
    path = support.build("vmx-on", out / f"vmx-on-{inside}", f"INSIDE={inside}")
    with Session("bochs", path.read_bytes(), tmp_path / "boot") as session:
        serial = session.wait_for(support.REBOOT)
    assert support.facts(serial) == ({"failed": 0} if inside else {})
    assert serial.endswith(b"[vmx-on] end\n" + support.REBOOT), serial


def test_a_second_run_finds_everything_as_the_first(large, tmp_path):
    """On QEMU alone: nobody can press a key in a Bochs without a window."""
    with Session("qemu", large, tmp_path / "boot") as session:
        first = session.wait_for(support.REBOOT)
        session.monitor("sendkey ret")
        assert session.wait_for(support.REBOOT, times=2) == 2 * first


def test_the_way_back_leaves_no_mode_behind(large, tmp_path):
    """On QEMU alone: its monitor shows the registers."""
    with Session("qemu", large, tmp_path / "boot") as session:
        session.wait_for(support.REBOOT)
        registers = session.monitor("info registers")
    found = dict(re.findall(r"\b(CR3|CR4|EFER)=([0-9a-f]+)", registers))
    assert {name: int(value, 16) for name, value in found.items()} \
        == {"CR3": 0, "CR4": 0, "EFER": 0}
