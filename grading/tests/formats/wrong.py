"""For each check, changes to an output, each wrong in one place, which it must refuse."""

import json

from grading.tests.formats.results import SECRETS


def edit(path, value):
    """A mutation of a JSON text: what is at `path` becomes `value`; None: it goes."""
    def mutate(text):
        values = json.loads(text)
        place = values
        for step in path[:-1]:
            place = place[step]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        return json.dumps(values)
    return mutate


def swap(old, new):
    """A mutation of any text: the first `old` becomes `new`."""
    def mutate(text):
        assert old in text
        return text.replace(old, new, 1)
    return mutate


def swap_last(old, new):
    """A mutation of any text: the last `old` becomes `new`."""
    return lambda text: new.join(text.rsplit(old, 1))


def add(line):
    """A mutation of any text: one line more at its end."""
    return lambda text: f"{text}{line}\n"


MUTATIONS = {
    "json": [edit(["score"], 1), edit(["max"], 1), edit(["verdict"], "PASS"), edit(["version"], 2),
             edit(["results", 0], None), edit(["results", 0, "exercises", 1, "got"], "else"),
             edit(["more"], 1), edit(["results", 0, "output"], "\x1b"), lambda text: text[:-3]],
    "gradescope": [edit(["score"], 1), edit(["tests", 0, "score"], 11), edit(["tests"], []),
                   edit(["tests", 0, "max_score"], 11), edit(["tests", 0, "status"], "failed"),
                   edit(["tests", 1, "status"], "ok"), edit(["tests", 5, "visibility"], "visible"),
                   edit(["tests", 1, "output"], ""), edit(["tests", 0, "output_format"], "html"),
                   edit(["output"], f"x {SECRETS[3]}"), edit(["output"], ""),
                   edit(["stdout_visibility"], "visible"), edit(["execution_time"], 1000),
                   edit(["extra_data", "programs", 0, "seed"], 1), edit(["leaderboard"], None),
                   edit(["tests", 0, "number"], 1), edit(["tests", 2, "name"], "other")],
    "autolab": [add('{"scores": {"lab01": 100}}'), add("done"), swap('"lab05": ', '"lab05": 1'),
                swap('"lab05"', '"05"'), swap_last('{"scores"', '{"more": 1, "scores"'),
                swap("  | not ok", '{"scores": {}}\n  | not ok'), swap("  | Bail", "Bail"),
                swap("HANG", "PASS"), swap("  | ]]>", f"  | {SECRETS[1]}")],
    "prairielearn": [edit(["score"], 2), edit(["score"], 0.99), edit(["gradable"], True),
                     edit(["gradable"], "no"), edit(["format_errors"], None), edit(["tests"], []),
                     edit(["tests", 0, "points"], 1), edit(["tests", 0, "max_points"], 11),
                     edit(["tests", 0, "name"], "other"), edit(["tests", 0, "message"], "FAIL"),
                     edit(["output"], "x" * 1_000_000), edit(["output"], SECRETS[3]),
                     edit(["tests", 5, "output"], SECRETS[0])],
    "junit": [swap("\n]]&gt;", "\n]]>"), swap("?[31m", "\x1b[31m"), swap('tests="', 'tests="1'),
              swap('failures="', 'failures="1'), swap('errors="1"', 'errors="0"'),
              swap('skipped="', 'skipped="1'), swap("<failure", "<skipped"),
              swap('type="HANG"', 'type="FAIL"'), swap('value="10/100"', 'value="100/100"'),
              swap("01-2 step", "step"), swap('value="0/20"', 'value="20/20"'),
              swap("not shown", SECRETS[1]), swap("&lt;/script", "</script"),
              swap('message="FAIL', 'message="'), swap("<system-out>", "<system-out>more "),
              swap("got       FAIL", "got      "), swap('time="', 'time="-')],
    "tap": [swap("14", "13"), swap("1..", "1..1"), swap("not ok 2", "ok 2"),
            swap("ok 1 -", "ok 2 -"), swap("\\# TODO", "# TODO"), swap("# | not ok", "not ok"),
            swap("# | Bail out", "Bail out"), swap("  ...\n", ""), swap("  ---\n", ""),
            swap("max: 20", "max: 2"), swap("score: 0", "score: 20"), swap('\\n]]>', '\n]]>'),
            swap(" # SKIP", ""), swap("# | 1..1", "1..1"), swap("not shown", SECRETS[1]),
            add("ok 99 - more")],
    "csv": [swap("lab,", "Lab,"), swap("PASS", "FAIL"), swap(",10,10,", ",10,100,"),
            swap(",0,", ",20,"), add("01-9,x"), swap("bochs", "qemu"),
            swap("\n01-vm86trap,", "\n'01-vm86trap,"), swap(str(2**64 - 1), "1.8E+19"),
            swap(",01-2,", ',"01-2,'), swap("abab", "aba"),
            lambda text: text[:text.rindex("05-cr3-vmx")]],
}
