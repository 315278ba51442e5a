"""grading/emulators/debugger.py: what is said to a debugger, and what comes back. Its part is
played by a shell."""

import pytest

from grading import process
from grading.emulators.debugger import QUESTION, Debugger
from grading.process import Limits


def debugger(folder, script, limit=10_000):
    """A Debugger whose other end is a shell script."""
    return Debugger(process.start(["sh", "-c", script], Limits(), folder, piped=True), limit)


def test_answers_end_at_prompts_that_count(tmp_path):
    talk = debugger(tmp_path, """printf 'hello\\n<bochs:1> '
                                 read one; printf '%s one <bochs:3> \\n<bochs:2> ' "$one"
                                 read two; printf '%s two\\n<bochs:3> ' "$two"; read three""")
    assert talk.listen() == "hello\n"
    assert talk.ask("first", "second") == ["first one <bochs:3> \n", "second two\n"]
    assert process.finish(talk.child).code == 1  # read found no more
    assert b"hello" in talk.heard and b"two" in talk.heard


def test_a_prompt_may_come_in_pieces(tmp_path):
    talk = debugger(tmp_path, "for c in x '<' boc hs ':1' '>' ' '; do printf %s \"$c\"; "
                              "sleep 0.02; done; read end")
    assert talk.listen() == "x"
    process.finish(talk.child)


def test_where_it_ends_there_is_no_answer(tmp_path):
    talk = debugger(tmp_path, "printf '<bochs:1> '; read one; printf 'said <bochs:2> '; "
                              "read two; printf 'its last words'")
    talk.listen()
    assert talk.ask("one", "two", "three") == ["said ", None, None]
    assert talk.listen() is None
    assert talk.heard.endswith(b"its last words")
    process.finish(talk.child)


def test_what_is_no_text_is_passed_on_all_the_same(tmp_path):
    talk = debugger(tmp_path, "printf '\\377\\200x<bochs:1> '; read end")
    assert talk.listen() == "\ufffd\ufffdx"
    process.finish(talk.child)


ASK = f"printf '{QUESTION.decode()}'; read answer; printf '%s\\n' \"$answer\""


def test_after_a_panic_it_wants_to_look_and_after_the_next_to_end(tmp_path):
    talk = debugger(tmp_path, f"{ASK}; {ASK}; {ASK}; printf '<bochs:1> '; read end")
    said = talk.listen()
    assert said == f"{QUESTION.decode()}debug\n{QUESTION.decode()}die\n{QUESTION.decode()}die\n"
    process.finish(talk.child)


@pytest.mark.parametrize("limit", [1000, 100_000])
def test_one_that_talks_too_much_is_ended(limit, tmp_path):
    talk = debugger(tmp_path, "while :; do echo and so on; done", limit)
    assert talk.listen() is None
    ended = process.finish(talk.child)
    assert ended.over_budget == "bytes written to a log"
    assert limit < len(talk.heard) <= limit + 65536
