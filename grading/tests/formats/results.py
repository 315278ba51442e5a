"""Results as the grader makes them, with every status, and with texts that mean no good."""

from types import SimpleNamespace

from grading import report
from grading.judge import VERDICTS, Verdict
from grading.rubric import Exercise
from grading.witness import Run

HOSTILE = ("\x1b[31mred\x1b[0m", "]]>", "</script><b>", "=cmd()", "not ok 1 - mine", "Bail out!",
           "  ---\n  ...\nok 1 - mine", "# Subtest: x", "1..1", "a: &b [*b",
           "04-vmlaunch on Bochs 2.7, SEED=7", "\x00\r\x7f\u2028\ud800", 'a " and \\ and \\n',
           "<!--", "<![CDATA[", "+1", "@SUM(A1)", "-2+3",
           '{"_presentation": "semantic"}', '{"scores": {"lab01": 100}}')
SAID = "\n".join(HOSTILE)  # the last line is the worst
SECRETS = ("secretly wanted", "secretly had", "secretly hinted", "secretly logged")
POINTS = {"01-vm86trap": (10, 20, 30, 40), "02-guest-resources": (50, 25, 25),
          "03-host-vmx": (60, 40), "04-vmlaunch": (60, 30, 10),
          "05-cr3-exercise": (20, 25, 25), "05-cr3-vmx": (12, 10, 8)}
FIRST = {"05-cr3-vmx": 4}  # the number of its first exercise; of the others', 1


def verdict(name, number, points, status):
    """A verdict with hostile texts, if it is not PASS."""
    exercise = Exercise(f"{name[:2]}-{number}", f"step {number} # TODO \\ of {name}", points, "?")
    if status == "PASS":
        return Verdict(exercise, status, points)
    return Verdict(exercise, status, 0, f"what {status} wants", f"{status}\n{SAID}", "look there")


def program(name, statuses, seed=7, said=SAID):
    """The internal result of one program, as the grader makes it."""
    boots = [Run(b"", [], None, False, True, "bochs", seconds) for seconds in (0.25, 0.5)]
    origin = report.Origin(seed, "bochs", "Bochs 2.7", "gcc 12.2.0", "ab" * 32, "own",
                           ["cd" * 32, "ef" * 32])
    verdicts = [verdict(name, number, points, status) for number, (points, status)
                in enumerate(zip(POINTS[name], statuses), FIRST.get(name, 1))]
    return report.result(SimpleNamespace(name=name, uses=()), verdicts, boots, origin, said)


def hide(result, number, visibility="hidden"):
    """Gives an exercise of the result that visibility, and SECRETS."""
    result["exercises"][number] |= {"visibility": visibility, "expected": SECRETS[0],
                                    "got": SECRETS[1], "hint": SECRETS[2]}
    result["output"] += f"\n{SECRETS[3]}"
    return result


def unbuilt(name):
    """A program that did not build: there are no runs, and no section."""
    result = program(name, ["FAIL"] * len(POINTS[name]))
    return result | {"runs": [], "exercises": [exercise | {"section": ""}
                                               for exercise in result["exercises"]]}


def five_labs():
    """A submission of five labs: every status, hidden exercises, one that did not build."""
    return [program("01-vm86trap", ("PASS", "FAIL", "HANG", "TODO"), 2**64 - 1),
            hide(program("02-guest-resources", ("PASS", "FAIL", "SKIP")), 1),
            unbuilt("03-host-vmx") | {"borrowed": ["challenge", "report"]},
            program("04-vmlaunch", ("CRASH", "ERROR", "PASS")),
            program("05-cr3-exercise", ("PASS", "PASS", "TODO")),
            hide(program("05-cr3-vmx", ("PASS", "PASS", "FAIL")), 2, "after_due_date")]


def perfect():
    """The solution of five labs."""
    return [program(name, ["PASS"] * len(points), said="") for name, points in POINTS.items()]


CASES = {"five labs": five_labs(), "all right": perfect(), "unbuilt": [unbuilt("03-host-vmx")],
         **{status: [program("03-host-vmx", (status, "PASS"))] for status in VERDICTS}}


def exercises(results):
    return [exercise for result in results for exercise in result["exercises"]]


def total(results, name):
    return sum(exercise[name] for exercise in exercises(results))


def worst(results):
    return max((exercise["status"] for exercise in exercises(results)), key=VERDICTS.index)


def named(exercise):
    return f"{exercise['id']} {exercise['title']}"
