"""04-4: into the guest and out of it, as ../world.c does it, without theVMM()."""

from grading.manual import exit_reason
from grading.rubric import PASSED, changed, failed, said, untold
from grading.witness import GENERAL, REGISTERS

from .challenge import LAUNCHES, REFUSALS, TURNS
from .scene import FAIL_INVALID, FAIL_VALID, RESULT_NAMES, outcome
from .trace import CPUID_EXIT

KEPT = "RBX, RBP and R12 to R15 as they were when vmlaunch() or vmresume() was called"
RSP = 4  # not among them: a field of the VMCS

# The failures in ../world.c: what, by which instruction, its result, the error.
FAILS = (("VMLAUNCH of a VMCS that is launched", "vmlaunch", FAIL_VALID, 4),
         ("VMLAUNCH without a current VMCS", "vmlaunch", FAIL_INVALID, None),
         ("VMRESUME of a VMCS that is not launched", "vmresume", FAIL_VALID, 5))


def check(scene):
    """Exit by exit, all registers of both worlds; then the failures."""
    log = scene.log
    if not scene.lives or not log.values("switch.result"):
        return None
    life = scene.lives[0]
    if not life.entries:
        what = "the guest's state (VM-entry failure)" if life.bad_guest else \
            "the controls or the host's state (VMfailValid)"
        return failed("VMLAUNCH enters the guest", f"the CPU refuses {what}")
    if any(log.values("switch.lost")):
        return failed(KEPT, f"{max(log.values('switch.lost'))} of these six are lost at an exit")
    for turn in range(TURNS):
        finding = check_turn(scene, life, turn)
        if finding:
            return finding
    if (len(life.entries), len(life.exits)) != (TURNS, TURNS):
        return failed(f"{TURNS} entries and {TURNS} exits, and no more",
                      f"{len(life.entries)} entries and {len(life.exits)} exits")
    finding = check_failures(scene, life)
    return check_again(scene, life) if finding is PASSED else finding


def check_turn(scene, life, turn):
    """One entry and the exit behind it; None if all registers are right."""
    result = scene.log.values("switch.result")[turn:turn + 1]
    if turn < len(life.exits) and result and result[0]:
        return failed(f"VMX_OK returned in EAX at exit {turn}", f"{result[0]:#x}")
    if turn >= len(life.entries) or turn >= len(life.exits):
        return failed(f"{TURNS} entries and {TURNS} exits, one behind the other",
                      f"{len(life.entries)} entries and {len(life.exits)} exits")
    entry, left = life.entries[turn].registers, life.exits[turn].registers
    handed = life.exits[turn - 1].registers if turn else \
        dict(zip(GENERAL, scene.challenge.registers))
    how = f"entry {turn} ({life.entries[turn].how.upper()})"
    for number, name in enumerate(GENERAL):
        if number == RSP:
            continue
        if entry.get(name) != handed[name]:
            return failed(f"{name.upper()} {handed[name]:#x} in the guest at {how}: "
                          f"registers[{number}]", f"{entry.get(name, 0):#x}")
        told = scene.log.values(f"switch.register.{number}")
        if turn >= len(told) or told[turn] != left.get(name):
            return failed(f"registers[{number}] {left.get(name, 0):#x}, the guest's "
                          f"{name.upper()} at exit {turn}",
                          f"{told[turn]:#x}" if turn < len(told) else "no such line")
    return check_program(scene, turn, left)


def check_program(scene, turn, left):
    """An exit is the one that the challenge's program must make, with its registers."""
    want, reason = scene.challenge.turns.traps[turn], scene.lives[0].exits[turn].reason
    if reason != CPUID_EXIT:
        return failed(f"exit {turn} at the guest's cpuid, IP {want.ip:#x}", exit_reason(reason))
    for name in REGISTERS:
        got = left.get("r" + name[1:], 0) & 0xFFFFFFFF
        if name != "esp" and got != want.registers[name]:
            return failed(f"{name.upper()} {want.registers[name]:#x} at exit {turn}, "
                          f"IP {want.ip:#x}", f"{got:#x}")
    return None


def check_failures(scene, life):
    """Three entries that must be refused, by the log and by the CPU; None if the run broke off
    among them."""
    log = scene.log
    results, errors = log.values("fails.result"), iter(log.values("fails.error"))
    for number, (what, instruction, result, error) in enumerate(FAILS):
        if number >= len(results):
            return None if not scene.goes_on(-1) else failed(f"{what}: tried", "no such line")
        wanted = f"{what}: {RESULT_NAMES[result]}"
        if results[number] != result:
            names = dict(enumerate(RESULT_NAMES))
            return failed(wanted, names.get(results[number], f"{results[number]:#x}"))
        noted = next(errors, None) if result == FAIL_VALID else None
        if noted != error:
            return failed(f"{wanted}, error {error}", said(noted))
        if number >= len(life.refused) or life.refused[number] != (instruction, result):
            return failed(f"{wanted}, by the CPU's record", "the CPU has no such refusal")
    if any(log.values("fails.lost")):
        return failed(KEPT, "some are lost when the entry is refused")
    return PASSED


def check_again(scene, life):
    """Those without a current VMCS: the log says what the program was told; None as above."""
    results = scene.log.numbered("fails.again", REFUSALS)
    refusals = life.refusals[len(FAILS):]
    for number, got in enumerate(results):
        name = LAUNCHES[number % len(LAUNCHES)]
        what = f"{name}() without a current VMCS"
        if got is None and not scene.goes_on(-1):
            return None
        if number >= len(refusals) or (refusals[number].name, outcome(refusals[number])) \
                != (name, FAIL_INVALID):
            return failed(f"{what}: VMfailInvalid, by the CPU's record",
                          "the CPU has no such refusal")
        want = outcome(refusals[number].as_told)
        if got != want:
            return failed(f"{what} returns {want} ({RESULT_NAMES[want]})"
                          f"{changed(refusals[number])}", said(got))
    return untold(scene.challenge.told, scene.run.vmx) or PASSED
