"""Bad input, from the command line: one line that says what to do, exit code 2."""

import os
import re
import subprocess

import pytest

from grading import lab
from grading.tests import support
from grading.tests.one_line import TOOLS, assert_one_line, path_with

FIRST = lab.find("01")
EMULATORS = ("qemu-system-x86_64", "bochs")


@pytest.fixture
def sources(tmp_path):
    return support.write_sources(FIRST, tmp_path / "sources", solved=0)


def call(program, *arguments, path=os.environ["PATH"]):
    return subprocess.run([lab.ROOT / "grading" / program, *map(str, arguments)], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False,
                          timeout=20, env=os.environ | {"PATH": str(path)})


@pytest.mark.parametrize(("option", "value"), [
    ("lab", "99"), ("lab", ""), ("lab", "../01-vm86trap"), ("emu", "vmware"), ("emu", "../qemu"),
    ("seed", "abc"), ("seed", "-1"), ("seed", "1.5"), ("seed", "99999999999999999999"),
])
def test_grade_refuses_a_value(sources, tmp_path, option, value):
    options = {"lab": "01", "out": tmp_path / "out"} | {option: value}
    done = call("grade", sources, *(f"--{name}={text}" for name, text in options.items()))
    assert_one_line(done, f"{option.upper()}={value}")


@pytest.mark.parametrize("value", ["foo", "clean", "CC=", "CC= ", "-n", ""])
def test_grade_wants_variables_for_make(sources, tmp_path, value):
    done = call("grade", sources, "--lab", "01", "--out", tmp_path / "out", f"--make={value}")
    assert_one_line(done, f"--make {value}", "NAME=VALUE is wanted")


@pytest.mark.parametrize("value", ["", "nowhere"])
def test_grade_wants_the_hidden_checks_that_are_named(sources, tmp_path, value):
    done = call("grade", sources, "--lab", "01", "--out", tmp_path / "out", f"--hidden={value}")
    assert_one_line(done, f"--hidden '{value}': there is no such folder")


@pytest.mark.parametrize("letter", " ,#():;%$&'\"\\`|<>")
def test_grade_wants_places_that_make_can_name(sources, tmp_path, letter):
    done = call("grade", sources, "--lab", "01", "--out", support.OUT,
                "--work", tmp_path / f"a{letter}b")
    assert_one_line(done, f"a{letter}b", "make cannot work")


@pytest.mark.parametrize(("folder", "name"), [
    *((".", name) for name in ("LAB", "EMU", "SEED", "BASE", "SAVE")),
    *((f"labs/{FIRST.name}", name) for name in ("EMU", "SEED", "BASE", "CPU")),
])
def test_make_takes_no_value_with_a_quote(tmp_path, folder, name):
    done = subprocess.run(["make", "-s", "-C", lab.ROOT / folder, "grade", "LAB=01",
                           f"OUT={tmp_path}", f"{name}=it's"], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False)
    assert_one_line(done, f"{name}=it's: no value has a quote in it")


def test_all_values_in_quotes_are_looked_at():
    """Places have a list of their own, and NO_VMX is a text of ours."""
    makefiles = [lab.ROOT / "Makefile", *(lab.ROOT / "common").glob("*.mk")]
    text = "".join(path.read_text() for path in makefiles)
    quoted = set(re.findall(r"'\$\((\w+)\)'|\$\((\w+):%=--\w+ '%'\)", text))
    looked_at = re.search("^QUOTED := (.*)$", text, re.MULTILINE)[1].split()
    assert {"".join(each) for each in quoted} - {"OUT", "BUILD", "NO_VMX"} \
        == set(looked_at)


def test_a_lab_counts_once(sources, tmp_path):
    done = call("grade", sources, "--lab", "01", "--lab", "01-vm86trap", "--out", support.OUT,
                "--work", tmp_path / "work")
    assert done.stdout.count("01-vm86trap: 0/100") == 1 and "all:" not in done.stdout, done


def test_boot_does_not_read_for_ever():
    assert_one_line(call("boot", "/dev/zero"), "IMAGE=/dev/zero: more than")


def test_a_full_disk_is_said_in_a_line():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([lab.ROOT / "grading" / "grade", "--help"], stdout=full, text=True,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    assert (done.returncode, done.stderr) == (2, "stopped: No space left on device\n")


def test_it_does_without_an_output():
    done = subprocess.run(["/bin/sh", "-c", 'exec "$0" --help >&-', lab.ROOT / "grading" / "grade"],
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_grade_wants_a_folder(tmp_path):
    done = call("grade", tmp_path / "nowhere", "--lab", "01", "--out", tmp_path / "out")
    assert_one_line(done, "nowhere", "make handin")


def test_grade_does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = call("grade", tmp_path / "pipe", "--lab", "01", "--out", tmp_path / "out")
    assert_one_line(done, "no tarball")


@pytest.mark.parametrize("name", FIRST.edit)
def test_grade_wants_every_file(sources, tmp_path, name):
    (sources / name).unlink()
    done = call("grade", sources, "--lab", "01", "--out", tmp_path / "out")
    assert_one_line(done, name, "is missing")


@pytest.mark.parametrize("out", ["file", "file/deeper"])
def test_grade_wants_to_write(sources, tmp_path, out):
    (tmp_path / "file").write_text("")
    done = call("grade", sources, "--lab", "01", "--out", tmp_path / out)
    assert_one_line(done, "cannot be written")


def test_grade_wants_to_write_its_result(sources, tmp_path):
    done = call("grade", sources, "--lab", "01", "--out", support.OUT,
                "-o", tmp_path / "nowhere" / "result.json")
    assert_one_line(done, "nowhere/result.json", "cannot be written")


@pytest.mark.parametrize("content", [None, b"", b"#!/bin/sh\n", bytes(1024), "folder"],
                         ids=["missing", "empty", "text", "zeros", "folder"])
def test_boot_wants_an_image(tmp_path, content):
    path = tmp_path / "it.img"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    assert_one_line(call("boot", path), ".b or .img")


def test_boot_wants_an_emulator_it_knows(tmp_path):
    (tmp_path / "x").write_bytes(b"")
    assert_one_line(call("boot", tmp_path / "x", "--emu", "vmware"), "vmware")


@pytest.mark.parametrize("emulator", [None, *FIRST.emulators])
def test_grade_without_an_emulator(sources, tmp_path, emulator):
    chosen = ["--emu", emulator] if emulator else []
    done = call("grade", sources, "--lab", "01", "--out", tmp_path / "out", *chosen,
                path=path_with(tmp_path / "bin", TOOLS))
    assert_one_line(done, "is not installed", "setup.sh")


@pytest.mark.parametrize("emulator", FIRST.emulators)
def test_boot_without_an_emulator(tmp_path, emulator):
    done = call("boot", tmp_path / "x.img", "--emu", emulator,
                path=path_with(tmp_path / "bin", TOOLS))
    assert_one_line(done, "is not installed", "setup.sh")


@pytest.mark.parametrize("tool", ["make", "gcc"])
def test_grade_without_a_tool_blames_nobody(sources, tmp_path, tool):
    """The student's files are not to blame for a compiler that is missing."""
    there = [name for name in (*TOOLS, *EMULATORS) if name != tool]
    done = call("grade", sources, "--lab", "01", "--out", tmp_path / "out", "--no-sandbox",
                path=path_with(tmp_path / "bin", there))
    assert_one_line(done, tool, "is not installed", "setup.sh")
