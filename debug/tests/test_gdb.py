"""GDB on QEMU: a session from the loader into the guest and back; nothing left behind."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys

import pytest

from debug import cpu, tables
from grading import binutils, lab
from grading.tests import support
from grading.tests.one_line import assert_one_line
from grading.tests.processes import processes

DEBUG = [sys.executable, str(lab.ROOT / "debug" / "debug")]
PLACE = re.compile(r"^\[(.*), ring ([0-3])\] (?:\w+:)?\w+, linear 0x(\w+)\n=> \S+(?: <\S+>)?  "
                   r"((?:\w\w )+) *(.*)$", re.MULTILINE)

REAL = """\
EAX=0000aa55 EBX=00000000 ECX=00000000 EDX=00000080
ESI=00000000 EDI=00000000 EBP=00000000 ESP=00006f10
EIP=00007c00 EFL=00000202 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
ES =0000 00000000 0000ffff 00009300
CS =07c0 00007c00 0000ffff 00009b00
SS =0000 00000000 0000ffff 00009300
LDT=0000 00000000 0000ffff 00008200
TR =0000 00000000 0000ffff 00008b00
GDT=     00000000 00000000
IDT=     00000000 000003ff
CR0=00000010 CR2=00000000 CR3=00000000 CR4=00000000
EFER=0000000000000000
"""
PROTECTED = REAL.replace("CR0=00000010", "CR0=80000011").replace("0000ffff 00009b00",
                                                                 "ffffffff 00cf9a00")
LONG = PROTECTED.replace("EFER=0000000000000000", "EFER=0000000000000500")


@pytest.fixture(name="program", scope="module")
def fixture_program(tmp_path_factory):
    """The solution of lab 01, built; its .elf, and the loader's."""
    folder = tmp_path_factory.mktemp("debug")
    chosen = lab.find("01")
    sources = support.write_sources(chosen, folder / "sources")
    subprocess.run(["make", "-s", "-C", chosen.folder, "image", f"EDITDIR={sources}",
                    f"BUILD={folder}"], check=True)
    return folder / "01-vm86trap.elf", lab.ROOT / "build" / "common32" / "boot.bin.elf"


def session(program, tmp_path, *commands):
    """What GDB and its commands say."""
    (tmp_path / "commands").write_text("\n".join(commands) + "\n")
    elf, loader = program
    done = subprocess.run([*DEBUG, elf, "--loader", loader, "--commands", tmp_path / "commands"],
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, cwd=tmp_path)
    assert done.returncode == 0 and "warning:" not in done.stdout, done.stdout
    return done.stdout


@pytest.mark.parametrize(("text", "mode", "bits", "linear"), [
    (REAL, "real mode", 16, 0xF800), (PROTECTED, "32-bit protected mode", 32, 0xF800),
    (PROTECTED.replace("00cf9a00", "00009a00"), "16-bit protected mode", 16, 0xF800),
    (PROTECTED.replace("EFL=00000202", "EFL=00020202"), "virtual-8086 mode", 16, 0xF800),
    (LONG, "compatibility mode", 32, 0xF800),
    (LONG.replace("00cf9a00", "00af9a00"), "64-bit mode", 64, 0x7C00),
], ids=["real", "protected", "16-bit", "v86", "compatibility", "64-bit"])
def test_the_mode(text, mode, bits, linear):
    now = cpu.parse(text)
    assert (now.mode, now.bits, now.linear) == (mode, bits, linear)


def test_what_is_no_answer():
    with pytest.raises(ValueError):
        cpu.parse(REAL.replace("CR0=", "XX0="))


def test_the_same_bytes_in_three_modes():
    code = bytes.fromhex("48b80100000000000000")
    texts = [[text for _, _, text in binutils.instructions(code, 0x1000, bits)][0]
             for bits in (16, 32, 64)]
    assert texts[0] == "dec    %ax" and texts[1] == "dec    %eax"
    assert texts[2].startswith("movabs $0x1,%rax")


def test_ranges():
    assert tables.ranges([1, 2, 3, 7]) == "0x1-0x3, 0x7" and not tables.ranges([])


def test_from_the_loader_into_the_guest_and_back(program, tmp_path):
    said = session(
        program, tmp_path,
        "run-to start16", "run-to start32", "run-to 0x14006",  # the task's mov %cr0, %edx; the built-in challenge
        "stepi", "frame86", "cpu", "tss", "pagewalk 0x14006", "idt",
        "stepi", "stepi", "stepi", "frame86", "step86")
    places = PLACE.findall(said)
    expected = [
        ("real mode", "0", "7c00", "ljmp"),
        ("real mode", "0", None, ""), ("32-bit protected mode", "0", None, ""),
        ("virtual-8086 mode", "3", "14006", "mov    %cr0,%edx"),
        ("32-bit protected mode", "0", None, "btl    $0x11,0xc(%esp)"),
        ("32-bit protected mode", "0", None, "jae"), ("32-bit protected mode", "0", None, "pusha"),
        ("32-bit protected mode", "0", None, "mov    $0x10,%ax"),
        ("virtual-8086 mode", "3", "14009", "smsw"),
    ]
    seen = [each for each in places if "f000" not in each[2] and "fffffff0" not in each[2]]
    seen = [each for number, each in enumerate(seen) if not number or each != seen[number - 1]]
    assert len(seen) == len(expected), seen
    for (mode, ring, linear, raw, text), (mode_, ring_, linear_, text_) in zip(seen, expected):
        assert (mode, ring) == (mode_, ring_) and text.startswith(text_), (mode, text, text_)
        assert linear_ in (None, linear) and raw
    # QEMU up to 8.2 leaves RF clear in what a fault pushes.
    assert re.search(r"000[23]0046  EFLAGS  (RF )?VM (RF )?ZF PF", said), said
    for line in ("  error code   <- ESP", "00001400  CS",
                 "CR0    80000031  PG NE ET PE", "linear 0x14006 is physical 0x14006",
                 "0x0d  interrupt gate, 0x08:", "<isrGPF>", "EAX", "  | Hello from"):
        assert line in said, (line, said)
    assert not processes(tmp_path)


def test_until_trap_names_the_vector(program, tmp_path):
    said = session(program, tmp_path, "python", "try: gdb.execute('until-trap')",
                   "except gdb.error as error: print(error)", "end", "run-to 0x14000", "until-trap", "gdt", "code 3")
    assert "in real mode there is no IDT yet" in said
    assert "vector 0xd (13)" in said and "TSS, busy" in said and "<- TR" in said


def test_gdb_that_is_killed_takes_qemu_along(program, tmp_path):
    (tmp_path / "commands").write_text("shell echo ready\npython import time; time.sleep(1000)\n")
    elf, loader = program
    child = subprocess.Popen([*DEBUG, elf, "--loader", loader, "--commands",
                              tmp_path / "commands"], text=True, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, env=os.environ | {"TMPDIR": str(tmp_path)})
    while "ready" not in child.stdout.readline():
        pass
    machines = [pid for pid, line in processes(tmp_path) if "qemu" in line]
    debuggers = [pid for pid, line in processes(tmp_path) if line.startswith("gdb ")]
    assert machines and debuggers
    handles = [os.pidfd_open(pid) for pid in machines]
    os.kill(debuggers[0], signal.SIGKILL)
    for handle in [os.pidfd_open(child.pid), *handles]:
        assert select.select([handle], [], [], 20)[0], "QEMU lives on"
        os.close(handle)
    child.wait()
    assert not list(tmp_path.glob("debug-*"))


def test_two_terminals(program, tmp_path):
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    elf, loader = program
    (tmp_path / "commands").write_text("cpu\nkill\n")
    attach = [*DEBUG, elf, "--loader", loader, "--attach", "--commands", tmp_path / "commands"]
    alone = subprocess.run(attach, env=environment, text=True, stdin=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, check=False)
    assert alone.returncode == 2 and "make qemu-gdb" in alone.stderr
    with subprocess.Popen([*DEBUG, elf, "--serve"], env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as machine:
        assert "waits for GDB" in machine.stderr.readline()
        while not list(tmp_path.glob("ring-minus-1-*/gdb")):
            assert machine.poll() is None
        second = subprocess.run([*DEBUG, elf, "--serve"], env=environment, text=True,
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        assert second.returncode == 2 and "is running" in second.stderr
        done = subprocess.run(attach, env=environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert "real mode, ring 0" in done.stdout
        machine.wait()
    assert not list(tmp_path.glob("ring-minus-1-*"))


@pytest.mark.parametrize(("arguments", "words"), [
    (["none.elf"], "none.elf is not built yet"),
    ([None, "--loader", "nix"], "nix is not built yet"),
])
def test_what_is_not_there(program, tmp_path, arguments, words):
    assert_one_line(subprocess.run([*DEBUG, *(each or program[0] for each in arguments)],
                                   text=True, check=False, capture_output=True, cwd=tmp_path,
                                   stdin=subprocess.DEVNULL), words)


def test_one_of_two_terminals_at_a_time(program, tmp_path):
    done = subprocess.run([*DEBUG, program[0], "--serve", "--attach"], text=True, check=False,
                          timeout=20, stdin=subprocess.DEVNULL, capture_output=True,
                          env=os.environ | {"TMPDIR": str(tmp_path)})
    assert_one_line(done, "not allowed with argument --serve")


@pytest.mark.parametrize("name", ["it's", 'a "b"', "a b", "a\\b"])
def test_a_folder_may_have_any_name(program, tmp_path, name):
    """The program, the loader, and, as if the tree was there too, GDB's commands."""
    folder = tmp_path / name
    folder.mkdir()
    moved = [folder / "a.elf", folder / "boot.elf"]
    for path, place in zip(program, moved):
        shutil.copy(path, place)
    shutil.copy(program[0].with_suffix(".img"), folder / "a.img")
    for part in ("debug", "grading"):
        shutil.copytree(lab.ROOT / part, folder / part)
    (folder / "commands").write_text("run-to start16\n")
    done = subprocess.run([sys.executable, folder / "debug" / "debug", moved[0], "--loader",
                           moved[1], "--commands", folder / "commands"], text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=os.environ | {"TMPDIR": str(folder)})
    assert done.returncode == 0 and "<start16>" in done.stdout, done.stdout


def test_a_folder_with_a_line_s_end_in_its_name_is_refused(program, tmp_path):
    folder = tmp_path / "a\nb"
    folder.mkdir()
    for suffix in (".elf", ".img"):
        shutil.copy(program[0].with_suffix(suffix), folder / f"a{suffix}")
    done = subprocess.run([*DEBUG, folder / "a.elf"], text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True)
    assert_one_line(done, "GDB cannot take such a path; move the tree")
