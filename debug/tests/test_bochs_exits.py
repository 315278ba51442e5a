"""Bochs' debugger from exit to exit: sessions for labs 03 to 05; what they show of the VMCS."""

import re
import shutil
import subprocess
import sys

import pytest

from debug.tests.sessions import EMULATORS, LONGEST, answers, planted, session
from grading import lab
from grading.emulators import bochs_vmcs

FIELD = re.compile(r"^(\S.*\S) +(0x[0-9a-f]{4})  0x([0-9a-f]+)( .*)?$", re.MULTILINE)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_from_exit_to_exit(built, tmp_path, emulator):
    typed = ["where", "exits", "exits", "entry", "exits", "", "where", "s 2", "xyz", "info break",
             "c"]
    said = session(built("04"), tmp_path, *typed, emulator=emulator)
    told = answers(said)
    assert "  | [04-vmlaunch] begin 0x00000000\n" in said and "  | [04-vmlaunch] end\n" in said
    assert [command for command, _ in told] == typed
    texts = [text for _, text in told]
    assert "[real mode, ring 0] 1000:0002, linear 0x10002 <_start+0x2>\n=> eb 0c" in texts[0]
    assert "common/start.S:" in texts[0]
    assert "exit 1: CPUID (10), qualification 0x0\nguest [virtual-8086 mode, ring 3]" in texts[1]
    assert re.search(r"<turns>\n +=> 0f a2 +cpuid\n", texts[1])
    assert re.search(r"the host goes on at 0x\w+ <host_entry>\n   \S+/launch.S:\d+  pushq",
                     texts[1])
    assert "changed RIP 400 -> 402\nexit 2: CPUID" in texts[2]
    assert "EAX 00000001*" in texts[2] and texts[2].count("*") == 2
    assert "VMRESUME comes next, at 0x" in texts[3] and "=> 66 87 de" in texts[3]
    assert "xchg   %ebx,%esi" in texts[3] and "since exit 2 the monitor changed RIP" in texts[3]
    assert "exit 3: CPUID" in texts[4] and "the monitor changed" not in texts[4]
    assert "EBX 66666666*" in texts[4] and "ESI 33333333*" in texts[4]
    assert "exit 4: CPUID" in texts[5], "an empty line is the last one again"
    assert "in the host: VMX root operation\n[64-bit mode, ring 0] 0x" in texts[6]
    assert "<host_entry>" in texts[6] and "=> 57 " in texts[6]
    assert texts[7].startswith("Next at t=") and "syntax error at 'xyz'" in texts[8]
    assert re.fullmatch(r"Num Type +Disp Enb Address *\n", texts[9]), "a breakpoint of ours stays"
    assert texts[-1].endswith("the program has powered the machine off.\n")


@pytest.mark.parametrize("emulator", EMULATORS)
def test_every_field_of_the_vmcs_is_where_it_is_looked_for(built, tmp_path, emulator):
    said = dict(answers(session(built("04"), tmp_path, "vmcs", "entry", "vmcs guest ES", "vmcs",
                                "vmcs nowhere", "q", emulator=emulator)))
    rows = FIELD.findall(said["vmcs"])
    # Before the first entry the CPU has changed none: each is what its variable has.
    assert len(rows) == 51 + 20 + 18 and {more.strip() for *_, more in rows} == {"", "+"}
    assert [name for name, *_, more in rows if more] == ["host RSP"]
    values = {int(number, 16): int(value, 16) for _, number, value, _ in rows}
    assert len(set(values.values())) > 30, "too many alike: a wrong layout could go unseen"
    assert values[bochs_vmcs.number("GUEST_TR_ACCESS_RIGHTS")] == 0x8B
    assert values[bochs_vmcs.number("GUEST_CS_SELECTOR")] * 16 == values[bochs_vmcs.number("GUEST_CS_BASE")]
    assert values[bochs_vmcs.number("LINK_POINTER")] == (1 << 64) - 1
    assert [name for name, *_ in FIELD.findall(said["vmcs guest ES"])] == [
        "guest ES selector", "guest ES limit", "guest ES access rights", "guest ES base"]
    assert said["vmcs nowhere"] == "vmcs nowhere: no field's name has that in it\n"


def test_no_field_is_shown_if_bochs_says_otherwise(built, tmp_path):
    """Bochs 2.7 read as if it was a later one, by a bochs_vmcs.py that has only that layout."""
    tree = tmp_path / "tree"
    for folder in ("debug", "grading", "timeline", "common"):
        shutil.copytree(lab.ROOT / folder, tree / folder)
    path = tree / "grading" / "emulators" / "bochs_vmcs.py"
    text = path.read_text()
    assert text.count("(32, 32, 32, 32), 3: (16, 40, 24, 24)") == 1
    path.write_text(text.replace("(32, 32, 32, 32), 3: (16, 40, 24, 24)",
                                 "(16, 40, 24, 24), 3: (32, 32, 32, 32)"))
    done = subprocess.run([sys.executable, tree / "debug" / "bochs-debug", built("04")], text=True,
                          input="exits\nvmcs\nq\n", stdout=subprocess.PIPE, check=True,
                          timeout=LONGEST)
    said = dict(answers(done.stdout))
    assert "exit 1: CPUID (10)" in said["exits"] and "guest [" not in said["exits"]
    assert "no field can be shown" in said["exits"] and "no field can be shown" in said["vmcs"]


@pytest.mark.parametrize("emulator", EMULATORS)
def test_lab_03_has_a_vmcs_and_no_exit(built, tmp_path, emulator):
    told = answers(session(built("03"), tmp_path, "exits", "entry", "vmcs", "until write_machin",
                           "until write_machine", "until", "until read_results", "vmcs", "q",
                           emulator=emulator))
    texts = [text for _, text in told]
    assert texts[0] == texts[1] == "this program has no VMLAUNCH and no VMRESUME\n"
    assert texts[2] == "no VMCS is current: that takes VMXON, VMCLEAR and VMPTRLD\n"
    assert texts[3].startswith("until write_machin: no such name in the program; there is write_m")
    assert "<write_machine>\n" in texts[4] and "/machine.c:" in texts[4]
    assert texts[5] == "until : no such name in the program; a name or an address is wanted\n"
    assert "<read_results>\n" in texts[6]
    fields = {name: int(value, 16) for name, _, value, _ in FIELD.findall(texts[7])}
    assert fields["VM-instruction error"] == 12 and fields["guest TR selector"], fields


def test_a_task_that_is_mapped_elsewhere_is_found(built, tmp_path):
    told = dict(answers(session(built("05-cr3-vmx"), tmp_path, "exits", "q")))
    where, = re.findall(r"linear (0x\w+) <put_byte\+0x\w>", told["exits"])
    assert int(where, 0) < 0x10000 and "in     (%dx),%al" in told["exits"]
    assert "   labs/04-vmlaunch/" in told["exits"] or "/sources/launch.S:" in told["exits"]


def test_a_refused_entry_is_no_exit(built, tmp_path):
    said = session(planted(built, "rpl-3"), tmp_path, "exits", "q")
    assert "refused: VMFAIL: " in said and "stopped before an exit:\n" in said


@pytest.mark.parametrize("emulator", EMULATORS)
def test_a_guest_that_is_refused_makes_no_exit(built, tmp_path, emulator):
    """It arrives where an exit does, and the CPU has written none of an exit's fields."""
    elf = planted(built, "cs-is-a-code-segment")
    told = answers(session(elf, tmp_path, "exits", "vmcs CS acc", "exits", "entry", "q",
                           emulator=emulator))
    texts = [text for _, text in told]
    assert re.fullmatch(r"refused: VMENTER FAIL: .*CS\.AR.*\n"
                        r"no exit: VM entry failed: invalid guest state \(33 and bit 31\), "
                        r"qualification 0x0\nthe host goes on at 0x\w+ <host_entry>\n.*\n",
                        texts[0])
    (name, _, value, _), = FIELD.findall(texts[1])
    assert name == "guest CS access rights" and int(value, 16) == 0xFA
    assert "refused: VMFAIL: VMRESUME with non-launched VMCS!\nstopped before an exit:" in texts[2]
    assert "VMLAUNCH comes next" in texts[3] and "unseen" not in texts[3], "it was counted"


def test_what_happened_since_an_exit_that_was_not_seen_is_not_known(built, tmp_path):
    told = answers(session(built("04"), tmp_path, "entry", "until emulate_exception", "entry",
                           "exits", "entry", "q"))
    texts = [text for _, text in told]
    words = "(exit 7 went by unseen: what the monitor changed since is not known"
    assert words in texts[2] and all("unseen" not in texts[each] for each in (0, 3, 4))
    assert "since exit 8 the monitor changed" in texts[4]


@pytest.mark.parametrize("address", ["-5", "0x10000000000000000", "0xffffffffffffffffffff"])
def test_an_address_that_there_is_not_leaves_nothing(built, tmp_path, address):
    told = dict(answers(session(built("04"), tmp_path, f"until {address}", "info break", "q")))
    assert told[f"until {address}"] == f"until {address}: an address has 64 bits\n"
    assert "lbreakpoint" not in told["info break"]


def test_without_a_breakpoint_left_yours_stay_and_none_is_added(built, tmp_path):
    """Bochs has 16; `exits` wants three (this program's VMLAUNCH and its VMRESUMEs)."""
    yours = ["lb 0x10c00", *(f"lb {0x90000 + each:#x}" for each in range(14))]
    said = answers(session(built("04"), tmp_path, *yours, "info break", "exits", "info break",
                           "lb 0x90100", "info break", "until 0x10c00", "info break", "q"))
    told = [text for command, text in said if not command.startswith("lb ")]
    words = "there is no breakpoint left: `info break` lists yours, `delete N` gives one back\n"
    assert told[0].count("lbreakpoint") == 15 and told[3].count("lbreakpoint") == 16
    assert told[1] == words and told[2] == told[0]
    assert told[4] == words and told[5] == told[3]


LOOKS = ["where", "r", "creg", "vmcs CR3", "xp /4bx 0x10000", "where"]
RUNS = ["c", "s 2", "n", "exits", "entry", "until theVMM"]


@pytest.mark.parametrize("last", ["exits", "entry", "c", "s", "until theVMM"])
def test_a_cpu_that_gave_up_can_be_looked_at_and_runs_no_more(built, tmp_path, last):
    """Its tables are the guest's, which lead out of memory: asked for that, Bochs would crash."""
    told = answers(session(planted(built, "cr3-of-the-guest"), tmp_path, "exits", "where", last,
                           *LOOKS, *RUNS, *LOOKS[:2]))
    texts = [text for _, text in told]
    where = re.compile(r"in the host: .*\n\[64-bit mode, ring 0\] .* <host_entry>\n"
                       r"=> the page tables at CR3 (0x\w+) do not lead there\n   .*pushq.*\n")
    assert where.fullmatch(texts[1])
    assert re.search(r"^the CPU gave up: >>PANIC<< exception\(\): 3rd \(14\) exception with no "
                     r"resolution\nhere it stands, and runs no more; look ", texts[2], re.MULTILINE)
    assert not re.search("alwayscont|====|Choose|stopped before|Bochs", texts[2])
    found = where.fullmatch(texts[3])
    assert found and texts[8] == texts[3] and texts[4].startswith("CPU0:\nrax: ")
    fields = {name: int(value, 16) for name, _, value, _ in FIELD.findall(texts[6])}
    assert fields["host CR3"] == fields["guest CR3"] == int(found[1], 0)
    assert "0xeb" in texts[7]
    for command, text in told[9:9 + len(RUNS)]:
        assert text.startswith("the CPU has given up, and runs no more; look "), command
        assert text.count("\n") == 1
    *_, here, registers, end = texts  # which is Ctrl-D
    assert here == texts[3] and registers == texts[4] and end == ""


def test_offsets_of_the_two_layouts():
    every = bochs_vmcs.encodings()
    for major in (2, 3):
        places = [place for each in every if (place := bochs_vmcs.offset(each, major)) is not None]
        assert len(set(places)) == len(places) and max(places) < bochs_vmcs.REGION
        assert len(places) > 170
    assert bochs_vmcs.offset(0x6C16, 2) == 0xF68 and bochs_vmcs.offset(0x6C16, 3) == 0xCA8
