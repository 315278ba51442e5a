"""timeline/shape.py, record.load(): a file that says it is a saved run is not believed."""

import copy
import json
import random

import pytest

from grading.errors import UsageError
from grading.tests.one_line import assert_one_line
from timeline import page, record, text
from timeline.tests.called import call

ODD = (None, True, -1, 9, 1.5, float("nan"), 1 << 70, "", "\x1b[2J\ud800\n", "../../x", "zz", [], [1], {},
       {"k": "trap"})


@pytest.fixture(scope="module", name="values")
def fixture_values(task):
    return json.loads(json.dumps(record.of(task)))


def load(folder, values):
    """What comes of these values, saved."""
    path = folder / "run.json"
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    return record.load(path)


def test_what_was_saved_comes_back(values, tmp_path):
    assert load(tmp_path, values) == values
    outline = record.outline(values)
    assert load(tmp_path, outline) == outline


@pytest.mark.parametrize("wrong", [
    {"lab": "../../x"}, {"lab": "01"}, {"lab": ""}, {"lab": None}, {"version": 1}, {"events": [1]},
    {"events": [{"k": "trap"}]}, {"events": {}}, {"lanes": ["one"]}, {"registers": ["eax"]},
    {"code": []}, {"paths": [[10 ** 6]]}, {"title": "x"}, {"end": "late"}, {"seed": 1 << 64}],
    ids=json.dumps)
def test_a_run_that_cannot_be_is_refused(values, wrong, tmp_path):
    with pytest.raises(UsageError, match="is no run that make timeline SAVE=FILE has saved"):
        load(tmp_path, values | wrong)


@pytest.mark.parametrize("part", [{"a": 9}, {"b": -1}, {"c": 10 ** 6}, {"p": 10 ** 6}, {"k": "end"}, {"r": ["1"]},
                                  {"v": ["x", "zz", "read"]}, {"f": [["one"]]}, {"more": 1}, {"t": True}],
                         ids=json.dumps)
def test_an_event_that_cannot_be_is_refused(values, part, tmp_path):
    events = [*values["events"][:3], values["events"][3] | part]
    with pytest.raises(UsageError, match="is no run that"):
        load(tmp_path, values | {"events": events})


@pytest.mark.parametrize("content", ["", "[" * 100_000, "{", "\x00", "1" * 5000, "[1]", '{"version": 2, "events": []}',
                                     '{"version": 2, "events": [1]}', "null"], ids=lambda each: each[:30])
@pytest.mark.parametrize("option", ["--show", "--compare"])
def test_what_is_no_run_is_one_line(values, content, option, tmp_path):
    (tmp_path / "right.json").write_text(json.dumps(values))
    (tmp_path / "wrong.json").write_text(content)
    more = ["--show", tmp_path / "right.json"] if option == "--compare" else []
    assert_one_line(call(*more, option, tmp_path / "wrong.json", "-o", tmp_path / "x.html"),
                    "wrong.json", "SAVE=FILE")
    assert not (tmp_path / "x.html").exists()


@pytest.mark.parametrize("path", ["", ".", "nowhere", "/dev/zero"])
def test_what_is_no_file_is_one_line(path, tmp_path):
    assert_one_line(call("--show", path, cwd=tmp_path), "SAVE=FILE writes such a file")


def test_no_text_steers_the_terminal(values, tmp_path):
    """Nor the page, which has its own test: here nothing comes to either."""
    hostile = copy.deepcopy(values)
    for event in hostile["events"]:
        event["n"] += "\x1b]0;pwned\x07\n\u202e"
        event["f"] = [["\x1b[2J", "\x9b1m\r"]]
    hostile |= {"emulator": "\x1b[1m", "ended": "\n\x1b[1m", "functions": ["\x1b\n"] * len(values["functions"])}
    lines = list(text.lines(load(tmp_path, hostile)))
    assert len(lines) == len(values["events"]) + 1
    assert all(line[:-1].isprintable() and line.endswith("\n") for line in lines)
    assert all(line[:-1].isprintable() for line in text.lines(hostile, hostile))  # of a live run


def places(values, at=()):
    """The path of each value in a value."""
    yield at
    if isinstance(values, (dict, list)):
        for key in values if isinstance(values, dict) else range(len(values)):
            yield from places(values[key], (*at, key))


def put(values, path, odd):
    """A copy with another value at a path."""
    if not path:
        return odd
    values = copy.copy(values)
    values[path[0]] = put(values[path[0]], path[1:], odd)
    return values


def test_whatever_is_let_in_can_be_shown(values, tmp_path):
    """Two thousand runs with one value of another kind."""
    short = values | {"events": values["events"][:4], "log": "", "files": values["files"][:1]}
    short = json.loads(json.dumps(short))
    short["code"] = [code[:5] + [-1, 0] for code in short["code"]]
    every, chance, shown = list(places(short)), random.Random(1), 0
    for _ in range(2000):
        path, odd = chance.choice(every), chance.choice(ODD)
        try:
            values = load(tmp_path, put(short, path, odd))
        except UsageError:
            continue
        shown += 1
        page.render(values, values).encode()
        assert all(line[:-1].isprintable() for line in text.lines(values, values)), (path, odd)
    assert 100 < shown < 1900
