"""How the tasks of a challenge ended: exercise 01-7."""

from grading.rubric import PASSED, failed

from .challenge import REAL_MODE

DEPARTURES = ("task.halted", "task.refused.cs", "task.refused.ip", "task.refused.bytes")


def check_departures(challenge, groups, traps, traces):
    """01-7: hlt ends a task; what is refused is reported, and nothing repeats."""
    unseen = 0
    for number, (task, trace) in enumerate(zip(challenge.tasks, traces)):
        if task.personality == REAL_MODE or trace.emulated:
            continue
        facts = groups[number].facts if number in groups else ()
        claims = [fact for fact in facts if fact[0] in DEPARTURES]
        if not trace.complete or not claims:
            unseen += 1
            continue
        finding = check_departure(task, traps[number], claims)
        if finding is not PASSED:
            return finding
    return None if unseen else PASSED


def check_departure(task, seen, claims):
    """One task's end: what the log claims of it, beside the CPU's record."""
    last = task.guest.traps[-1]
    at = f"{last.cs:04x}:{last.ip:04x}"
    again = len(seen) - len(task.guest.traps)
    if again:
        return failed(f"one trap at {at}, the end of the task", f"{again + 1} traps")
    if not task.refused:
        want = [("task.halted", len(seen))]
        return PASSED if claims == want else failed(words(want), words(claims))
    start = last.address - task.guest.start
    data = bytes(task.guest.code[start:start + len(last.code)])
    want = [("task.refused.cs", last.cs), ("task.refused.ip", last.ip)]
    bytes_claimed = claims[2][1].to_bytes(8, "little") if len(claims) == 3 else b""
    if claims[:2] != want or not bytes_claimed.startswith(data):
        return failed(f"refused at {at}, bytes {data.hex(' ')} ...", words(claims),
                      "the bytes are those at fault_address()" if claims[:2] == want else "")
    return PASSED


def words(claims):
    """Facts, in words."""
    return ", ".join(f"{name} {value:#x}" for name, value in claims)
