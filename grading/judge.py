"""Decides: one verdict for each exercise, from the rubric's findings and the run's end."""

from pathlib import Path
from typing import NamedTuple

from grading import crash
from grading.errors import UsageError
from grading.log import printable
from grading.rubric import UNSEEN, failed

# From harmless to severe; the most severe verdict of a lab is the lab's.
VERDICTS = ("PASS", "SKIP", "TODO", "FAIL", "HANG", "CRASH", "ERROR")

TODO_HINT = "the comment there says what to do; when it is done, lab_todo() goes"
TODO_ELSEWHERE = "a step of an earlier lab: finish it there, or link the solution's: BASE=reference"


class Verdict(NamedTuple):
    """What became of one exercise."""

    exercise: object  # a rubric.Exercise
    status: str  # one of VERDICTS
    score: int
    expected: str = ""
    got: str = ""
    hint: str = ""


def judge(rubric, challenge, log, run):
    """The verdicts of all exercises, in order."""
    cannot = getattr(rubric, "cannot", lambda run: None)(run)
    if cannot and not run.problem:
        return [Verdict(exercise, "SKIP", 0, "", cannot) for exercise in rubric.EXERCISES]
    # An orderly end: said once, in one run, and confirmed by the machine.
    log = log._replace(end=log.end and log.begins == 1 and run.powered_off)
    if log.begins and log.challenge != challenge.id:
        claim = failed(f"begin {challenge.id:#010x}", f"begin {log.challenge:#010x}",
                       "the log speaks of another challenge than the one that was given")
        findings = {exercise.id: claim for exercise in rubric.EXERCISES}
    else:
        findings = {} if run.problem or not log.begins else rubric.check(challenge, log, run)
        known(findings, rubric)
    ending = how_it_ended(log, run, getattr(rubric, "TABLES", {}))
    order = [exercise.id for exercise in rubric.EXERCISES]
    reached = order.index(log.todo) if ending[0] == "TODO" and log.todo in order else None
    verdicts = []
    broken = None  # the first exercise that failed
    for number, exercise in enumerate(rubric.EXERCISES):
        finding = findings.get(exercise.id)
        passed_by = reached is not None and number < reached  # it has been written
        if finding is UNSEEN:
            finding = failed("", unseen(broken), "mend that first") if broken and passed_by else None
        if finding is None and passed_by:
            finding = failed("something of it in this run",
                             f"nothing, though the run got to TODO({log.todo})")
        verdicts.append(decide(exercise, finding, ending, broken))
        if verdicts[-1].status == "TODO" and log.todo not in order:
            verdicts[-1] = verdicts[-1]._replace(hint=TODO_ELSEWHERE)
        if not broken and verdicts[-1].status != "PASS":
            broken = exercise.id
    return verdicts


def known(findings, rubric):
    """UsageError if the rubric found something of an exercise that it has not: it would be lost."""
    strange = findings.keys() - {exercise.id for exercise in rubric.EXERCISES}
    if strange:
        lab = Path(rubric.__file__).parent.parent.name
        raise UsageError(f"labs/{lab}/rubric: check() names exercise {min(strange)!r}; "
                         "EXERCISES has no such")


def unbuilt(rubric, error):
    """The verdicts of a submission that does not build; `error`: the first complaint."""
    return [Verdict(exercise, "FAIL", 0, "the files compile and link", error,
                    "mend the first error; the others often go with it")
            for exercise in rubric.EXERCISES]


def not_there(rubric, why):
    """The verdicts of a lab whose files were not all handed in."""
    return [Verdict(exercise, "FAIL", 0, "all files of this lab", why, "make handin packs them")
            for exercise in rubric.EXERCISES]


def decide(exercise, finding, ending, broken):
    """The verdict of one exercise. If nothing was seen of it, why: because of
    `ending`, or else because `broken`, an earlier exercise, is."""
    if finding is None:
        status, expected, got = ending
        if status == "FAIL" and broken:
            return Verdict(exercise, status, 0, "", unseen(broken))
        hint = {"TODO": TODO_HINT, "FAIL": exercise.hint}.get(status, "")
        return Verdict(exercise, status, 0, expected, got, hint)
    if finding.passed:
        return Verdict(exercise, "PASS", exercise.points)
    return Verdict(exercise, "FAIL", 0, finding.expected, finding.got,
                   finding.hint or exercise.hint)


def unseen(broken):
    """Why nothing was seen of an exercise, in words; `broken`: the first one that failed."""
    return f"cannot be seen until {broken} works"


def how_it_ended(log, run, tables):
    """(verdict, expected, got) for an exercise of which the run shows nothing.

    `tables`: the rubric's TABLES, for crash.words().
    """
    if run.problem:
        return "ERROR", "the emulator runs", run.problem
    if not log.begins:
        if run.over_budget:
            return "HANG", "a begin line on the serial line", budget(run)
        return "CRASH", "a begin line on the serial line", "none"
    if log.begins > 1:
        return "CRASH", "one begin line", f"{log.begins}: the CPU was reset; {last_traps(run)}"
    if log.todo:
        return "TODO", "this step, written", f"the run stops at TODO({log.todo})"
    if run.over_budget:
        return "HANG", "the run ends", f"{budget(run)}; {last_traps(run)}"
    if run.reset:
        return "CRASH", "the run ends", crash.words(run, tables)
    if run.gave_up:
        return ("CRASH", "the run ends",
                f"{run.emulator} could not go on ({run.gave_up}); {last_traps(run)}")
    if log.exception:
        return "CRASH", "no exception", f"{log.exception}; {last_traps(run)}"
    if not log.end:
        return "CRASH", "the log's end line", f"the log breaks off{behind(log)}; {last_traps(run)}"
    return "FAIL", "something of it in this run", "nothing"


def behind(log):
    """The last line that the run said to people, if there is one."""
    lines = [line for line in log.text.split("\n") if line.strip()]
    return f' behind "{printable(lines[-1][:100])}"' if lines else ""


def budget(run):
    """In words, what a run without end used up."""
    return f"it used up its budget of {run.over_budget}"


def last_traps(run, count=3):
    """The run's last exceptions, in words."""
    if not run.traps:
        return "the CPU recorded no exception"
    return "last exceptions: " + ", then ".join(crash.briefly(trap, run)
                                               for trap in run.traps[-count:])


def most_severe(verdicts):
    """The verdict of the whole; nothing reported is our error."""
    return max((verdict.status for verdict in verdicts), key=VERDICTS.index, default="ERROR")


def worst(judged):
    """Of several runs' verdicts, exercise by exercise the most severe: the first of them."""
    return [max(verdicts, key=lambda verdict: VERDICTS.index(verdict.status))
            for verdicts in zip(*judged)]


def worst_run(judged):
    """The number of the run that earned least."""
    scores = [sum(verdict.score for verdict in verdicts) for verdicts in judged]
    return scores.index(min(scores))
