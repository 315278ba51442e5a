"""report.py: what is printed for people."""

import io

from grading import report

LOG = "begin\n@ run 0x0\n@ a 0x1\n@ b 0x2\n@ c 0x3\nsaid\n@ run 0x0\n@ d 0x4\nend\n"


def told(what):
    """What a visitor sees of LOG."""
    out = io.StringIO()
    report.tell(LOG, what, out)
    return out.getvalue().splitlines()


def test_of_many_facts_in_a_row_the_first_is_seen():
    assert told({}) == ["  | begin", "  | @ run 0x0", "  | @ ...", "  | said", "  | @ run 0x0",
                        "  | @ ...", "  | end"]


def test_what_is_to_be_told_stands_once_in_front_of_its_line():
    lines = told({"@ run 0x0": "It runs.", "never": "This is not told."})
    assert lines[:5] == ["  | begin", "", "    It runs.", "  | @ run 0x0", "  | @ a 0x1"]
    assert "    It runs." not in lines[5:] and not [line for line in lines if "not told" in line]
