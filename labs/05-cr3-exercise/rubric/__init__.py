"""The rubric of lab 05, its first program: what each step is worth, and how it is seen.

The CPU's record (run.traps) witnesses, split by address: each task of the challenge has
its own place in the guest's memory. It has CR3, and the registers show what the guest
found in its memory. The monitor's paging structures are read out of the machine's.
"""

from grading.rubric import PASSED, Exercise, failed

from .challenge import FROM, HEADER, POOL_PAGES, TO, decoded, draw  # noqa: F401 (the contract)
from .machine import PAGE_SIZE
from .pool import check_shadow, check_structures, left_alone
from .trace import REFLECT, at, check_tasks, own_cr3, recorded, where

REGION = "challenge"
CHECKPOINTS = ("task_halted",)  # a run that hangs later has shown what went before
MEMORY = {"pool": POOL_PAGES * PAGE_SIZE, "challenge": HEADER}

STORY = """\
The tasks of lab 01, with paging. A task asks for CR3 and is told (CR3=...). Then it writes
CR3, again and again, with page tables of its own: one address, and each time another page
answers (page 4 says...). What it writes never reaches the CPU: the monitor checks it, and
copies it, in its own numbers. A directory outside the guest's memory is refused, as a CPU
would refuse it: the guest finds itself in its own handler (#GP in the guest).
"""

EXERCISES = (
    Exercise("05-1", "paging, where it is wanted", 20,
             "look at build_paging(): all 1024 entries of both; and at start_paging()"),
    Exercise("05-2", "mov %cr3, reg", 25,
             "look at decode_cr3.c: which bits say that it is CR3? then at emulate_cr3()"),
    Exercise("05-3", "mov reg, %cr3", 25,
             "look at cr3_allowed() and shadow(): which addresses are the guest's, which ours? And "
             "does emulate_cr3() write CR3 behind it?"),
)

GP = 13
CR0_PG = 1 << 31


def check(challenge, log, run):
    """Exercise id → Finding, for what this run lets us see."""
    seen = [[trap for trap in run.traps if trap.vector == GP and trap.v86 and trap.segments
             and trap.registers and task.guest.start <= trap.address
             < task.guest.start + len(task.guest.code)] for task in challenge.tasks]
    groups = log.groups("task")
    writing = [task.writes for task in challenge.tasks]
    first, last = writing.index(True), len(writing)
    findings = {
        "05-1": check_paging(challenge, log, run, seen),
        "05-2": check_reading(challenge, log, groups, seen[:first], run),
        "05-3": check_writing(challenge, log, groups, seen, run, range(first, last)),
    }
    return {exercise: finding for exercise, finding in findings.items() if finding}


def check_paging(challenge, log, run, seen):
    """05-1: CR3 and PG at every trap up to a task's first write; the structures."""
    started = [number for number, traps in enumerate(seen) if traps]
    if 0 not in started:
        claims = log.values("task.halted") and log.end
        return failed("the tasks in virtual-8086 mode, by the CPU's record",
                      "none of them, though the log says how they ended") if claims else None
    want, got = challenge.tasks[0].guest.traps[0], seen[0][0]
    if got.address != want.address:
        return failed(f"the first trap at {where(want.cs, want.ip)}", f"at {at(got)}")
    structures = []
    for number in started:
        task = challenge.tasks[number]
        for trap, want in zip(seen[number], task.guest.traps):
            if want.cr3 is not None:
                break  # from here on it is 05-3
            wrong = check_registers(task, number, trap, run)
            if wrong:
                return wrong
        if not task.writes and left_alone(challenge.tasks, number, started):
            structures.append(check_structures(task, run))
    return next((finding for finding in structures if finding is not PASSED), PASSED)


def check_registers(task, number, trap, run):
    """None, or what is wrong with the CPU's own CR3 and CR0 at a trap."""
    want = own_cr3(task, run)
    if trap.cr3 != want:
        return failed(f"CR3 {want:#x} in task {number}, page {task.directory} of the pool",
                      f"{recorded(trap.cr3)} at {at(trap)}",
                      "look at start_paging()")
    if not trap.cr0 & CR0_PG:
        return failed("paging on (PG in CR0)", f"CR0 {trap.cr0:#x} at {at(trap)}",
                      "look at start_paging()")
    return None


def check_reading(challenge, log, groups, seen, run):
    """05-2: both decoders, then all that the tasks were told."""
    if not any(seen):
        return None
    for name, opcode in (("from", FROM), ("to", TO)):
        finding = check_decoder(challenge, log, name, opcode)
        if finding is not PASSED:
            return finding
    return check_tasks(challenge, range(len(seen)), groups, seen, run)


def check_decoder(challenge, log, name, opcode):
    """The facts of one decoder's dry run; None if there are none, or the run broke off."""
    said = log.numbered(f"dry.{name}", len(challenge.codes))
    for number, (code, got) in enumerate(zip(challenge.codes, said)):
        want = decoded(code, opcode)
        if got is None and not any(later is not None for later in said[number:]):
            return None
        if got != want:
            data = code.to_bytes(4, "little")[:3].hex(" ")
            return failed(f"decode_mov_{name}_cr3() of {data}: {want:#x}",
                          "no such line, or more than one" if got is None else f"{got:#x}")
    return PASSED


def check_writing(challenge, log, groups, seen, run, numbers):
    """05-3: the tasks that write CR3, one that does not, and what is left of the monitor."""
    if not any(seen[number] for number in numbers):
        return None
    finding = check_tasks(challenge, numbers, groups, seen, run)
    if finding is not PASSED:
        return finding
    content = run.memory.read(run.symbols[REGION], HEADER)
    if content is None or not log.end:
        return None
    for offset, (is_now, was) in enumerate(zip(content, challenge.content)):
        if is_now != was:
            return failed("the monitor's memory as it was", f"byte {offset:#x} behind "
                          f"`challenge` is {is_now:#x}, not {was:#x}", REFLECT)
    number = max(number for number in numbers if challenge.tasks[number].writes)
    return check_shadow(challenge.tasks[number], run)
