"""What vmcs_names.c and vmx_names.c call the facts of VMX: as the second lists of vmx_facts.py
do, and nothing else has a name."""

import ctypes

import pytest

from common.tests import support
from common.tests.headers import encodings, macro
from common.tests.vmx_facts import CONTROLS, ERRORS, exit_reasons
from grading.lab import ROOT


class Field(ctypes.Structure):
    """struct vmcs_field"""

    _fields_ = [("encoding", ctypes.c_uint32), ("name", ctypes.c_char_p)]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """The C files of names, as a library of the host's."""
    path = tmp_path_factory.mktemp("names") / "names.so"
    support.run("gcc", "-std=gnu11", "-ffreestanding", "-nostdlib", "-shared", "-fPIC",
                "-Wall", "-Wextra", "-Wundef", "-Werror", f"-I{ROOT}/common", "-Wl,-z,defs",
                "-o", path, ROOT / "common" / "vmcs_names.c", ROOT / "common" / "vmx_names.c")
    library = ctypes.CDLL(str(path))
    for function, arguments in (("vmcs_field_name", 1), ("exit_reason_name", 1),
                                ("vm_instruction_error_text", 1), ("control_name", 2)):
        getattr(library, function).restype = ctypes.c_char_p
        getattr(library, function).argtypes = [ctypes.c_uint32] * arguments
    return library


def named(function, numbers):
    """Number → name, of the numbers that have one."""
    found = {number: function(number) for number in numbers}
    return {number: name.decode() for number, name in found.items() if name is not None}


def test_the_list_of_fields_is_the_header(names):
    count = ctypes.c_uint.in_dll(names, "vmcs_field_count").value
    fields = (Field * count).in_dll(names, "vmcs_fields")
    assert [field.encoding for field in fields] == list(encodings().values())
    found = [field.name.decode() for field in fields]
    assert len(set(found)) == count
    assert [macro(name).removeprefix("VMCS_") for name in found] == list(encodings())


def test_names_of_fields(names):
    count = ctypes.c_uint.in_dll(names, "vmcs_field_count").value
    fields = (Field * count).in_dll(names, "vmcs_fields")
    assert named(names.vmcs_field_name, (*range(0x10000), 1 << 31, 0xFFFFFFFF)) \
        == {field.encoding: field.name.decode() for field in fields}
    assert names.vmcs_field_name(0x0800) == b"guest ES selector"


def test_names_of_exit_reasons(names):
    numbers = (*range(0x10000), *(1 << 31 | number for number in range(100)), 0xFFFFFFFF)
    assert named(names.exit_reason_name, numbers) == exit_reasons()
    assert len(set(exit_reasons().values())) == len(exit_reasons())


def test_texts_of_instruction_errors(names):
    found = named(names.vm_instruction_error_text, (*range(0x1000), 1 << 31, 0xFFFFFFFF))
    assert list(found) == list(ERRORS)
    assert len(set(found.values())) == len(found)
    for number, words in ERRORS.items():
        missing = [word for word in words.split() if word not in found[number]]
        assert not missing, f"{number}: {found[number]!r} does not say {missing}"


@pytest.mark.parametrize("prefix", CONTROLS)
def test_names_of_controls(prefix, names):
    which = list(CONTROLS).index(prefix)  # enum vmx_controls is in this order
    found = named(lambda bit: names.control_name(which, bit), (*range(300), 0xFFFFFFFF))
    assert found == CONTROLS[prefix]
    assert len(set(found.values())) == len(found)
