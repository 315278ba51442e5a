"""grading/emulators/debugger.py: what is said to a debugger, and what comes back. Its part is
played by a shell. And what grading/emulators/bochs.py asks it at a stop."""

import threading
from types import SimpleNamespace

import pytest

from grading import process
from grading.emulators import bochs
from grading.emulators.debugger import QUESTION, Debugger
from grading.process import Limits
from grading.witness import BEFORE_LAUNCH, STEPS, Watch

PATIENCE = 20  # seconds; only what is broken takes that long


# `hear` is the next command, in $said; `mark` answers the one that computes a number.
OPENING = """
read source file; test "$source" = source || exit 9
exec 3<"$file"
hear() { read -r said <&3; }
mark() { read -r question number <&3; printf '0x%x %d\\n' $number $number; }
"""


@pytest.fixture(name="debugger")
def fixture_debugger(tmp_path):
    """What makes a Debugger whose other end is a shell script, ended should both wait."""
    rescues = []

    talks = []

    def debugger(script, limit=10_000):
        talk = Debugger(tmp_path, limit)
        child = process.start(["sh", "-c", OPENING + script], Limits(), tmp_path, piped=True)
        rescues.append(threading.Timer(PATIENCE, child.kill))
        rescues[-1].start()
        talks.append(talk)
        talk.meet(child)
        return talk

    yield debugger
    for talk in talks:
        talk.close()
    for rescue in rescues:
        rescue.cancel()
        rescue.join()


def test_answers_end_at_numbers(debugger):
    talk = debugger("""hear; printf '%s one 0x1 1\\n' "$said"; mark
                       hear; printf '%s two\\n' "$said"; mark""")
    assert talk.ask("first", "second") == ["first one 0x1 1\n", "second two\n"]
    assert process.finish(talk.child).code == 0
    assert b"first one" in talk.heard and b"two" in talk.heard


def test_a_number_may_come_in_pieces(debugger):
    talk = debugger("hear; number=$(mark); printf x; for c in $(printf %s \"$number\" | "
                    "sed 's/./& /g; s/   / _ /'); do printf %s $c | tr _ ' '; sleep 0.02; done; echo")
    assert talk.ask("one") == ["x"]
    process.finish(talk.child)


def test_no_two_talks_have_the_same_numbers(debugger):
    first = debugger("hear; mark; hear")
    first.ask("one")
    second = debugger("hear; mark; hear")
    assert abs(first.number - second.number) > 1
    for talk in (first, second):
        process.cancel(talk.child)


def test_where_it_ends_there_is_no_answer(debugger):
    talk = debugger("hear; printf 'said '; mark; hear; printf 'its last words'")
    assert talk.ask("one", "two", "three") == ["said ", None, None]
    assert talk.listen() is None
    assert talk.heard.endswith(b"its last words")
    process.finish(talk.child)


def test_what_is_no_text_is_passed_on_all_the_same(debugger):
    talk = debugger("hear; printf '\\377\\200x'; mark")
    assert talk.ask("one") == ["\ufffd\ufffdx"]
    process.finish(talk.child)


ASK = f"printf '{QUESTION.decode()}'; read answer; printf '%s\\n' \"$answer\""


def test_after_a_panic_it_wants_to_look_and_after_the_next_to_end(debugger):
    talk = debugger(f"{ASK}; {ASK}; {ASK}; hear; mark")
    said, = talk.ask("one")
    assert said == f"{QUESTION.decode()}debug\n{QUESTION.decode()}die\n{QUESTION.decode()}die\n"
    process.finish(talk.child)


@pytest.mark.parametrize("limit", [1000, 100_000])
def test_one_that_talks_too_much_is_ended(limit, debugger):
    talk = debugger("while :; do echo and so on; done", limit)
    assert talk.listen() is None
    ended = process.finish(talk.child)
    assert ended.over_budget == "bytes written to a log"
    assert limit < len(talk.heard) <= limit + 65536


# ---- What is asked at a stop. --------------------------------------------------

def stands(address, instruction):
    """The end of what the debugger says at a stop."""
    return f"Next at t=5\n(0) [{address:#014x}] 0008:{address:016x} (unk. ctxt): {instruction}\n"


CAUGHT = "(0) Caught mode switch breakpoint switching to '{} mode'\n"


@pytest.mark.parametrize(("said", "commands", "note"), [
    (CAUGHT.format("protected") + stands(0x900, "bt eax, 17"),
     ["r", "creg", "print-stack 10", "sreg"], "note_switch"),
    (CAUGHT.format("v8086") + stands(0x900, "mov si, 20"), ["r"], "note_world"),
    (CAUGHT.format("long") + stands(0x900, "nop"), ["r"], "note_world"),
    ("(0) Breakpoint 2, in ?? ()\n" + stands(0x900, "nop"), [], None),
    (stands(0x100, "ret"), ["xp /2wx 0x2000", "xp /1wx 0x3001"], "note_memory"),
    (stands(0x200, "vmxon qword ptr ds:[rdi] ; f30fc737"), ["r", "creg", "s"], "note_step"),
    (stands(0x200, "inc eax ; 40"), [], None),
    (stands(0x200, "vmclear qword ptr [rdi] ; 660fc737"), [], None),
    (stands(0x300, "vmxon qword ptr ds:[rdi] ; f30fc737"), [], None),
    ("Next at t=5\n(0).[5] ??? (physical address not available)\n", [], None),
    ("A PANIC has occurred.  Do you want to:\n[die] " + stands(0x100, "hlt"),
     ["xp /2wx 0x2000", "xp /1wx 0x3001", "r", "creg", "sreg"], "note_end"),
], ids=["protected", "v86", "long", "breakpoint", "memory", "vmx", "inc", "other-vmx",
        "vmx-elsewhere", "unmapped", "panic"])
def test_what_is_asked_at_a_stop(said, commands, note):
    watch = Watch(((0x2000, 7), (0x3001, 4)), (0x100,), {0x200: "vmxon"})
    at_stop = SimpleNamespace(watch=watch, switches=["the way to protected mode"],
                              **{name: name for name in ("note_switch", "note_memory", "note_step",
                                                         "note_world", "note_end")})
    asked, noted_by = bochs.Boot.look(at_stop, said)
    assert asked[:-1] == commands
    assert asked[-1] == {"note_step": "r", "note_end": "quit"}.get(note, "continue")
    assert noted_by == note if note else not isinstance(noted_by, str)


def test_the_tables_are_asked_for_at_the_first_trap_alone():
    at_stop = SimpleNamespace(watch=Watch(), switches=[], note_switch=None)
    said = CAUGHT.format("protected") + stands(0x900, "bt eax, 17")
    asked = []
    for _ in range(4):
        asked.append("sreg" in bochs.Boot.look(at_stop, said)[0])
        at_stop.switches.append("")
    assert asked == [True, True, False, False]  # the first is the way to protected mode


# ---- What is stopped at, as a run goes on. -------------------------------------

VMX = {0x10: "vmptrld", 0x20: "vmwrite", 0x30: "vmlaunch", 0x40: "vmresume", 0x50: "vmread"}


def orders(address, times=1):
    """What the debugger is told behind that step, the `times`th at its place."""
    watch = Watch(vmx=VMX, steps={"vmread": 0, "vmwrite": BEFORE_LAUNCH, "vmresume": 3})
    at_stop = SimpleNamespace(watch=watch, stepped={address: times},
                              numbers={0x10: 2, 0x20: 3, 0x30: 4, 0x40: 5})
    told = bochs.Boot.orders(at_stop, address)
    return told, sorted({0x10, 0x20, 0x30, 0x40} - set(at_stop.numbers))


def test_vmwrites_are_looked_at_up_to_each_launch():
    assert orders(0x30) == (["bpd 3"], [])
    assert orders(0x10) == (["bpe 3"], [])
    assert orders(0x20) == orders(0x20, 999) == ([], [])


def test_no_more_are_looked_at_than_the_rubric_wants():
    assert orders(0x40, 2) == ([], [])
    assert orders(0x40, 3) == (["delete 5"], [0x40])
    assert orders(0x10, STEPS) == (["delete 2"], [0x10])  # what is not named has a limit, too


def test_what_nobody_wants_is_not_stopped_at():
    told = []
    talk = SimpleNamespace(ask=lambda *commands: told.extend(commands) or [None])
    watch = Watch(vmx=VMX, steps={"vmread": 0, "vmresume": 3})
    bochs.Boot.drive(SimpleNamespace(watch=watch, debugger=talk))
    assert [command for command in told if command.startswith("lbreak")][1:] == [
        "lbreak 0x10", "lbreak 0x20", "lbreak 0x30", "lbreak 0x40"]
