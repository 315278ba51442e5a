"""Hardware facts in common/x86, each against a second source: the manual's bit numbers
and layouts, written down here once more."""

import re

import pytest

from common.tests import support
from common.tests.support import EMULATORS
from grading import image
from grading.lab import ROOT

# SDM Vol. 3A, "Control Registers", "System Flags and Fields in the EFLAGS Register",
# "Extended Feature Enable Register": the bits' numbers.
BITS = {
    "CR0": {"PE": 0, "MP": 1, "EM": 2, "TS": 3, "ET": 4, "NE": 5, "WP": 16, "AM": 18, "NW": 29,
            "CD": 30, "PG": 31},
    "CR4": {"VME": 0, "PVI": 1, "TSD": 2, "DE": 3, "PSE": 4, "PAE": 5, "MCE": 6, "PGE": 7,
            "PCE": 8, "OSFXSR": 9, "OSXMMEXCPT": 10, "UMIP": 11, "LA57": 12, "VMXE": 13,
            "SMXE": 14, "FSGSBASE": 16, "PCIDE": 17, "OSXSAVE": 18, "SMEP": 20, "SMAP": 21,
            "PKE": 22},
    "EFLAGS": {"CF": 0, "FIXED": 1, "PF": 2, "AF": 4, "ZF": 6, "SF": 7, "TF": 8, "IF": 9,
               "DF": 10, "OF": 11, "NT": 14, "RF": 16, "VM": 17, "AC": 18, "VIF": 19, "VIP": 20,
               "ID": 21},
    "EFER": {"SCE": 0, "LME": 8, "LMA": 10, "NXE": 11},
}
NOT_ONE_BIT = {"EFLAGS_IOPL": 3 << 12, "EFLAGS_VM_BIT": 17}

# SDM Vol. 3A, "Exception and Interrupt Vectors": number, and does it push an error code.
EXCEPTIONS = {
    "DE": (0, False), "DB": (1, False), "NMI": (2, False), "BP": (3, False), "OF": (4, False),
    "BR": (5, False), "UD": (6, False), "NM": (7, False), "DF": (8, True), "TS": (10, True),
    "NP": (11, True), "SS": (12, True), "GP": (13, True), "PF": (14, True), "MF": (16, False),
    "AC": (17, True), "MC": (18, False), "XM": (19, False),
}


def literals(header):
    """Name → value, of the macros of a header that are numbers."""
    text = support.run("gcc", "-E", "-dM", "-undef", "-x", "c", f"{ROOT}/common/{header}")
    found = re.findall(r"^#define (\w+) (0x[0-9A-F]+|\d+)$", text, re.MULTILINE)
    return {name: int(value, 0) for name, value in found}


@pytest.mark.parametrize("register", BITS)
def test_each_flag_is_the_bit_that_the_manual_says(register):
    flags = {name: value for name, value in literals("x86/control.h").items()
             if name.startswith(register + "_") and name not in NOT_ONE_BIT}
    assert flags
    unknown = [name for name in flags if name.removeprefix(register + "_") not in BITS[register]]
    assert not unknown, f"write their bit numbers down here: {unknown}"
    assert flags == {name: 1 << BITS[register][name.removeprefix(register + "_")]
                     for name in flags}


def test_the_literals_that_are_no_single_bit():
    found = literals("x86/control.h")
    assert {name: found[name] for name in NOT_ONE_BIT} == NOT_ONE_BIT
    assert found["MSR_EFER"] == 0xC0000080


def test_exception_vectors():
    found = literals("x86/exception.h")
    vectors = {name.removeprefix("VECTOR_"): value for name, value in found.items()
               if name.startswith("VECTOR_")}
    assert vectors == {name: number for name, (number, _) in EXCEPTIONS.items()}
    assert found["VECTORS"] == 32
    assert found["VECTORS_WITH_ERROR_CODE"] \
        == sum(1 << number for number, pushes in EXCEPTIONS.values() if pushes)


def decode(descriptor):
    """Base, limit and attributes of a descriptor (8 bytes, as an integer).

    By the bit numbers of SDM Vol. 3A, figure "Segment Descriptor"; bit 32 is bit 0
    of its second doubleword. Attributes are in the layout of x86/descriptor.h.
    """

    def field(*bits):
        """The bits of those numbers, the lowest first."""
        return sum((descriptor >> number & 1) << n for n, number in enumerate(bits))

    base = field(*range(16, 40), *range(56, 64))
    limit = field(*range(0, 16), *range(48, 52))
    access = field(*range(40, 48))  # type, S, DPL, P
    flags = field(*range(52, 56))  # AVL, L, D/B, G
    return base, limit, access | flags << 12


@pytest.mark.parametrize("emulator", EMULATORS)
def test_c_and_assembly_make_the_descriptors_of_the_manual(emulator, out, tmp_path):
    disk = support.build("descriptors", out).read_bytes()
    run = support.boot(emulator, disk, tmp_path / "boot")
    support.assert_powered_off(run)
    assert run.serial.endswith(b"[descriptors] end\n"), run.serial
    facts = support.facts(run.serial)
    rows = len(facts) // 5
    assert rows == (support.PROGRAMS / "descriptors" / "table.h").read_text().count("\nROW(")
    for n in range(rows):
        wanted = tuple(facts[f"{name}.{n}"] for name in ("base", "limit", "attributes"))
        assert decode(facts[f"c.{n}"]) == wanted
        assert decode(facts[f"assembly.{n}"]) == wanted


@pytest.mark.parametrize("program", ("fault", "long-mode"))
def test_the_gdt_of_every_program(program, out):
    path = support.build(program, out)
    start = image.offset_in_image(image.read_symbols(path.with_suffix(".sym"))["gdt"])
    slots = [int.from_bytes(path.read_bytes()[start + 8 * n:start + 8 * n + 8], "little")
             for n in range(8)]
    assert [decode(slot) for slot in slots[1:6]] == [
        (0, 0xFFFFF, 0xC09A),  # 0x08: 32-bit code, readable, in pages
        (0, 0xFFFFF, 0xC092),  # 0x10: 32-bit data, writable, in pages
        (0x10000, 0xFFFF, 0x009A),  # 0x18: 16-bit code at ARENA
        (0x10000, 0xFFFF, 0x0092),  # 0x20: 16-bit data at ARENA
        (0, 0, 0x209A),  # 0x28: 64-bit code
    ]
    assert [slots[n] for n in (0, 6, 7)] == [0, 0, 0]  # null; the TSS is the program's
