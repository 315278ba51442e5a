"""explain.c on the host, with a made-up CPU: rules about what no CPU of Bochs has."""

import ctypes
from importlib import import_module

import pytest

from common.tests import support
from common.tests.refusals import NAMES, PROGRAM, changes
from grading.lab import ROOT

made_up = import_module(f"common.tests.programs.{PROGRAM}.made_up")


class Explanation(ctypes.Structure):
    """struct explanation"""

    _fields_ = [("field", ctypes.c_uint32), ("value", ctypes.c_uint64),
                ("rule", ctypes.c_char_p), ("section", ctypes.c_char_p)]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """explain.c on the host, with a CPU that has everything."""
    path = tmp_path_factory.mktemp("made-up") / "explain.so"
    folder = support.PROGRAMS / PROGRAM
    support.run("gcc", "-std=gnu11", "-ffreestanding", "-nostdlib", "-shared", "-fPIC",
                "-Wall", "-Wextra", "-Werror",
                "-Wno-unused-parameter", f"-I{ROOT}/common", "-DCPU_H",
                "-include", folder / "fake_cpu.h", "-o", path, folder / "fake_cpu.c",
                *sorted((ROOT / "common").glob("explain*.c")),
                *(ROOT / "common" / f"{name}_names.c" for name in ("vmx", "vmcs")))
    library = ctypes.CDLL(str(path))
    msrs = (ctypes.c_uint64 * 0x1000).in_dll(library, "msrs")
    for number, value in made_up.MSRS.items():
        msrs[number] = value
    leaves = (ctypes.c_uint32 * 4 * 0x40 * 2).in_dll(library, "leaves")
    for number, registers in made_up.LEAVES.items():
        for n, value in enumerate(registers):
            leaves[number >> 31][number & 0x3F][n] = value
    return library


def explained(library, steps):
    """The name of the field that explain_entry() blames, with those changes to a good VMCS."""
    fields = (ctypes.c_uint64 * 0x6FFF).in_dll(library, "fields")
    ctypes.memset(fields, 0, ctypes.sizeof(fields))
    for change in (*made_up.VMCS, *steps):
        encoding = changes.ENCODINGS[change.field]
        fields[encoding] = fields[encoding] & change.keep ^ change.flip
    why = Explanation()
    return NAMES[why.field] if library.explain_entry(ctypes.byref(why)) else None


def test_rules_about_what_bochs_does_not_have(library):
    for case in made_up.CASES:
        assert explained(library, case.given) is None, str(case)
        blamed = explained(library, (*case.given, case.wrong))
        assert blamed in (case.wrong.field, *case.also), (str(case), blamed)
    print(f"{len(made_up.CASES)} rules that no CPU of Bochs can break, explained")
