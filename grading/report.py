"""Last stage: the internal result (result.schema.json), and a table for people."""

import sys
from typing import NamedTuple

from grading import borrowed
from grading.judge import most_severe
from grading.log import MAX_BYTES, printable

VERSION = 1  # of the JSON; result.schema.json describes it
BROKEN = ("FAIL", "CRASH", "HANG")
COLOURS = {"PASS": "32", "TODO": "33", "SKIP": "33"}  # the others: red


class Origin(NamedTuple):
    """Of what a grade is the grade, and with what it was made."""

    seed: int  # of the first challenge; the others' follow
    emulator: str
    emulator_version: str
    compiler: str
    submission_sha256: str
    base: str  # "own", or "reference" for what the lab uses of other labs
    image_sha256: list  # one for each challenge; none if it did not build
    borrowed: tuple = ()  # names of the tests' own that the files use


def result(lab, verdicts, runs, origin, text):
    """The internal result, as plain values; `runs` is empty if nothing was booted."""
    return {
        "version": VERSION,
        "lab": lab.name,
        "score": sum(verdict.score for verdict in verdicts),
        "max": sum(verdict.exercise.points for verdict in verdicts),
        "verdict": most_severe(verdicts),
        "seed": origin.seed,
        "base": origin.base,
        "uses": sorted({path.split("/")[0] for path in lab.uses}),
        "borrowed": list(origin.borrowed),
        "emulator": origin.emulator,
        "versions": {"emulator": origin.emulator_version, "compiler": origin.compiler},
        "submission_sha256": origin.submission_sha256,
        "runs": [{
            "seed": origin.seed + number,
            "cpu": run.cpu,
            "cpu_seconds": round(run.cpu_seconds, 3),
            "exceptions": len(run.traps),
            "image_sha256": image_sha256,
        } for number, (run, image_sha256) in enumerate(zip(runs, origin.image_sha256))],
        "exercises": [{
            "id": verdict.exercise.id,
            "number": number,
            "title": verdict.exercise.title,
            "score": verdict.score,
            "max": verdict.exercise.points,
            "status": verdict.status,
            "expected": verdict.expected,
            "got": printable(verdict.got),
            "hint": verdict.hint,
            "section": f"README, {verdict.exercise.id}" if runs else "",
            "visibility": "visible",
            "tags": [],
        } for number, verdict in enumerate(verdicts, 1)],
        "output": printable(text),
    }


def colour(status, file):
    """The status, coloured if `file` is a terminal."""
    if not file.isatty():
        return status
    return f"\x1b[{COLOURS.get(status, '31')}m{status}\x1b[0m"


def table(values, file=sys.stdout, seed=True):
    """Prints the result for people: what passed, and of the rest, why not."""
    base = ", BASE=reference" if values["base"] == "reference" else ""
    shown = f", SEED={values['seed']}" if seed else ""
    print(f"{values['lab']} on {values['versions']['emulator']}{shown}{base}", file=file)
    stopped = None
    ids = max(len(exercise["id"]) for exercise in values["exercises"])
    titles = max(28, *(len(exercise["title"]) for exercise in values["exercises"]))
    for exercise in values["exercises"]:
        print(f"  {exercise['id']:{ids}}  {exercise['title']:{titles}} {exercise['score']:3}/"
              f"{exercise['max']:<3} {colour(exercise['status'], file)}", file=file)
        if exercise["status"] == "PASS":
            continue
        why = (exercise["status"], exercise["expected"], exercise["got"])
        if why == stopped:
            continue  # the same end of the run: said once
        stopped = why
        if exercise["expected"]:
            print(f"          expected  {exercise['expected']}", file=file)
        if exercise["got"]:
            print(f"          got       {exercise['got']}", file=file)
        if exercise["hint"]:
            where = f" ({exercise['section']})" if exercise["section"] else ""
            print(f"          hint      {exercise['hint']}{where}", file=file)
    for line in filter(None, (others(values), borrowed.told(values["borrowed"]))):
        print(f"  {line}", file=file)
    print(f"  {values['lab']}: {values['score']}/{values['max']}", file=file)


def others(values):
    """A line on the student's files of other labs, if they may be at fault."""
    broken = any(exercise["status"] in BROKEN for exercise in values["exercises"])
    if not broken or not values["uses"] or not values["runs"]:
        return ""
    return f"your own files of {', '.join(values['uses'])} are in it, too; with the solution's: " \
        "make grade BASE=reference"


def tell(text, told, file=sys.stdout):
    """Prints a serial log for visitors: in front of a line what `told` has for its start,
    once; and of many facts in a row the first."""
    waiting, facts = dict(told), 0
    for line in text.splitlines():
        start = next((start for start in waiting if line.startswith(start)), None)
        facts = facts + 1 if line.startswith("@ ") and not start else 0
        if start:
            print(f"\n    {waiting.pop(start)}", file=file)
        if facts < 3:
            print(f"  | {line if facts < 2 else '@ ...'}", file=file, flush=True)


def show(run):
    """Prints what the run said, and what the CPU recorded."""
    print("--- the serial log")
    print(printable(run.serial[:MAX_BYTES].decode("ascii", errors="replace")))
    print(f"--- the CPU's record: {len(run.traps)} exceptions")
    for trap in run.traps:
        print(trap)
        if trap.registers:
            print("   ", " ".join(f"{name}={value:08x}" for name, value in trap.registers.items()),
                  f"eflags={trap.eflags:08x}")
    print("---")
