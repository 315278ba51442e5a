"""The rubric of lab @NUMBER@: what each step is worth, and how it is seen.

The log claims (@ base.n); the machine's memory witnesses: `answers`, as it is at the end.
"""

from grading.rubric import PASSED, Exercise, failed

from .challenge import COUNT, draw  # noqa: F401 (draw: the contract)

REGION = "challenge"
MEMORY = {"answers": 4 * COUNT}

STORY = """\
A segment descriptor holds its base in two pieces, for a reason that is forty years old.
The program is shown sixteen descriptors, and says where each segment begins (@ base...).
"""

EXERCISES = (
    Exercise("@NUMBER@-1", "the base of a segment", 100,
             "look at descriptor_base(): which bits are which piece?"),
)


def check(challenge, log, run):
    """Exercise id → Finding, for what this run lets us see."""
    findings = {"@NUMBER@-1": check_bases(challenge, log, run)}
    return {exercise: finding for exercise, finding in findings.items() if finding}


def check_bases(challenge, log, run):
    """@NUMBER@-1: what is in the machine's memory, and what the log says of it. None if unseen."""
    content = run.memory.read(run.symbols["answers"], 4 * COUNT)
    if content is None or not log.end:
        return None
    said = log.numbered("base", COUNT)
    for number, (descriptor, want) in enumerate(zip(challenge.descriptors, challenge.bases)):
        got = int.from_bytes(content[4 * number:4 * number + 4], "little")
        what = f"the base of {descriptor:#018x}: {want:#x}"
        if got != want:
            return failed(what, f"{got:#x}")
        if said[number] != got:
            return failed(f"{what}, and @ base.{number} in the log", "another line, or none")
    return PASSED
