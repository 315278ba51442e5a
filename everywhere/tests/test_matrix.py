"""The matrix: a broken cell is shown as broken, a missing tool as skipped; and the cheap part
of it, clang and lld on this machine, for every lab."""

import json
import os
import re
import subprocess
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest

from everywhere import cells, facts, systems, table
from grading import emulators, lab
from grading.tests.one_line import TOOLS, assert_one_line, path_with

FIRST = lab.find("01")
ONE_EACH = [(each, emulators.can_run(each)[0]) for each in lab.all_labs()]


def matrix(*arguments, path=os.environ["PATH"]):
    return subprocess.run([lab.ROOT / "everywhere" / "matrix", *map(str, arguments)], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False,
                          env=os.environ | {"PATH": str(path)})


def a_cell(compiler="gcc 1.0", emulator="qemu 1.0", **changes):
    """A green one of lab 01."""
    return {"system": "here", "compiler": compiler, "emulator": emulator, "lab": FIRST.name,
            "status": "green", "reference": [100, 100, "PASS"], "starter": [0, 100, "TODO"],
            "facts": {"None": [["trap.ip", 6, [None] * 3]]}} | changes


@pytest.mark.parametrize(("each", "emulator"), ONE_EACH, ids=[each.name for each, _ in ONE_EACH])
def test_clang_and_lld_give_the_same_grades_and_facts(each, emulator, tmp_path):
    if missing := cells.missing_tools(cells.CLANG):
        pytest.skip(f"{' and '.join(missing)} not installed; ./setup.sh --full")
    module = emulators.get(emulator)
    rows = [{"system": "here", "compiler": name, "lab": each.name,
             **cells.cell(each, module, variables, tmp_path, name)}
            for name, variables in (("gcc", ()), ("clang", cells.CLANG))]
    table.judge(rows)
    assert [row["status"] for row in rows] == ["green"] * 2, [row.get("why") for row in rows]
    assert rows[0]["facts"] and all(rows[1]["facts"].values())
    stated = {name for told in rows[0]["facts"].values() for name, *_ in told}
    for known, (_, where, names, _) in zip(facts.KNOWN, DIFFERENCES):
        covered = {name for name in stated if re.fullmatch(known.lab, each.name)
                   and re.fullmatch(known.names, name)}
        assert covered == (names if each.name == where else set()), "a pattern has become wider"


def test_what_is_compared_with_nothing_is_not_the_same():
    rows = [a_cell(), a_cell("gcc 2.0")]
    table.judge(rows)
    assert [row["mark"] for row in rows] == ["first", "="]
    assert "100/0 first" in table.text(rows, [FIRST])


def test_if_nothing_is_green_it_has_failed(tmp_path):
    done = matrix("--here", "--lab", "01", "--make", "CC=nix", "--out", tmp_path)
    assert done.returncode == 1 and "0 green, 0 broken, 2 skipped" in done.stdout, done


def test_a_compiler_that_fails_is_a_broken_cell(tmp_path):
    done = matrix("--here", "--lab", "01", "--make", "CC=false", "--out", tmp_path)
    assert done.returncode == 1, done
    assert done.stdout.count("BROKEN: ") == 3 and "0 green, 2 broken" in done.stdout  # and the legend
    assert "false" in done.stdout and "clang" not in done.stdout
    written = json.loads((tmp_path / "matrix.json").read_text())
    assert [cell["status"] for cell in written] == ["broken", "broken", "skipped"]


def test_a_missing_tool_is_skipped_by_name(tmp_path):
    path = path_with(tmp_path / "bin", (*TOOLS, "cp", "qemu-system-x86_64"))
    done = matrix("--here", "--lab", "01", "--out", tmp_path / "out", path=path)
    assert done.returncode == 0, done
    for words in ("clang: clang and ld.lld not installed", "cross gcc: x86_64-linux-gnu-gcc and ",
                  "bochs is not installed", "KVM: "):
        assert words in done.stdout, done.stdout
    assert "1 green, 0 broken, 4 skipped" in done.stdout


def test_another_fact_breaks_a_cell():
    rows = [a_cell(), a_cell("clang 1.0"),
            a_cell("clang 2.0", facts={"None": [["trap.ip", 7, [None] * 3]]})]
    table.judge(rows)
    assert [row["status"] for row in rows] == ["green", "green", "broken"]
    assert "trap.ip is 0x7, was 0x6" in rows[2]["why"]
    assert "BROKEN" in table.text(rows, [FIRST])


@pytest.mark.parametrize("arguments", [["--lab", "99"], ["--system", "plan-9"],
                                       ["--root", "nowhere"], ["--make", "nix"],
                                       ["--make", "CC= "], ["--make", "=x"],
                                       ["--make", "a b=c"], ["--none", "--none"], ["--make", "CC="]])
def test_bad_input_is_one_line_before_anything_is_built(arguments, tmp_path):
    done = matrix(*arguments, "--out", tmp_path / "out")
    assert_one_line(done, arguments[1])
    assert not (tmp_path / "out").exists()


def test_where_nothing_can_be_written():
    assert_one_line(matrix("--here", "--lab", "01", "--out", "/dev/null/x"), "--out /dev/null/x")


# ---- Other systems. --------------------------------------------------------

def test_why_there_can_be_no_other_system(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "only root" in systems.why_not()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "debootstrap is not installed" in systems.why_not()


def test_a_system_that_cannot_be_made_says_why(tmp_path, monkeypatch):
    """As without a network; and the next run begins again."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "unshare").write_text("#!/bin/sh\necho 'E: Failed getting release file'\nexit 1\n")
    (tmp_path / "bin" / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    root = tmp_path / "systems" / "debian-13"
    with pytest.raises(systems.UsageError, match="debian-13.*Failed getting release file"):
        systems.make_root("debian-13", root)
    assert not (root / "ready").exists()


def test_a_root_s_name_tells_what_it_is_made_by(tmp_path, monkeypatch):
    here = systems.place("debian-13", tmp_path)
    assert here.parent == tmp_path / "systems" and here.name.startswith("debian-13-")
    assert here == systems.place("debian-13", tmp_path) != systems.place("debian-12", tmp_path)
    (tmp_path / "setup.sh").write_bytes((lab.ROOT / "setup.sh").read_bytes())
    monkeypatch.setattr(systems, "ROOT", tmp_path)
    assert systems.place("debian-13", tmp_path) == here
    (tmp_path / "setup.sh").write_text("more")
    assert systems.place("debian-13", tmp_path) != here


def test_that_root_is_the_one_that_is_made(tmp_path, monkeypatch, capsys):
    """`ready` in a root of another setup.sh does not count."""
    made = []
    program = SourceFileLoader("matrix_program", str(lab.ROOT / "everywhere" / "matrix"))
    module = module_from_spec(spec_from_loader("matrix_program", program))
    program.exec_module(module)
    monkeypatch.setattr(systems, "why_not", lambda: None)
    monkeypatch.setattr(systems, "make_root", lambda name, root: made.append(root))
    monkeypatch.setattr(module, "of_root", lambda *_: ["cells"])
    assert module.of_system("debian-13", tmp_path, []) == ["cells"]
    assert made == [systems.place("debian-13", tmp_path)]
    assert "making its root folder" in capsys.readouterr().err


# ---- Facts. ----------------------------------------------------------------

SYMBOLS = """\
00010000 T _start
00010100 t handler
00012000 A v86_base
00012000 T task
00030000 B bss_end
"""
MOVED = SYMBOLS.replace("00010100", "00010180").replace("00012000", "00013000")


def stated(name, value, symbols=SYMBOLS):
    return [[name, value, facts.Map(symbols).places(value)]]


@pytest.mark.parametrize(("name", "ours", "theirs", "addresses", "unknown"), [
    ("ip", 0x10104, 0x10184, 1, 0), ("ip", 0x10104, 0x10188, 0, 1),  # handler+4
    ("cs", 0x1200, 0x1300, 1, 0), ("cs", 0x1200, 0x1301, 0, 1),  # task, as a segment
    ("value", 5, 5, 0, 0), ("value", 0x40000, 0x40004, 0, 1),  # not in the program
])
def test_addresses_are_compared_by_what_lies_there(name, ours, theirs, addresses, unknown):
    found = facts.compare("02-lab", stated(name, ours), stated(name, theirs, MOVED), set())
    assert (found.addresses, len(found.unknown)) == (addresses, unknown), found


def test_facts_that_are_missing_or_in_another_order_differ():
    one, two = stated("a", 1), stated("b", 1)
    for ours, theirs in ((one, two), (one, one + two), (one + two, two + one)):
        assert facts.compare("02-lab", ours, theirs, set()).unknown


@pytest.mark.parametrize(("makers", "value", "known"), [
    ({"qemu"}, 0x30046, True), ({"bochs"}, 0x30046, False), ({"qemu"}, 0x30047, False),
    (set(), 0x30046, False),
])
def test_what_is_known_is_known_of_its_maker_and_its_bits_only(makers, value, known):
    found = facts.compare("01-vm86trap", [["trap.eflags", value, [None] * 3]],
                          [["trap.eflags", 0x20046, [None] * 3]], makers)
    assert (bool(found.known), bool(found.unknown)) == (known, not known)


LOW, HIGH = range(32), range(32, 64)
# Of each row of KNOWN: its maker, the lab, all of that lab's facts that it means, the bits.
DIFFERENCES = [
    ("compiler", "01-vm86trap", {f"trap.e{name}" for name in
                                 ("ax", "bx", "cx", "dx", "si", "di", "bp")}, set(LOW)),
    ("qemu", "01-vm86trap", {"trap.eflags"}, {16}),
    ("qemu", "05-cr3-exercise", {"dry.gp.eflags"}, {16}),
    ("bochs", "03-host-vmx", {f"control.capability.{number}" for number in range(5)}, set(HIGH)),
    ("bochs", "03-host-vmx", {"cr4.fixed1"}, {14}),
]


@pytest.mark.parametrize("number", range(max(len(facts.KNOWN), len(DIFFERENCES))))
def test_each_known_difference_is_of_its_lab_its_names_and_its_bits(number):
    maker, where, names, bits = DIFFERENCES[number]

    def is_known(name, bit, makers=frozenset({maker}), of=where):
        found = facts.compare(of, [[name, 5, [None] * 3]], [[name, 5 ^ 1 << bit, [None] * 3]],
                              makers)
        return [each.why for each in found.known] == [facts.KNOWN[number].why]
    for name in names:
        assert {bit for bit in range(64) if is_known(name, bit)} == bits
    one, bit = min(names), min(bits)
    others = {"compiler", "qemu", "bochs"} - {maker}
    assert not is_known(one, bit, makers=others)
    assert not any(is_known(one, bit, of=each.name) for each in lab.all_labs()
                   if each.name != where)


def test_every_system_has_a_mirror_of_debian():
    assert all("deb.debian.org" in mirror for _, mirror, _ in systems.SYSTEMS.values())
