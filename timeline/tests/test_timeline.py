"""timeline/: what it tells of a run agrees with the other witnesses."""

import json
import re
import shutil
import subprocess
from collections import Counter

import pytest

from grading import emulators, lab
from grading.errors import UsageError
from grading.tests import support
from timeline import page, record, run, text

PROGRAM = lab.ROOT / "timeline" / "timeline"
MNEMONICS = {"CPUID": "cpuid", "I/O instruction": "(in|out)", "VMCALL": "vmcall",
             "RDTSC": "rdtsc", "exception or NMI": "(mov|hlt)"}


def of_kind(seen_run, kind):
    return [event for event in seen_run.story.events if event.kind == kind]


def test_each_trap_is_the_witness_s(task):
    traps = of_kind(task, "trap")
    assert len(traps) == len(task.run.traps) == 6
    for event, trap in zip(traps, task.run.traps):
        if trap.ip is not None:
            assert (event.registers["ip"], event.registers["rdx"], event.registers["cs"]) == (
                trap.ip, trap.registers["edx"], trap.segments["cs"])
            assert event.code[0] == trap.address
    assert [event.code[1] for event in traps[:3]] == ["0f20c2", "8e1424", "f4"]


def test_a_task_goes_on_behind_what_was_emulated(task):
    first, *_ = of_kind(task, "trap")
    again = next(event for event in of_kind(task, "return") if event.time > first.time)
    assert again.registers["ip"] == first.registers["ip"] + 3
    assert again.registers["rdx"] == 0xE0000031 != first.registers["rdx"]


def test_both_emulators_tell_the_same(task, task_on_qemu):
    one, other = of_kind(task, "trap"), task_on_qemu.story.events
    assert [(event.name, event.lane, event.to) for event in one] == \
        [(event.name, event.lane, event.to) for event in other]
    # On QEMU code is read from the disk, and the testbed has written that of ring 0's #GP itself.
    assert [event.code and event.code[1] for event in other] == \
        [None if number == 1 else event.code[1] for number, event in enumerate(one)]
    assert [event.sent for event in one] == [event.sent for event in other]
    assert task.story.counted and not task_on_qemu.story.counted


def test_the_log_is_placed_to_the_byte(task):
    first, ring0, second, *_ = of_kind(task, "trap")
    log = task.run.serial.decode()
    assert log[:first.sent].endswith("Hello from Virtual-8086 mode\n")
    assert log[first.sent:].startswith("@ trap.")
    assert log[:ring0.sent].endswith("\n") and "gp." not in log[:ring0.sent]
    assert log[ring0.sent:].lstrip().startswith("@ gp.")
    assert log[second.sent - 40:second.sent].endswith("MSW=e0000031\n")


OWN_OUT = """
        for (const char *byte = "mine, all mine\\n"; *byte; byte++) {
                while (!(inb(0x3F8 + 5) & 0x20))
                        ;
                outb(0x3F8, *byte);
        }
"""


def test_bytes_that_the_program_sends_by_itself_count(tmp_path):
    """No breakpoint counts those of an OUT of its own; the wire does, two bytes late at most."""
    of, place = lab.find("01"), "        int destination = decode_mov_from_cr0(code);\n"
    sources = support.write_sources(of, tmp_path / "sources")
    source = (sources / "vm86trap.c").read_text()
    assert place in source
    (sources / "vm86trap.c").write_text('#include "cpu.h"\n' + source.replace(place, place + OWN_OUT))
    own = run.watched(of, sources, emulators.get("bochs"), None, lab.ROOT / "build", (), tmp_path / "work")
    log = own.run.serial.decode()
    said = [("Hello from Virtual-8086 mode\n", 1), ("@ trap.eflags 0x30046\n", 1), ("MSW=e0000031\n", 1),
            ("@ task.personality 0x1\n", 2), ("Hello from Virtual-8086 mode\n", 2), ("MSW=e0000031\n", 2)]
    traps = of_kind(own, "trap")
    assert len(traps) == len(said) and log.count("mine, all mine\n") == 5
    for event, (line, which) in zip(traps, said):  # what was sent last before it
        behind = len(log) - len(log.split(line, which)[which])
        assert 0 <= behind - event.sent <= 2, (line, behind, event.sent)


def test_the_way_has_the_student_s_lines(task):
    first, *_ = of_kind(task, "trap")
    values = record.of(task)
    event = next(each for each in values["events"] if each["k"] == "trap")
    way = [values["code"][number] for number in values["paths"][event["p"]]]
    functions = list(dict.fromkeys(values["functions"][code[4]] for code in way))
    assert functions[0] == "isrGPF" and "set_register" in functions
    line = next(code for code in way if values["functions"][code[4]] == "fault_address")[6]
    file = next(each for each in values["files"] if each["name"].endswith("vm86trap.c"))
    assert file["mine"] and "{" in file["text"].split("\n")[line - 1]
    assert not next(each for each in values["files"] if each["name"].endswith("testbed.c"))["mine"]
    assert len(first.path) > 500 and first.whole


def test_exits_are_as_many_as_the_monitor_says(monitor):
    said = Counter()
    for count, name in re.findall(r"^exits: (\d+) (.*)$", monitor.run.text(1 << 20), re.MULTILINE):
        said[name] += int(count)
    told = Counter(event.name for event in of_kind(monitor, "exit") if event.lane != event.to)
    told["CPUID"] -= 5  # of the guest's first steps, which theVMM() does not count
    assert said == told and sum(said.values()) > 150


def test_each_exit_has_its_instruction(monitor):
    for event in of_kind(monitor, "exit"):
        if event.lane == event.to:
            assert "failed" in event.name and not event.path
            continue
        assert re.match(MNEMONICS[event.name], event.code[2]), event
        assert event.registers["cs"] * 16 + event.registers["ip"] == event.code[0] \
            or event.name == "VMCALL"


def test_worlds_follow_each_other(monitor):
    lane = monitor.story.events[0].lane
    for event in monitor.story.events:
        assert event.lane == lane, event
        lane = event.to
    entries = of_kind(monitor, "entry")
    assert len(entries) == sum(event.lane != event.to for event in of_kind(monitor, "exit"))
    assert {event.to for event in entries} == {0, 1}
    assert len(of_kind(monitor, "trap")) == 2  # run 2 and 5: to the guest's own handler


def test_vmx_instructions_have_fields_and_results(monitor):
    steps = of_kind(monitor, "vmx")
    reasons = [event.value for event in steps if event.value and event.value[0] == "exit reason"]
    assert ("exit reason", 10, "read") in reasons
    assert any("VMfailInvalid" in fact for event in steps for _, fact in event.facts)
    assert any(event.name == "vmlaunch" and dict(event.facts)["result"] == "ZF: VMfailValid"
               for event in steps)


def test_a_challenge_of_a_seed_has_no_lines_of_the_old_one(tmp_path):
    values = record.of(run.watched(lab.find("01"), lab.ROOT, emulators.get("qemu"), 7,
                                   lab.ROOT / "build", (), tmp_path))
    first = values["code"][values["events"][0]["c"]]
    assert values["seed"] == 7 and first[5] == -1 and first[4] == values["functions"].index("")


def test_a_line_that_is_said_to_be_elsewhere_shows_nothing_from_there(tmp_path):
    """A #line may name any file of this machine; what is not the student's nor given stays shut."""
    of = lab.find("01")
    sources = support.write_sources(of, tmp_path / "sources")
    source = (sources / "vm86trap.c").read_text()
    for function, file in (("uint32_t fault_address", "__init__"), ("void set_register", "trace")):
        assert function in source
        source = source.replace(function, f'#line 1 "rubric/{file}.py"\n{function}')
    (sources / "vm86trap.c").write_text(source)
    values = record.of(run.watched(of, sources, emulators.get("bochs"), None, lab.ROOT / "build",
                                   (), tmp_path / "work"))
    names = {file["name"] for file in values["files"]}
    assert "labs/01-vm86trap/vm86trap.c" in names and "labs/01-vm86trap/testbed.c" in names
    assert not any("rubric" in name for name in names)


@pytest.mark.parametrize("name", [
    "rubric/__init__.py", "../../Makefile", "../../grading/judge.py", "/etc/passwd", "../../common",
    "../../common/../grading/judge.py", "decode.c", "/proc/self/mem", "../01-vm86trap/vm86trap.c",
    "../../common/lab.mk", "", "x" * 5000])
def test_only_what_students_have_is_shown(task, name):
    assert task.program.shown(name) is None


@pytest.mark.parametrize(("name", "shown"), [
    ("testbed.c", "labs/01-vm86trap/testbed.c"), ("../01-vm86trap/task.S", "labs/01-vm86trap/task.S"),
    (f"{lab.ROOT}/common/x86/control.h", "common/x86/control.h"),
    ("/anywhere/01-vm86trap/given/include/vm86trap.h", "labs/01-vm86trap/vm86trap.h"),
    (f"{lab.ROOT}/common/print.c", "common/print.c")])
def test_what_is_given_is_shown(task, name, shown):
    assert task.program.shown(name) == shown and task.program.texts[shown]


def test_an_outline_shows_nobody_s_code(task):
    outline = json.dumps(record.outline(record.of(task)))
    assert "fault_address" not in outline and "return" in outline and "movl" not in outline


@pytest.mark.parametrize("arguments, said", [
    (["09"], "no such lab"), (["05"], "which of"), ([], "one LAB"),
    (["01", "--emu", "simics"], "no such emu"),
    (["01", "--seed", "x"], "whole number"), (["--show", "nowhere.json"], "SAVE=FILE"),
    (["--show", __file__], "no JSON"), (["01", "--base", "mine"], "it is reference")])
def test_says_what_is_wrong(arguments, said):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_an_endless_loop_is_cut_and_shown(tmp_path):
    (tmp_path / "mine").mkdir()
    for name in lab.find("01").edit:
        shutil.copy(lab.find("01").folder / name, tmp_path / "mine")
    entry = tmp_path / "mine" / "isrGPF.S"
    entry.write_text(re.sub(r".*addw +%ax, TRAP_IP.*\n", "", entry.read_text().expandtabs()))
    loop = run.watched(lab.find("01"), tmp_path / "mine", emulators.get("bochs"), None,
                       lab.ROOT / "build", (), tmp_path / "work")
    values = record.of(loop)
    assert 4000 < len(values["events"]) < 5000 and "in silence" in values["ended"]
    assert len(page.render(values)) < 3_000_000


def test_a_run_with_too_many_events_says_so(task, monkeypatch):
    """And its last event is not what the run ended with."""
    reset = task._replace(run=task.run._replace(reset=True))
    count = len(task.story.events)
    monkeypatch.setattr(record, "EVENTS", count)
    whole = record.of(reset)
    assert whole["ended"] == "a triple fault: the CPU gave up"
    assert whole["events"][-1]["f"][-1][0] == "the run ends here"
    assert record.of(reset) == whole  # nothing is added to the story itself
    monkeypatch.setattr(record, "EVENTS", count - 4)
    cut = record.of(reset)
    assert cut["ended"] == (f"a triple fault: the CPU gave up; kept are the first {count - 4} of "
                            f"{count} events")
    assert "the run ends here" not in json.dumps(cut["events"])
    assert "alike as far as it was kept: " in list(text.lines(cut, cut))[-1]


def test_needs_nothing_but_python(task, tmp_path):
    """No package but the standard library: students may have no others."""
    (tmp_path / "run.json").write_text(json.dumps(record.of(task)))
    subprocess.run(["/usr/bin/python3", "-S", PROGRAM, "--show", tmp_path / "run.json",
                    "-o", tmp_path / "page.html"], check=True, capture_output=True)
    assert "fault_address" in (tmp_path / "page.html").read_text()


def test_a_file_that_does_not_build_is_no_timeline(tmp_path):
    (tmp_path / "mine").mkdir()
    for name in lab.find("01").edit:
        shutil.copy(lab.find("01").folder / name, tmp_path / "mine")
    (tmp_path / "mine" / "decode.c").write_text("int broken\n")
    with pytest.raises(UsageError, match="does not build: decode.c:"):
        run.watched(lab.find("01"), tmp_path / "mine", emulators.get("qemu"), None,
                    lab.ROOT / "build", (), tmp_path / "work")
