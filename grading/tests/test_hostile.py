"""Programs and users that mean no good, or do not know better: the verdict is theirs."""

import subprocess
import sys

import pytest

from grading import lab
from grading.tests import support

LAB01 = lab.find("01")
GRADE = [sys.executable, str(lab.ROOT / "grading" / "grade")]

# In place of run_task(): what it does, on which emulator, and the verdict it deserves.
ENDINGS = [
    ("outb(0xF4, 1)", "qemu", "CRASH"),  # its own exit code
    ('asm("outw %w0, %w1" : : "a"(0x2400), "d"(0x604))', "qemu", "HANG"),  # no ACPI here to sleep
    ('asm("outw %w0, %w1" : : "a"(1), "d"(0x400))', "bochs", "CRASH"),  # the BIOS's panic port
    ('asm("cli; hlt")', "qemu", "HANG"),
    ('asm("cli; hlt")', "bochs", "HANG"),
    ('asm("lidt 0; ud2")', "qemu", "CRASH"),  # triple fault
    ('asm("lidt 0; ud2")', "bochs", "CRASH"),
    ('for (;;) report("x", 1)', "qemu", "HANG"),
]


def change(folder, old, new):
    """Puts `new` in place of `old` in vm86trap.c."""
    path = folder / "vm86trap.c"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(("code", "emulator", "verdict"), ENDINGS)
def test_however_a_program_ends_it_is_its_own_doing(code, emulator, verdict, tmp_path):
    sources = support.write_sources(LAB01, tmp_path / "sources")
    change(sources, "        enter_v86(&frame);", f"        {code};\n        for (;;)\n"
           "                asm volatile(\"cli; hlt\");\n        enter_v86(&frame);")
    values = support.grade(LAB01, emulator, sources, tmp_path / "work")
    assert values["score"] == 0
    assert values["verdict"] == verdict, values


def test_a_name_of_the_student_s_does_not_hide_ours(tmp_path):
    sources = support.write_sources(LAB01, tmp_path / "sources")
    change(sources, "#define OPCODE_HLT", "static volatile int challenge[9];\n#define OPCODE_HLT")
    change(sources, "        struct v86_frame frame = { 0 };",
           "        struct v86_frame frame = { 0 };\n\n        challenge[0]++;")
    assert support.grade(LAB01, "qemu", sources, tmp_path / "work")["score"] == 100


def test_graders_side_by_side_do_not_mix_up_their_students(tmp_path):
    good = support.write_sources(LAB01, tmp_path / "good")
    empty = support.write_sources(LAB01, tmp_path / "empty", solved=0)
    graders = [(points, subprocess.Popen(
        [*GRADE, folder, "--lab", "01", "--out", tmp_path / "out"], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        for points, folder in [("100/100", good), ("0/100", empty)] * 3]
    for points, grader in graders:
        output, _ = grader.communicate()
        assert output.splitlines()[-1].split()[-1] == points, output
