"""bench/: figures, tables, the published page; and that a wrong grade is no figure."""

import json
import re
import subprocess
import sys

import pytest

from bench import CHAPTERS, classes, inner, page, rounds
from grading import lab
from grading.errors import UsageError

BENCH = [sys.executable, str(lab.ROOT / "bench" / "bench")]
MACHINE = {"processor": "a CPU", "cores": 2, "system": "a system", "kernel": "1", "tools": ["x 1"]}


def test_ratios_are_taken_round_by_round():
    times = iter([9, 9, 1, 2, 3, 12])  # the first round warms up
    taken = rounds.in_turn({"floor": lambda: next(times), "grade": lambda: next(times)}, 2)
    assert taken == {"floor": [1, 3], "grade": [2, 12]}
    assert rounds.figure(rounds.ratios(taken["grade"], taken["floor"])) == (3, 2, 4, 2)


def test_a_command_that_says_something_else_is_no_figure():
    assert rounds.seconds(["echo", "lab: 100/100"], "100/100") > 0
    with pytest.raises(UsageError, match="'100/100' was expected, not: lab: 90/100"):
        rounds.seconds(["echo", "lab: 90/100"], "100/100")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_says_what_it_wants(name):
    module = CHAPTERS[name]
    assert module.TITLE and module.WANTED and module.__doc__


def row(floor):
    return {"× floor": rounds.figure([floor])}


def test_goals_can_be_missed():
    assert inner.reached([row(1.2)]) and not inner.reached([row(1.2), row(1.3)])
    fine = {"submissions": 50, "cores": 1, "a minute": 100, "seconds each": 0.6,
            "cores busy, %": 99, "memory of the class, MiB": 30}
    two = fine | {"cores": 2, "a minute": 195, "seconds each": 0.3}
    assert classes.reached([fine, two])
    assert classes.reached([fine]) is None  # one core: nobody can tell
    for worse in ({"a minute": 150}, {"cores busy, %": 80}):
        assert not classes.reached([fine, two | worse])
    larger = {"submissions": 100}
    for worse in ({"seconds each": 0.7}, {"memory of the class, MiB": 40}):
        assert not classes.reached([fine, two, fine | larger | worse, two | larger])


def test_a_page_has_every_figure():
    rows = [{"lab": "01", "× floor": rounds.figure([1.5, 1.1, 2.0])}, {"lab": "02", "more": 7}]
    kept = page.chapter(inner, [{**each, "× floor": each.get("× floor", rounds.figure([1]))}
                                for each in rows])
    record = {"date": "a day", "machine": MACHINE, "quick": False, "chapters": {"inner": kept}}
    text = page.markdown(json.loads(page.dumps(record)))
    assert "| 01 | 1.5 (1.1 … 2) |  |" in text and "| 02 | 1 (1 … 1) | 7 |" in text
    assert "**not reached**" in text and "3 rounds" in text
    assert "1.5 (1.1 … 2)" in page.text(kept) and "not reached" in page.text(kept)


def test_the_published_page_is_what_was_measured():
    record = json.loads((page.DOCS / "bench.json").read_text())
    assert list(record["chapters"]) == list(CHAPTERS) and not record["quick"]
    assert (page.DOCS / "bench.md").read_text() == page.markdown(record)


def test_the_figures_in_the_readme_are_those_of_the_page():
    record = json.loads((page.DOCS / "bench.json").read_text())
    solution, shortest = record["chapters"]["exits"]["rows"][:2]
    said = re.search(r"takes the solution of lab 04\s+(\d+) instructions\s+from\s+exit to entry, (\d+)",
                     (lab.ROOT / "README.md").read_text())
    assert said and [int(each) for each in said.groups()] == [solution["most"], shortest["most"]]


@pytest.mark.parametrize("arguments", [["--publish", "--quick"], ["--only", "nothing"]])
def test_bad_arguments_are_refused(arguments):
    done = subprocess.run([*BENCH, *arguments], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and done.stderr.strip()


def test_a_quick_bench_prints_and_keeps():
    done = subprocess.run([*BENCH, "--quick", "--only", "builds"], stdout=subprocess.PIPE,
                          text=True, check=True)
    assert "nothing to do" in done.stdout
    kept = json.loads((lab.ROOT / "build" / "bench.json").read_text())["chapters"]["builds"]
    assert [row["what"] for row in kept["rows"]] == ["from clean, -j2", "nothing to do"]
