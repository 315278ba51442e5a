"""grading/emulators/bochs_stops.py: what the debugger is asked at a stop, and what is made of
its answers."""

import pytest

from grading.emulators import bochs_stops
from grading.emulators.bochs_stops import STAYED
from grading.tests.played import WATCH, rip, stands, stops
from grading.witness import STEPS, BeforeLaunch, Watch

CAUGHT = "(0) Caught mode switch breakpoint switching to '{} mode'\n"
EXIT, ENTRY, TRAP = (CAUGHT.format(mode) + stands(0x900, "nop")
                     for mode in ("long", "v8086", "protected"))
VMWRITE = stands(0x400, "vmwrite rdi, rsi ; 0f79fe")
BEHIND = stands(0x403, "jbe .+6 ; 7606")


@pytest.mark.parametrize(("said", "commands", "note"), [
    (TRAP, ["r", "creg", "print-stack 10", "sreg", "continue"], "note_switch"),
    (ENTRY, ["r", "continue"], "note_worlds"),
    (EXIT, ["r", "continue"], "note_worlds"),
    ("(0) Breakpoint 2, in ?? ()\n" + stands(0x900, "nop"), ["continue"], "note_nothing"),
    (stands(0x100, "ret"), ["xp /1gx 0x2000", "xp /2gx 0x3001", "continue"], "note_memory"),
    (stands(0x200, "vmxon qword ptr ds:[rdi] ; f30fc737"), ["r", "creg", "s", "r"], "note_step"),
    (stands(0x400, "vmwrite rdi, rsi ; 0f79fe"), ["r", "s", "r"], "note_step"),
    (stands(0x200, "inc eax ; 40"), ["continue"], "note_nothing"),
    (stands(0x200, "vmclear qword ptr [rdi] ; 660fc737"), ["continue"], "note_nothing"),
    (stands(0x300, "vmxon qword ptr ds:[rdi] ; f30fc737"), ["continue"], "note_nothing"),
    ("Next at t=5\n(0).[5] ??? (physical address not available)\n", ["continue"], "note_nothing"),
    ("A PANIC has occurred.  Do you want to:\n[die] " + stands(0x100, "hlt"),
     ["xp /1gx 0x2000", "xp /2gx 0x3001", "r", "creg", "sreg", "quit"], "note_end"),
], ids=["protected", "v86", "long", "breakpoint", "memory", "vmx", "vmwrite", "inc", "other-vmx",
        "vmx-elsewhere", "unmapped", "panic"])
def test_what_is_asked_at_a_stop(said, commands, note):
    stop = stops(switches=["the way to protected mode"]).look(said)
    assert (stop.orders, stop.note.__name__) == (commands, note)


def test_the_tables_are_asked_for_at_the_first_trap_alone():
    made, asked = stops(Watch()), []
    for _ in range(4):
        asked.append("sreg" in made.look(TRAP).orders)
        made.switches.append("")
    assert asked == [True, True, False, False]  # the first is the way to protected mode


def test_memory_is_what_both_ways_of_writing_it_say():
    """Bochs 2 leaves zeros in front of a number of eight bytes out, but for the last eight."""
    made = stops()
    made.note_memory("", ["0x2000 <bogus+ 0>:\t0x0000000c\n",
                          "0x3001 <bogus+ 0>:\t0x8877665544332211\t0x1230000000a\n"], "")
    assert made.pieces == {0x2000: b"\x0c" + bytes(6),
                           0x3001: bytes.fromhex("11 22 33 44 55 66 77 88 0a")}


# ---- VM entries and VM exits. --------------------------------------------------

def test_they_go_on_by_themselves_once_a_round_trip_has_been_seen():
    made = stops()
    for said in (EXIT, ENTRY):
        stop = made.look(said)
        assert stop.orders == ["r", "continue"]
        stop.note(said, [rip(0x123)], "")
    assert len(made.worlds) == 2
    assert made.look(EXIT).orders == ["r", "continue", "r",
                                  "continue if (cs >= 0x1000) & (eip < 0x10000)"]
    assert made.look(ENTRY).orders == ["r", "continue", "r", "continue if eip == 0x123"]


def test_what_is_neither_goes_on_alone():
    made = stops(host_entry=0x123)
    assert made.look(CAUGHT.format("compatibility") + BEHIND).orders == ["r", "continue"]


def test_both_are_taken_down():
    made = stops(host_entry=0x123)
    assert made.note_worlds(EXIT, ["one", ENTRY, "two"], EXIT) == EXIT
    assert made.worlds == [EXIT + "one", ENTRY + "two"]
    assert made.stopped == 2


@pytest.mark.parametrize("other", [TRAP, VMWRITE, EXIT, "A PANIC has occurred. " + BEHIND],
                         ids=["trap", "vmwrite", "exit", "panic"])
def test_where_it_stays_it_is_looked_at(other):
    """And noted there alone."""
    made = stops(host_entry=0x123)
    assert made.note_worlds(EXIT, ["one", other, "two"], STAYED) == other
    assert (made.worlds, made.stopped) == ([EXIT + "one"], 1)


@pytest.mark.parametrize(("answers", "worlds"), [
    ([EXIT, "one", ENTRY, "two"], [EXIT + "one", ENTRY + "two"]),
    ([EXIT, "one"], [EXIT + "one"]),
    ([EXIT, "one", ENTRY], [EXIT + "one"]),
    ([EXIT], []),
    ([TRAP, "one"], []),
])
def test_where_it_ends_what_is_whole_is_kept(answers, worlds):
    begun = 4 + 2 + 1  # the orders at the start: two breakpoints, and the last of them
    made = stops(answers=[*[""] * (begun - 1), *answers],
                 host_entry=0x123, watch=WATCH._replace(at=()))
    made.drive()
    assert made.worlds == worlds


@pytest.mark.parametrize(("answers", "after", "seen"), [
    (["one", ENTRY, None], None, 1),
    (["one", None, None], None, 1),
    (["one", ENTRY, "two"], None, 2),
    ([None] * 3, None, 0),
], ids=["in-the-middle", "at-once", "at-the-end", "never"])
def test_what_was_seen_before_the_end_counts(answers, after, seen):
    made = stops(host_entry=0x123)
    assert made.note_worlds(EXIT, answers, after) is None
    assert len(made.worlds) == seen


def test_each_switch_counts_as_a_stop():
    made = stops(Watch(vmx={1: "vmread"}, steps={"vmread": 0}), host_entry=0x123,
                 answers=["", "", "", "", EXIT] + [rip(0x123), ENTRY, rip(0x123), EXIT] * 9999)
    made.drive()
    assert made.stopped_too_often
    assert made.stopped == len(made.worlds) == bochs_stops.MAX_STOPS + 2
    assert made.debugger.told[-1] == ("quit",)


# ---- VMX instructions. ---------------------------------------------------------

def test_a_step_that_leads_to_where_it_did_goes_on():
    made = stops(answers=["the next stop"])
    stop = made.look(VMWRITE)
    assert stop.note(VMWRITE, ["before", BEHIND], rip(0x403)) == "the next stop"
    stop = made.look(VMWRITE)
    assert stop.orders == ["r", "s", "r", "continue if eip == 0x403"]
    assert stop.note(VMWRITE, ["again", BEHIND, rip(0x403)], "the stop after") == "the stop after"
    assert made.steps == [("vmwrite", VMWRITE + "before", BEHIND + rip(0x403), ""),
                          ("vmwrite", VMWRITE + "again", BEHIND + rip(0x403), "")]


def test_a_step_that_leads_elsewhere_is_looked_at():
    """It faults this time: the next thing may be that the CPU gives up."""
    panic = "A PANIC has occurred. " + stands(0x400, "vmwrite rdi, rsi")
    made = stops(answers=["next"], behind={0x400: 0x403})
    stop = made.look(VMWRITE)
    assert stop.note(VMWRITE, ["before", panic, rip(0x400)], STAYED) == panic
    assert made.debugger.told == []  # it is not let go
    assert len(made.steps) == made.stepped[0x400] == 1


def test_a_step_that_leads_to_a_usual_one_stays_there():
    """It could not be stopped at again: the CPU stands there."""
    vmxon = stands(0x200, "vmxon qword ptr ds:[rdi] ; f30fc737")
    made = stops(behind={0x400: 0x403})
    assert made.look(vmxon).note(vmxon, ["before", "", VMWRITE], rip(0x400)) == VMWRITE
    assert made.debugger.told == []


def test_a_step_behind_which_one_looks_is_no_usual_one():
    """`continue` would not stop where it stands."""
    made = stops(WATCH._replace(at=(0x403,)))
    assert made.look(VMWRITE).note(VMWRITE, ["before", BEHIND], rip(0x403)) == BEHIND
    assert made.look(VMWRITE).orders == ["r", "s", "r"]


def test_the_last_step_that_is_wanted_gives_orders():
    made = stops(WATCH._replace(steps={"vmwrite": 3}), behind={0x400: 0x403}, numbers={0x400: 7},
                 answers=["", "next"])
    asked = []
    for _ in range(3):
        stop = made.look(VMWRITE)
        asked.append(len(stop.orders))
        said = stop.note(VMWRITE, ["before", BEHIND] + [rip(0x403)] * (len(stop.orders) - 3),
                         rip(0x403) if len(stop.orders) == 3 else "next")
        assert said == "next"
    assert asked == [4, 4, 3]
    assert made.debugger.told == [("delete 7", "continue")]


# ---- What is stopped at, as a run goes on. -------------------------------------

VMX = {0x10: "vmptrld", 0x20: "vmwrite", 0x30: "vmlaunch", 0x40: "vmresume", 0x50: "vmread"}


def running(limit):
    """Stops of a program that has all of them, each with its breakpoint."""
    return stops(Watch(vmx=VMX, steps={"vmread": 0, "vmwrite": limit, "vmresume": 3}),
                 numbers={0x10: 2, 0x20: 3, 0x30: 4, 0x40: 5}, breakpoints=5)


def test_vmwrites_are_looked_at_up_to_the_first_launch():
    made = running(BeforeLaunch())
    assert [made.orders(address) for address in (0x10, 0x20, 0x30, 0x10, 0x30)] == [
        ["bpe 3"], [], ["delete 3"], [], []]
    assert 0x20 not in made.numbers


def test_some_fields_are_looked_at_again_up_to_each_launch():
    made = running(BeforeLaunch((0x4004, 0x6000)))
    condition = "(edi == 0x4004) | (edi == 0x6000)"
    assert [made.orders(address) for address in (0x10, 0x30, 0x10, 0x20, 0x30, 0x10)] == [
        ["bpe 3"], ["delete 3", f'lbreak 0x20 if "{condition}"', "bpd 6"], ["bpe 6"], [],
        ["bpd 6"], ["bpe 6"]]


def test_no_more_are_looked_at_than_the_rubric_wants():
    made = running(BeforeLaunch())
    for times, orders in ((2, []), (3, ["delete 5"])):
        made.stepped[0x40] = times
        assert made.orders(0x40) == orders
    made.stepped[0x10] = STEPS  # what is not named has a limit, too
    assert made.orders(0x10) == ["delete 2"]
    assert sorted(made.numbers) == [0x20, 0x30]


def test_what_nobody_wants_is_not_stopped_at():
    made = stops(Watch(vmx=VMX, steps={"vmread": 0, "vmresume": 3}))
    made.drive()
    assert made.debugger.told == [(
        "lbreak 0x10002", "continue", "delete 1", "modebp",
        "lbreak 0x10", "lbreak 0x20", "lbreak 0x30", "lbreak 0x40", "continue")]
    assert made.numbers == {0x10: 2, 0x20: 3, 0x30: 4, 0x40: 5}
