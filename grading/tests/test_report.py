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


def printed(status, uses, runs=({},)):
    """What is printed of a result with an exercise of that status."""
    exercise = {"id": "04-1", "title": "one", "score": 0, "max": 5, "status": status, "expected": "",
                "got": "", "hint": "", "section": ""}
    out = io.StringIO()
    report.table({"lab": "04-x", "base": "own", "uses": uses, "borrowed": [], "runs": runs, "seed": 1, "score": 0, "max": 5,
                  "versions": {"emulator": "bochs 2.7"}, "exercises": [exercise]}, out)
    return out.getvalue()


def test_files_of_other_labs_may_be_at_fault():
    line = "  your own files of 01-a, 03-b are in it, too; with the solution's: make grade BASE=reference"
    for status in ("FAIL", "CRASH", "HANG"):
        assert line in printed(status, ["01-a", "03-b"]).splitlines()
        assert "BASE=" not in printed(status, [])
    for status in ("PASS", "TODO", "SKIP", "ERROR"):
        assert "BASE=" not in printed(status, ["01-a", "03-b"])
    assert "BASE=" not in printed("FAIL", ["01-a", "03-b"], runs=[])  # it was never built
