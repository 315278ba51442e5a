"""grading/log.py: what counts of a serial log, whoever wrote it."""

import pytest

from grading import log

LAB = "01-vm86trap"
BEGIN = b"[01-vm86trap] begin 0x1f\n"
END = b"[01-vm86trap] end\n"
TODO = b"[01-vm86trap] TODO(01-3)\n"
FACT = b"@ a.b 0x10\n"


def read(*parts):
    return log.read(b"".join(parts), LAB)


def test_a_whole_log():
    said = read(b"SeaBIOS\n", BEGIN, FACT, b"hello\n", b"@ c 0xff\n", END)
    assert said == log.Log(0x1F, (("a.b", 16), ("c", 255)), "hello", None, True, 1, None)


@pytest.mark.parametrize("serial", [
    b"", b"\n", b"\n" * 1000, bytes(range(256)) * 40, b"\xff" * 5000, b"@ a 0x1", b"\r\r\r",
    BEGIN[:-1],  # without the newline, the line is not whole
], ids=range(8))
def test_what_says_nothing(serial):
    said = read(serial)
    assert (said.begins, said.facts, said.end, said.challenge) == (0, (), False, None)


@pytest.mark.parametrize(("serial", "facts"), [
    (BEGIN + FACT + b"@ cut 0x1", 1),  # more digits may have been on their way
    (BEGIN + FACT + END[:-1], 1),
    (FACT + BEGIN, 0),
    (BEGIN + END + FACT, 0),
    (BEGIN + TODO + FACT, 0),
    (BEGIN + BEGIN + FACT, 0),  # of the second run, nothing counts
    (BEGIN.replace(b"01", b"02") + FACT, 0),
    (BEGIN + b"[02-other] end\n" + FACT, 1),  # another lab's banner is text
    (BEGIN + b" " + FACT, 0),
    (BEGIN + b"@ A 0x1\n@ a 1\n@ a 0x\n@ a 0xG\n@ a -0x1\n@ a 0x1 \n@  a 0x1\n@ 1 0x1\n", 0),
    (BEGIN + b"@ " + b"a" * 64 + b" 0x1\n", 1),
    (BEGIN + b"@ " + b"a" * 65 + b" 0x1\n", 0),
    (BEGIN + b"@ a 0x" + b"f" * 16 + b"\n", 1),
    (BEGIN + b"@ a 0x" + b"f" * 17 + b"\n", 0),
    (BEGIN + "@ a 0x\u0661\n".encode(), 0),  # a digit, but not an ASCII one
], ids=range(15))
def test_which_lines_are_facts(serial, facts):
    assert len(read(serial).facts) == facts


@pytest.mark.parametrize(("serial", "end", "todo", "begins"), [
    (BEGIN + END[:-1], False, None, 1),
    (END + BEGIN, False, None, 1),
    (BEGIN + TODO + END, False, "01-3", 1),
    (BEGIN + END + TODO, True, None, 1),
    (BEGIN + TODO + TODO.replace(b"3", b"4"), False, "01-3", 1),
    (BEGIN + BEGIN + END, False, None, 2),
    (BEGIN + TODO + BEGIN, False, "01-3", 2),
    (BEGIN + b"x" + END, False, None, 1),
    (BEGIN + END.replace(b"01", b"02"), False, None, 1),
    (b"[01-vm86trap] begin 0x\n", False, None, 0),
    (b"[01-vm86trap] begin 0x" + b"1" * 17 + b"\n", False, None, 0),
], ids=range(11))
def test_how_a_run_ended(serial, end, todo, begins):
    said = read(serial)
    assert (said.end, said.todo, said.begins) == (end, todo, begins)


def test_the_first_begin_names_the_challenge():
    assert read(BEGIN, BEGIN.replace(b"1f", b"2f")).challenge == 0x1F


def test_carriage_returns_do_not_matter():
    lines = BEGIN + FACT + END
    assert read(lines.replace(b"\n", b"\r\n")) == read(lines)


def test_a_value_is_one_that_is_stated_once():
    said = read(BEGIN, FACT, FACT, b"@ n.0 0x5\n@ n.2 0x7\n")
    assert said.values("a.b") == [16, 16]
    assert said.value("a.b") is None
    assert said.value("nothing") is None
    assert said.numbered("n", 3) == [5, None, 7]


def test_groups_keep_the_first_of_two_with_the_same_value():
    said = read(BEGIN, b"@ x 0x9\n@ t 0x0\n@ x 0x1\n@ t 0x1\n@ x 0x2\n@ t 0x0\n@ x 0x3\n")
    groups = said.groups("t")
    assert {value: group.facts for value, group in groups.items()} \
        == {0: (("x", 1),), 1: (("x", 2),)}


def test_two_megabytes_are_capped():
    serial = BEGIN + b"@ a 0x1\n" * 262144 + END
    said = log.read(serial, LAB)
    assert len(serial) > 2 * log.MAX_BYTES
    assert len(said.facts) == (log.MAX_BYTES - len(BEGIN)) // len(b"@ a 0x1\n")
    assert not said.end  # it stood behind what is read


def test_one_endless_line_is_no_line():
    assert read(b"A" * (2 * log.MAX_BYTES), b"\n", BEGIN).begins == 0


def test_nothing_steers_the_terminal():
    assert log.printable("\x1b[2J\x07\x00\x9b\ufffd\u202e ok\n") == "?[2J????? ok\n"
    said = read(BEGIN, b"unexpected exception: #GP \x1b]0;title\x07" + b"x" * 500 + b"\n", FACT)
    assert said.exception.startswith("unexpected exception: #GP ?]0;title?x")
    assert len(said.exception) == 120
