"""bench/: figures, tables, the published page; and that a wrong grade is no figure."""

import json
import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import SimpleNamespace

import pytest

from bench import CHAPTERS, classes, inner, page, rounds
from grading import lab
from grading.errors import UsageError
from grading.tests.one_line import assert_one_line

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
    assert module.TITLE and module.WANTED
    assert module.__doc__.startswith(f"{module.TITLE}: "), "the page shows the rest"


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
    assert page.retold(record, CHAPTERS) == record, "bench/bench --render writes it again"


def test_new_texts_leave_every_figure(tmp_path):
    old = json.loads((page.DOCS / "bench.json").read_text())
    for kept in old["chapters"].values():
        kept["about"] = kept["why"] = kept["title"] = "old"
    page.publish(old, tmp_path)
    page.render(CHAPTERS, tmp_path)
    for name in ("bench.json", "bench.md"):
        assert (tmp_path / name).read_text() == (page.DOCS / name).read_text()


def test_no_chapter_says_its_title_twice():
    record = json.loads((page.DOCS / "bench.json").read_text())
    for kept in record["chapters"].values():
        assert not kept["about"].lower().startswith(kept["title"].lower())


def test_the_figures_in_the_readme_are_those_of_the_page():
    record = json.loads((page.DOCS / "bench.json").read_text())
    solution, shortest = record["chapters"]["exits"]["rows"][:2]
    said = re.search(r"takes the solution of lab 04\s+(\d+) instructions\s+from\s+exit to entry, (\d+)",
                     (lab.ROOT / "README.md").read_text())
    assert said and [int(each) for each in said.groups()] == [solution["most"], shortest["most"]]


@pytest.mark.parametrize("arguments", [["--publish", "--quick"], ["--only", "nothing"],
                                       ["--render", "--quick"]])
def test_bad_arguments_are_refused(arguments):
    assert_one_line(subprocess.run([*BENCH, *arguments], capture_output=True, text=True,
                                   check=False))


@pytest.mark.parametrize("argument", ["BENCH=quik", "PUBLISH=1", "PUBLISH=yes no"])
def test_make_refuses_what_is_mistyped(argument):
    done = subprocess.run(["make", "-n", "bench", argument], cwd=lab.ROOT, text=True, check=False,
                          capture_output=True)
    name = argument.partition("=")[0]
    assert done.returncode == 2 and f"{name}=" in done.stderr and "is unknown" in done.stderr
    assert "bench/bench" not in done.stdout


def test_a_part_of_it_prints_and_keeps_nothing(tmp_path):
    (tmp_path / "bench.json").write_text("a whole record")
    done = subprocess.run([*BENCH, "--quick", "--only", "builds", "--out", tmp_path],
                          stdout=subprocess.PIPE, text=True, check=True)
    assert "from clean, -j2" in done.stdout and "nothing to do" in done.stdout
    assert (tmp_path / "bench.json").read_text() == "a whole record"


def all_of_it(chapters, monkeypatch, *arguments):
    """A bench of these chapters; its exit code."""
    loader = SourceFileLoader("bench_program", BENCH[1])
    program = module_from_spec(spec_from_loader("bench_program", loader))
    loader.exec_module(program)
    monkeypatch.setattr(program, "CHAPTERS", chapters)
    monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
    return program.main()


def test_all_of_it_is_kept_where_one_says(tmp_path, monkeypatch, capsys):
    chapter = SimpleNamespace(TITLE="T", WANTED="w", WHY="y", __doc__="T: about", reached=all,
                              measure=lambda folder, quick: [{"what": 1}])
    assert not all_of_it({"one": chapter}, monkeypatch, "--quick", "--out", tmp_path / "new")
    kept = json.loads((tmp_path / "new" / "bench.json").read_text())
    assert kept["quick"] and kept["chapters"]["one"]["rows"] == [{"what": 1}]
    assert kept["chapters"]["one"]["about"] == "About" and "what" in capsys.readouterr().out
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file/bench.json cannot be written: "):
        page.put("", tmp_path / "file" / "bench.json")
