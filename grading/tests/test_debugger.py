"""grading/emulators/debugger.py: what is said to a debugger, and what comes back. Its part is
played by a shell."""

import os
import signal
import threading
from contextlib import suppress

import pytest

from grading import process
from grading.emulators.debugger import Debugger
from grading.process import Limits

PATIENCE = 20  # seconds; only what is broken takes that long


# `hear` is the next command, in $said; `mark` answers the one that computes a number; `turn`
# opens the file that the next command names.
OPENING = """
read source file; test "$source" = source || exit 9
exec 3<"$file"
hear() { read -r said <&3; }
mark() { read -r question number <&3; printf '0x%x %d\\n' $number $number; }
turn() { read -r source file <&3; test "$source" = source && exec 4<"$file" 4<&-; }
"""


def end(child):
    """Kills it, if it is still there; who waits for it is another."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)


@pytest.fixture(name="debugger")
def fixture_debugger(tmp_path):
    """What makes a Debugger whose other end is a shell script, ended should both wait."""
    talks = []

    def debugger(script, limit=10_000):
        talk = Debugger(tmp_path)
        child = process.start(["sh", "-c", OPENING + script], Limits(file_bytes=limit), tmp_path,
                              output=talk.output)
        talk.meet(child)
        talk.child = child
        talk.watch = threading.Thread(target=lambda: (process.finish(child), talk.hang_up()))
        talk.rescue = threading.Timer(PATIENCE, end, (child,))
        talk.watch.start()
        talk.rescue.start()
        talks.append(talk)
        return talk

    yield debugger
    for talk in talks:
        end(talk.child)
        talk.watch.join()
        talk.rescue.cancel()
        talk.rescue.join()
        talk.close()
        talk.close()


def test_answers_end_at_numbers(debugger):
    talk = debugger("""hear; printf '%s one 0x1 1\\n' "$said"; mark
                       hear; printf '%s two\\n' "$said"; mark; turn""")
    assert talk.ask("first", "second") == ["first one 0x1 1\n", "second two\n"]
    talk.watch.join()
    assert talk.child.returncode == 0
    assert b"first one" in talk.heard and b"two" in talk.heard


def test_it_takes_its_turns(debugger):
    """Each time all is there when it is our turn, however long it takes over it."""
    talk = debugger("for word in one two three four five; do hear; printf '%s ' $said; "
                    "sleep 0.05; printf '%s' $word; mark; turn; done")
    assert [talk.ask(f"{number}")[0] for number in range(5)] == [
        "0 one", "1 two", "2 three", "3 four", "4 five"]


def test_no_two_talks_have_the_same_numbers(debugger):
    first = debugger("hear; mark; turn; hear")
    first.ask("one")
    second = debugger("hear; mark; turn; hear")
    assert abs(first.number - second.number) > 1


def test_where_it_ends_there_is_no_answer(debugger):
    talk = debugger("hear; printf 'said '; mark; hear; printf 'its last words'")
    assert talk.ask("one", "two", "three") == ["said ", None, None]
    assert talk.ask("four") == [None]  # and nobody waits
    assert talk.heard.endswith(b"its last words")


def test_what_is_no_text_is_passed_on_all_the_same(debugger):
    talk = debugger("hear; printf '\\377\\200x'; mark; turn")
    assert talk.ask("one") == ["\ufffd\ufffdx"]


def test_after_a_panic_it_wants_to_look_and_after_the_next_to_end(debugger):
    talk = debugger("for panic in 1 2 3; do read -r answer || answer=none; "
                    "printf '%s ' \"$answer\"; done; hear; mark; turn")
    assert talk.ask("one") == ["debug die none "]


@pytest.mark.parametrize("limit", [1000, 100_000])
def test_one_that_talks_too_much_is_ended(limit, debugger):
    talk = debugger("while :; do echo and so on; done", limit)
    assert talk.ask("one") == [None]
    talk.watch.join()
    assert talk.child.returncode == -25  # SIGXFSZ
    assert len(talk.heard) == limit
