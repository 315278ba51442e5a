"""timeline/alike.py: two right programs are alike wherever they were linked to; a wrong one parts
where its mistake shows."""

import subprocess

import pytest

from grading import emulators, lab
from grading.tests import support
from timeline import alike, record, run, text

PROGRAM = lab.ROOT / "timeline" / "timeline"
MOVED = """
__asm__(".text\\n.skip 4661, 0x90\\n.data\\n.skip 13983\\n.text");
"""


@pytest.fixture(scope="module", name="reference")
def fixture_reference(monitor):
    return record.outline(record.of(monitor))


@pytest.mark.parametrize(("number", "file"), [("01", "decode.c"), ("04", "thevmm.c"),
                                              ("05-cr3-exercise", "decode.c")])
def test_a_program_is_alike_where_it_was_linked_to(number, file, tmp_path):
    of = lab.find(number)
    sources = support.write_sources(of, tmp_path / "sources")
    runs = []
    for more in ("", MOVED):
        (sources / file).write_text((sources / file).read_text() + more)
        runs.append(run.watched(of, sources, emulators.get("bochs"), None, lab.ROOT / "build", (),
                                tmp_path / f"work{len(runs)}"))
    one, two = runs
    moved = [symbol for symbol in ("v86_base", "host_entry") if symbol in one.run.symbols
             and one.run.symbols[symbol] != two.run.symbols[symbol]]
    assert moved
    found = alike.departure(record.of(two), record.outline(record.of(one)))
    assert not found["parted"] and found["alike"] > 10, found


@pytest.mark.parametrize(("name", "solved", "here", "there", "differs"), [
    ("rdi-stored-late", 99, "vmresume (entry, IP 402)", "vmresume (entry, IP 402)",
     "here RDI changed since the exit, there not"),
    ("launched-each-time", 99, "vmlaunch (refused, ZF: VMfailValid)", "vmresume (entry, IP 41a)", ""),
    ("launched-each-time", 6, "vmlaunch (refused, ZF: VMfailValid)", "vmresume (entry, IP 41a)",
     "this run ends there: the program stopped at TODO(04-10)"),
    ("exception-bitmap-forgotten", 99, "#GP (trap, IP 417)", "exception or NMI (exit, IP 417)",
     "here the CPU goes to the guest's ring 0, there to the host"),
    ("cr3-of-the-guest", 99, "#PF (trap in the host)", "vmresume (entry, IP 402)",
     "this run ends there: a triple fault: the CPU gave up")])
def test_a_mistake_parts_where_it_shows(mistaken, reference, name, solved, here, there, differs):
    found = alike.departure(mistaken(name, solved), reference)
    assert found["parted"]
    assert (found["this"], found["other"], found["differs"]) == (here, there, differs)


def test_an_ip_that_was_not_moved_is_named(task):
    values = record.of(task)
    first = next(event for event in values["events"] if event["k"] == "return" and "EDX" in event["y"])
    wrong = {**values, "events": [{**event, "y": event["y"].replace("IP 9", "IP 6")}
                                  if event is first else event for event in values["events"]]}
    found = alike.departure(wrong, values)
    assert found["this"] == "IRET (return, IP 6)" and found["other"] == "IRET (return, IP 9)"
    assert found["differs"] == "here IP 6, there IP 9"


def test_a_run_that_is_shorter_parts_at_its_end(task):
    values = record.of(task)
    short = {**values, "events": values["events"][:5], "ended": "the program stopped at TODO(01-7)"}
    assert alike.departure(short, values)["this"] == "the end: the program stopped at TODO(01-7)"
    assert alike.departure(short, values)["at"] is None
    assert "stopped at TODO(01-7)" in alike.departure(values, short)["other"]


@pytest.mark.parametrize("ended", ["cut: it used up its budget, 60 s", "a triple fault: the CPU gave up"])
def test_a_run_that_ends_otherwise_is_not_alike(task, ended):
    """A hang behind the last switch: all that is compared is the same, but the end."""
    values = record.of(task)
    other = {**values, "ended": ended}
    found = alike.departure(other, values)
    assert found["parted"] and found["at"] is None
    assert (found["this"], found["other"]) == (
        f"the end: {ended}", "the end: the program powered the machine off")
    assert not alike.departure(other, {**other, "ended": f"{ended} later"})["parted"] \
        is ended.startswith("cut")


def test_the_text_has_each_event_and_where_they_part(mistaken, reference):
    values = mistaken("launched-each-time", 6)
    lines = list(text.lines(values, reference))
    assert len(lines) == len(values["events"]) + 2
    assert lines[0].endswith("333 events; the end: the program stopped at TODO(04-10)\n")
    assert lines[-2] == "vmx vmlaunch: result ZF: VMfailValid\n"
    assert "in this run, vmlaunch (refused, ZF: VMfailValid); in the other run, vmresume" in lines[-1]
    assert "alike to the end" in list(text.lines(reference, reference))[-1]


def test_the_text_stands_on_the_terminal_and_writes_no_page(tmp_path):
    done = subprocess.run(["make", "-s", "-C", lab.ROOT, "timeline", "LAB=01", "EMU=qemu", "TEXT=yes",
                           f"SAVE={tmp_path}/saved.json"], capture_output=True, text=True, check=True)
    first, *events = done.stdout.splitlines()
    assert first.startswith("01-vm86trap: qemu") and first.endswith("powered the machine off")
    assert events.count("trap #GP: vector 13; error code 0x0; at 1400:0006 <greet>: mov %cr0,%edx") == 2
    shown = subprocess.run([PROGRAM, "--show", tmp_path / "saved.json", "--text", "--out", tmp_path],
                           capture_output=True, text=True, check=True)
    assert shown.stdout == done.stdout and not (tmp_path / "timeline").exists()
