"""The rubric of lab 05's second program: CR3 under the monitor of lab 04, in three ways.

The CPU's record says all: each VM exit with its reason, each entry with its registers, each
#GP that the guest's own kernel got. What the guest loads from its memory shows, in its
registers, which mapping the CPU works with.
"""

from grading.rubric import PASSED, Exercise
from grading.watch import NAMES
from grading.witness import VmEntry

from .challenge import draw  # noqa: F401 (the contract)
from .trace import EXERCISE, Departure, Follower, Life

REGION = "challenge"
STEPS = dict.fromkeys(NAMES, 0)  # run.vm says all

STORY = """\
The same guest, under the monitor of lab 04. It reads and writes CR3, in three ways: its #GP is
the exit; or its own kernel does it, whose mov is the exit; or the kernel knows values that
make no exit at all. The log counts the exits of each. What the guest believes to be in CR3
is never what the CPU has there.
"""

TOLD = {
    "@ run 0x0": "One address, three pages: the guest changes its CR3. Each mov is a #GP, an exit.",
    "@ run 0x1": "A directory outside its memory: the monitor gives the guest the #GP.",
    "@ run 0x2": "The same two, through the guest's kernel: its own mov is the exit.",
    "@ run 0x4": "201 changes of CR3, in three ways. Compare the exits: straight, ...",
    "@ run 0x5": "... through the kernel, ...",
    "@ run 0x6": "... and with the values that the CPU lets pass.",
}

EXERCISES = (
    Exercise("05-4", "CR3, straight from the task", 12,
             "look at emulate_mov_cr3(), load_cr3(), guest_cr3(): whose value is where?"),
    Exercise("05-5", "CR3, through the guest's kernel", 10,
             "look at emulate_cr_access(): the qualification, and what is injected"),
    Exercise("05-6", "CR3 without an exit", 8,
             "look at publish(): the pair, the target value, the count"),
)


def cannot(run):
    """Why this machine shows nothing of the lab."""
    if run.emulator == "qemu":
        return "QEMU's CPU has no VMX; Bochs has one that does: EMU=bochs"
    return None


def check(challenge, log, run):
    """Exercise id → Finding, for what this run lets us see."""
    truth, kernel, base = (run.symbols.get(name, 0) for name in ("shadows", "kernel_gp", "v86_base"))
    findings, seen, cut = {}, 0, None
    for program, life in zip(challenge.runs, lives(challenge, run)):
        try:
            Follower(program, life, truth, kernel - base).follow()
        except Departure as departure:
            findings.setdefault(departure.exercise, departure.finding)
            if departure.finding is None:  # the record breaks off
                cut = departure.exercise
                break
        seen += 1
    ways = [EXERCISE[program.way] for program in challenge.runs]
    for exercise in EXERCISES:
        last = len(ways) - 1 - ways[::-1].index(exercise.id)
        # A straight run that breaks off in what belongs to the next exercise will do.
        if seen > last or seen == last and cut not in (None, exercise.id):
            findings.setdefault(exercise.id, PASSED)
    return {exercise: finding for exercise, finding in findings.items() if finding}


def lives(challenge, run):
    """What the record has of each run that has begun, in order."""
    starts = [number for number, event in enumerate(run.vm)
              if isinstance(event, VmEntry) and event.how == "vmlaunch"]
    for start, end, program in zip(starts, [*starts[1:], None], challenge.runs):
        first = program.guest.start
        traps = [trap for trap in run.traps if trap.vector == 13 and trap.v86
                 and first <= trap.address < first + len(program.guest.code)]
        yield Life(run.vm[start:end], traps)
