"""Bochs' debugger on a program: sessions for labs 03 and 04; Ctrl-C; nothing left behind.

BOCHS in the environment names one more Bochs on which the same is tried.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from debug.bochs_session import CARD, Session
from debug.bochs_source import Source
from grading import lab
from grading.emulators import bochs_vmcs
from grading.tests import support
from grading.tests.one_line import assert_one_line
from grading.tests.processes import processes
from grading.tests.docs.pages import BLOCK, as_shown

DEBUG = [sys.executable, str(lab.ROOT / "debug" / "bochs-debug")]
GDB = [sys.executable, str(lab.ROOT / "debug" / "debug")]
PAGE = lab.ROOT / "docs" / "bochs-debugger.md"
OTHER = os.environ.get("BOCHS")
EMULATORS = ["bochs", *([OTHER] if OTHER else [])]
MUTANTS = {each.name: each for each in support.mutants(lab.find("04"))}
LONGEST = 60  # seconds by the clock for a session, which takes one: longer is a hang
FIELD = re.compile(r"^(\S.*\S) +(0x[0-9a-f]{4})  0x([0-9a-f]+)( .*)?$", re.MULTILINE)
# What another compiler may place elsewhere.
ELSEWHERE = re.compile(r"\b0x[0-9a-f]{5}\b|(?<=\+)0x[0-9a-f]+|(?<=\.[cS]:)\d+|\bCR3 \w+|"
                       r"\b[0-9a-f]{4}:[0-9a-f]{4}\b|(?<=RIP )\w+ -> \w+")


@pytest.fixture(name="built", scope="module")
def fixture_built(tmp_path_factory):
    """Builds the solution of a lab, with changes to its files, once each; its .elf."""
    known = {}

    def build(number, file="", old="", new=""):
        if (number, file, new) not in known:
            of, folder = lab.find(number), tmp_path_factory.mktemp("debug")
            sources = support.write_sources(of, folder / "sources")
            if file:
                text = (sources / file).read_text()
                assert text.count(old) == 1
                (sources / file).write_text(text.replace(old, new))
            subprocess.run(["make", "-s", "-C", of.folder, "image", f"EDITDIR={sources}",
                            f"BUILD={folder}"], check=True)
            known[number, file, new] = folder / f"{of.name}.elf"
        return known[number, file, new]

    return build


@contextmanager
def start(elf, place, emulator="bochs", before=()):
    """A session whose input is a pipe; what it leaves in the file system would be in `place`.

    `before`: a command that it is an argument of.
    """
    with subprocess.Popen([*before, *DEBUG, elf], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=place,
                          env=os.environ | {"TMPDIR": str(place), "BOCHS": emulator}) as child:
        try:
            yield child
        except BaseException:
            child.kill()  # it may be waiting for what the test would have said
            raise


def session(elf, place, *commands, emulator="bochs"):
    """All that a session says; and that nothing is left of it."""
    with start(elf, place, emulator) as child:
        said, _ = child.communicate("\n".join(commands) + "\n", timeout=LONGEST)
    assert child.returncode == 0, said
    assert not processes(place) and not list(place.glob("bochs-debug-*")), said
    assert not list(elf.parent.glob("*.lock"))
    return said


def answers(said):
    """(command, what was said to it) of a session, without the serial line."""
    parts = [part.partition("\n") for part in said.split("bochs> ")[1:]]
    return [(command, "".join(line for line in text.splitlines(True)
                              if not line.startswith("  | ")))
            for command, _, text in parts]


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
    assert "changed RIP 220 -> 222\nexit 2: CPUID" in texts[2]
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


def planted(built, name):
    """The solution of lab 04 with one of the lab's mistakes."""
    mutant = MUTANTS[name]
    return built("04", mutant.file, mutant.replace, mutant.substitute)


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


SECRET = "root:secret\033[31m:"


def line_shown(built, where):
    """What is shown of a program that says of itself that it is made of this file."""
    elf = built("04", "launch.S", "host_entry:\n", f'host_entry:\n#line 1 "{where}"\n')
    source = Source(elf)
    return source.line(source.address("host_entry"))


def test_only_files_of_ours_are_shown(built, tmp_path):
    """#line lets a program say anything of where its lines stand."""
    secret = tmp_path / "shadow"
    secret.write_text(SECRET * 3)
    link = tmp_path / "link"
    link.symlink_to(secret)
    for place in (secret, link, lab.ROOT / os.path.relpath(secret, lab.ROOT)):
        shown = line_shown(built, place)
        assert "secret" not in shown and shown.endswith(":1"), shown
    assert line_shown(built, lab.ROOT / "README.md") == "README.md:1  # Ring \u22121"
    assert "\\x1b[31m" in line_shown(built, "/a\\033[31mb")


def test_a_file_in_the_tree_is_shown_as_text(built, tmp_path):
    place = lab.ROOT / "build" / f"shown-{tmp_path.name}-{os.getpid()}"
    place.mkdir(parents=True)
    try:
        (place / "text").write_text("a\033[2Jb\n")
        assert line_shown(built, place / "text").endswith("text:1  a\\x1b[2Jb")
        (place / "link").symlink_to("/etc/passwd")
        os.mkfifo(place / "pipe")
        for name in ("link", "pipe"):
            assert line_shown(built, place / name).endswith(f"{name}:1")
    finally:
        shutil.rmtree(place)


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


def until(child, words):
    """Reads on until the session says that."""
    said = ""
    while words not in said:
        letter = child.stdout.read(1)
        assert letter, said
        said += letter
    return said


@contextmanager
def endless(place, before=()):
    """A session whose CPU runs, and would for ever; and the number of its Bochs."""
    image = support.build_program(place / "program", {
        "main.c": '#include "serial.h"\nvoid main(void)\n{\n\tserial_init();\n\tfor (;;)\n'
                  "\t\t;\n}\n"})
    with start(image.with_suffix(".elf"), place, before=before) as child:
        until(child, "bochs> ")
        settle(child)
        child.send_signal(signal.SIGINT)  # at the prompt: a new prompt
        until(child, "bochs> ")
        child.stdin.write("until main\nc\n")
        child.stdin.flush()
        assert "<main>" in until(child, "bochs> c\n")
        machine, = [pid for pid, line in processes(place) if line.endswith("/bochsrc ")]
        spend(machine)
        yield child, machine


def test_ctrl_c_stops_the_cpu_and_only_that(tmp_path):
    with endless(tmp_path) as (child, _):
        child.send_signal(signal.SIGINT)
        assert "Next at t=" in until(child, "bochs> ")
        child.stdin.write("where\n")
        child.stdin.flush()
        assert "<main+" in until(child, "bochs> ")
        child.stdin.close()  # as Ctrl-D
        child.wait(LONGEST)
    assert child.returncode == 0 and not processes(tmp_path)
    assert not list(tmp_path.glob("bochs-debug-*"))


def settle(child):
    """Waits until it waits: a signal in the moment before that would wake nobody."""
    state = ""
    while state != "S":
        with open(f"/proc/{child.pid}/stat", encoding="ascii") as file:
            state = file.read().rpartition(")")[2].split()[0]


def spend(pid):
    """Waits until a process has used some more CPU time: it runs."""
    def used():
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
    before = used()
    while used() < before + 5:
        os.sched_yield()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_one_that_is_killed_takes_bochs_along(tmp_path, number):
    with endless(tmp_path) as (child, machine):
        handle = os.pidfd_open(machine)
        child.send_signal(number)
        assert select.select([handle], [], [], 20)[0], "Bochs lives on"
        os.close(handle)
    assert number == signal.SIGKILL or not list(tmp_path.glob("bochs-debug-*"))


def test_one_behind_nohup_survives_its_terminal(tmp_path):
    with endless(tmp_path, ["nohup"]) as (child, machine):
        child.send_signal(signal.SIGHUP)
        spend(machine)
        child.send_signal(signal.SIGTERM)
        assert child.wait(LONGEST) == 128 + signal.SIGTERM


@pytest.mark.parametrize(("arguments", "environment", "words"), [
    (["none.elf"], {}, "none.elf is not built yet; make builds it"),
    ([None, "--cpu", "z80"], {}, "CPU=z80: bochs has no such model; bochs --help cpu lists"),
    ([None], {"BOCHS": "no-such-bochs"}, "no-such-bochs is not installed; ./setup.sh"),
    ([None], {"BOCHS": "true"}, "Bochs has ended with code 0"),
    ([None], {"TOOLPREFIX": "zz-"}, "zz-nm is not installed; ./setup.sh"),
])
def test_what_cannot_be_done_is_said_in_one_line(built, tmp_path, arguments, environment, words):
    done = subprocess.run([*DEBUG, *[each or built("04") for each in arguments]], text=True,
                          env=os.environ | environment | {"TMPDIR": str(tmp_path)}, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 2 and words in done.stderr and not done.stdout
    assert len(done.stderr.splitlines()) == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"\x7fELF", bytes(range(256)) * 9, b"\x7fELF" * 99],
                         ids=["empty", "short", "something else", "garbage"])
def test_what_is_no_program_is_said_in_one_line(tmp_path, content):
    (tmp_path / "a.elf").write_bytes(content)
    (tmp_path / "a.img").write_bytes(b"")
    for command in (DEBUG, GDB):
        done = subprocess.run([*command, tmp_path / "a.elf"], text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
        assert_one_line(done, "a.elf is no program with names in it")


def test_without_an_image_it_is_said_in_one_line(built, tmp_path):
    shutil.copy(built("04"), tmp_path / "a.elf")
    for command in (DEBUG, GDB):
        done = subprocess.run([*command, tmp_path / "a.elf"], text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
        assert_one_line(done, "a.img is not built yet; make builds it")


def test_the_names_are_those_of_nm_without_its_file(built, tmp_path):
    shutil.copy(built("04"), tmp_path / "a.elf")
    shutil.copy(built("04").with_suffix(".img"), tmp_path / "a.img")
    (tmp_path / "a.sym").write_bytes(bytes(range(256)))
    told = dict(answers(session(tmp_path / "a.elf", tmp_path, "until host_entry", "u /1", "q")))
    assert "<host_entry>" in told["until host_entry"] and "host_entry" in told["u /1"]


def plain(text):
    """A session without what another build may have elsewhere; of RF the page speaks."""
    return ELSEWHERE.sub("#", text.replace("flags VM RF", "flags VM"))


def test_the_page_s_session_looks_like_that(tmp_path):
    body = "".join(text for language, where, text in BLOCK.findall(PAGE.read_text())
                   if language == "session" and where == "04")
    command, _, shown = body.partition("\n")
    typed = re.findall(r"^bochs> (.*)$", shown, re.MULTILINE)
    assert command == "$ make bochs-debug LAB=04" and len(typed) > 7
    done = subprocess.run(["make", "-s", "bochs-debug", "LAB=04", f"BUILD={tmp_path}"],
                          cwd=lab.ROOT, text=True, input="\n".join(typed) + "\n", check=True,
                          stdout=subprocess.PIPE, timeout=LONGEST)
    assert as_shown(plain(shown).splitlines(), plain(done.stdout)), done.stdout


def test_the_page_has_the_card_and_every_command():
    text = PAGE.read_text()
    assert "".join(f"  {line}\n" for line in CARD.splitlines()) in text
    for name in dir(Session):
        if name.startswith("do_") and name != "do_help":
            assert re.search(rf"^  +(\S.*  )?{name[3:]}\b", CARD, re.MULTILINE), name


def test_help(built, tmp_path):
    said = dict(answers(session(built("03"), tmp_path, "help until", "help", "help x", "card",
                                'lb "foo', "\u00fcmlaut", "q")))
    assert said["help until"] == said["card"] == CARD
    assert "vmexitbp" in said["help"] and "`card`" in said["help"] and "/nuf" in said["help x"]
    assert "syntax error" in said['lb "foo'], "and it goes on"
    assert said["\u00fcmlaut"] == "Bochs takes ASCII, and 200 letters at most\n"


def test_offsets_of_the_two_layouts():
    every = bochs_vmcs.encodings()
    for major in (2, 3):
        places = [place for each in every if (place := bochs_vmcs.offset(each, major)) is not None]
        assert len(set(places)) == len(places) and max(places) < bochs_vmcs.REGION
        assert len(places) > 170
    assert bochs_vmcs.offset(0x6C16, 2) == 0xF68 and bochs_vmcs.offset(0x6C16, 3) == 0xCA8
