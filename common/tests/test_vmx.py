"""The facts of VMX in common/x86 (vmcs.h, vmx.h, exit.h): decoded by the bits of the
manual, and against the second lists of vmx_facts.py."""

import re

import pytest

from common.tests import support
from common.tests.headers import encodings, macro, macros, vmcs_groups
from common.tests.vmx_facts import (BIT_FIELDS, CONTROLS, DEFAULT1, FIELDS, NO_BIT_FIELD, TYPES,
                                    VMX_MSRS, WIDTHS, each, exit_reasons)
from grading.lab import ROOT

HEADERS = ("vmcs.h", "vmx.h", "exit.h")


def bits(first, last):
    """The bits of those numbers, as a mask."""
    return sum(1 << n for n in range(first, last + 1))


def test_the_headers_are_safe_in_assembly_and_do_not_clash(tmp_path):
    values = {name: value for header in HEADERS for name, value in macros(header).items()}
    assert len(values) == sum(len(macros(header)) for header in HEADERS)
    source = "".join(f'#include "x86/{path.name}"\n'
                     for path in sorted((ROOT / "common" / "x86").glob("*.h")))
    source += "".join(f"        .quad {name}\n" for name in values)
    (tmp_path / "all.S").write_text(source)
    support.run("gcc", "-Werror", f"-I{ROOT}/common", "-c", "-o", tmp_path / "all.o",
                tmp_path / "all.S")
    support.run("objcopy", "-O", "binary", "-j", ".text", tmp_path / "all.o",
                tmp_path / "all.bin")
    words = memoryview((tmp_path / "all.bin").read_bytes()).cast("Q")
    assert list(words) == list(values.values())


def test_nothing_is_defined_outside_a_table():
    """Every macro is a literal, and in what the tests below look at."""
    for header in HEADERS:
        text = (ROOT / "common" / "x86" / header).read_text()
        assert text.count("#define ") == len(macros(header)) + 1, f"{header}: no plain number"
    parts = {"HIGH", "INDEX", "TYPE", *each("TYPE_{}", "CONTROL READ_ONLY GUEST HOST").split(),
             "WIDTH", *each("WIDTH_{}", "16 64 32 NATURAL").split()}
    assert set(macros("vmcs.h", "VMCS_")) == parts | set(encodings())
    prefixes = ("MSR_", "FEATURE_CONTROL_", "VMX_BASIC_",
                *(prefix + "_" for prefix in CONTROLS))
    assert [name for name in macros("vmx.h") if not name.startswith(prefixes)] \
        == ["CPUID_1_ECX_VMX"]
    assert all(name.startswith("EXIT_REASON_") for name in macros("exit.h"))


def test_each_encoding_fits_the_group_in_which_it_stands():
    for (heading, pattern), group in vmcs_groups().items():
        width, kind = re.fullmatch(rf"({'|'.join(WIDTHS)}) ({'|'.join(TYPES)}) Fields?",
                                   heading).groups()
        width, kind = WIDTHS.index(width), TYPES.index(kind)
        access = "A" if WIDTHS[width] == "64-Bit" else "0"
        assert pattern == f"0{width:02b}0_{kind:02b}xx_xxxx_xxx{access}", heading
        for name, encoding in group.items():
            assert encoding & 1 == 0, f"{name}: the upper half"
            assert encoding >> 10 & 3 == kind, f"{name}: not in {heading}"
            assert encoding >> 13 & 3 == width, f"{name}: not in {heading}"
            assert encoding & ~0x6FFF == 0, f"{name}: bits that are always 0"
        assert list(group.values()) == sorted(set(group.values())), heading


def test_the_parts_of_an_encoding():
    part = macros("vmcs.h", "VMCS_")
    assert part["HIGH"] == 1
    assert [part[name] for name in ("INDEX", "TYPE", "WIDTH")] \
        == [bits(1, 9), bits(10, 11), bits(13, 14)]
    assert [part[f"TYPE_{name}"] for name in ("CONTROL", "READ_ONLY", "GUEST", "HOST")] \
        == [n << 10 for n in range(4)]
    assert [part[f"WIDTH_{name}"] for name in ("16", "64", "32", "NATURAL")] \
        == [n << 13 for n in range(4)]


def test_the_groups_are_the_tables_of_the_manual():
    assert [heading for heading, _ in vmcs_groups()] == list(FIELDS)


@pytest.mark.parametrize("heading", FIELDS)
def test_the_encodings_are_those_of_the_second_list(heading):
    first, names = FIELDS[heading]
    wanted = {name: first + 2 * n for n, name in enumerate(names.split()) if name != "-"}
    found, = (group for (title, _), group in vmcs_groups().items() if title == heading)
    assert found == wanted


def test_the_two_that_are_often_confused():
    assert encodings()["VM_INSTRUCTION_ERROR"] == 0x4400
    assert encodings()["VM_EXIT_INSTRUCTION_INFORMATION"] == 0x440E


def test_msr_numbers():
    wanted = {f"VMX_{name}": 0x480 + n for n, name in enumerate(VMX_MSRS.split())}
    assert macros("vmx.h", "MSR_") == {"FEATURE_CONTROL": 0x3A, **wanted}


@pytest.mark.parametrize("register", BIT_FIELDS)
def test_the_fields_of_the_msrs(register):
    found = {name: value for name, value in macros("vmx.h", register + "_").items()
             if f"{register}_{name}" not in NO_BIT_FIELD}
    assert found == {name: bits(*where) for name, where in BIT_FIELDS[register].items()}


def test_literals_that_are_no_field_of_an_msr():
    found = macros("vmx.h")
    assert {name: found[name] for name in NO_BIT_FIELD} == NO_BIT_FIELD
    assert found["CPUID_1_ECX_VMX"] == 1 << 5


@pytest.mark.parametrize("prefix", CONTROLS)
def test_each_control_is_the_bit_that_the_manual_says(prefix):
    wanted = {macro(name): 1 << bit for bit, name in CONTROLS[prefix].items()}
    if prefix in DEFAULT1:
        wanted["DEFAULT1"] = sum(1 << bit for bit in DEFAULT1[prefix])
    assert macros("vmx.h", prefix + "_") == wanted


def test_exit_reasons():
    found = macros("exit.h", "EXIT_REASON_")
    assert found.pop("BASIC") == bits(0, 15)
    assert found.pop("ENTRY_FAILURE") == 1 << 31
    assert found == {macro(name): number for number, name in exit_reasons().items()}
