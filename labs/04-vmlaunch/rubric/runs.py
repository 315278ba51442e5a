"""04-5 to 04-10: the runs of the challenge, by the CPU's record and by the log."""

from grading.guest import UART_DATA
from grading.log import printable
from grading.manual import exit_reason
from grading.rubric import PASSED, failed, said

from . import trace
from .changes import CONTROLS, GUEST, HOST
from .fields import field
from .scene import FAIL_VALID

LOOP, CR0, BOTH_WAYS, SENDS, TASK, TASK_ITSELF, MIXED = range(7)  # numbers of runs
GREETING = "Hello from Guest VM"
DONE = '"the guest is done"'
ENTRY_FAILURE = 1 << 31  # in an exit reason
REFUSAL = {CONTROLS: "VMfailValid", HOST: "VMfailValid", GUEST: "a VM-entry failure, reason 33"}


def check_loop(scene):
    """04-5: an exit that nobody handles ends the run; an entry that failed is no exit."""
    finding = check_run(scene, LOOP, "04-5")
    if finding is not PASSED:
        return finding
    places = [scene.problem(number) for number in (CR0, SENDS) if scene.life(number)]
    if len(places) == 2 and all(problem and problem.ip for problem in places):
        return places[0].finding._replace(hint="RIP moves in one place, once, for all exits")
    return check_failed_entries(scene) or PASSED


def check_failed_entries(scene):
    """None if no exit whose reason has bit 31 set was taken for an exit."""
    for number, program in enumerate(scene.challenge.runs):
        group = scene.groups.get(number)
        reason = group.value("unhandled.reason") if program.spoiled and group else None
        if reason is not None and reason & ENTRY_FAILURE:
            return failed(f"run {number}, whose entry fails, ends in refused()",
                          f"handled like an exit (reason {reason:#x}: bit 31 is set)")
    return None


def check_unhandled(scene, number):
    """The last exit of a run, as the log tells it; None if right."""
    program = scene.challenge.runs[number]
    want, group = program.guest.traps[-1], scene.groups[number]
    reason, name = trace.reason_of(want.code, program), trace.say(want)
    if not group.values("unhandled.reason"):
        got = DONE if group.values("ended") else "no such line"
        return failed(f'run {number}: "unhandled: {exit_reason(reason)}" at its {name}', got)
    told = [group.value(f"unhandled.{what}") for what in ("reason", "rip", "qualification")]
    wanted = [reason, want.ip, trace.qualification(want) or 0]
    for what, value, got in zip(("reason", "RIP", "qualification"), wanted, told):
        if got != value:
            return failed(f"run {number}: unhandled at its {name}: {what} {value:#x}",
                          said(got))
    return None


def check_run(scene, number, exercise):
    """04-5 to 04-8: a run of the challenge, exit by exit, to one that is unhandled.

    None if it breaks off, or goes wrong where another exercise is to blame.
    """
    if not scene.life(number):
        return None
    if scene.problem(number):
        return scene.blame(number, exercise)
    finding = check_unhandled(scene, number)
    if finding:
        return finding if scene.goes_on(number) else None
    return PASSED


def check_sending(scene):
    """04-8: a line of text, through the guest's own lane."""
    finding = check_run(scene, SENDS, "04-8")
    if finding is not PASSED:
        return finding
    return check_lane(scene, scene.challenge.runs[SENDS].text) or PASSED


def check_lane(scene, text):
    """What the guest has sent stands in the log; None if it does."""
    for line in text.split("\n"):
        if line.strip() and f"guest| {line}" not in scene.lines:
            like = next((each for each in scene.lines if each.startswith(f"guest| {line[:2]}")), "")
            return failed(f'"guest| {line}" in the log: what the guest sends',
                          f'"{printable(like[:60])}"' if like else "no such line")
    return None


def check_end(scene):
    """04-9: guest_task both ways, then the long run, each to its hlt."""
    for number in (TASK, TASK_ITSELF, MIXED):
        if not scene.life(number) or scene.log.todo == "04-9":
            return None
        if number == MIXED and scene.problem(MIXED):
            return scene.blame(MIXED, "04-9")
        finding = number != MIXED and check_task(scene, number) or check_done(scene, number)
        if finding:
            return finding
    return check_lane(scene, scene.challenge.runs[MIXED].text) or PASSED


def sent(life):
    """(text, number of the first exit that is neither IN nor OUT), by the CPU's record."""
    text = ""
    for number, event in enumerate(life.exits):
        if event.reason != trace.IO_EXIT:
            return text, number
        if event.qualification == UART_DATA << 16:
            text += chr(event.registers.get("rax", 0) & 0x7F)
    return text, None


def shown(text):
    """The start of what a guest sends, in quotes."""
    return repr(text[:60]) + ("..." if text[60:] else "")


def check_task(scene, number):
    """guest_task in the CPU's record: what it sends, and its hlt; None if right."""
    life, program = scene.life(number), scene.challenge.runs[number]
    text, last = sent(life)
    reason = trace.VMCALL_EXIT if not program.bitmap else trace.EXCEPTION
    how = f"guest_task gets to its hlt: {exit_reason(reason)}"
    if last is None:
        return failed(f"run {number}: {how}", f"it sends {shown(text)}, and then nothing") \
            if scene.goes_on(number) else None
    if life.exits[last].reason != reason:
        return failed(f"run {number}: {how}", exit_reason(life.exits[last].reason))
    if life.exits != list(life.events[1::2]) or life.entries != list(life.events[::2]):
        return failed(f"run {number}: entry, exit, entry, exit, ...", "not one by one")
    if life.events[-1] is not life.exits[last]:
        return failed(f"run {number} is over when guest_task gets to its hlt",
                      "the guest is entered again")
    told = f"CR0={scene.known[number].told:08x}"
    for part, why in ((GREETING, ""), (told, ", for SMSW is answered by mask and shadow")):
        if part not in text:
            return failed(f'run {number}: "{part}" sent by guest_task{why}', shown(text))
    return check_lane(scene, text)


def check_done(scene, number):
    """The log says that the guest is done; None if it does."""
    group = scene.groups[number]
    if group.value("ended") is None:
        got = '"unhandled: ..."' if group.values("unhandled.reason") else "no such line"
        return failed(f"run {number} ends at its hlt: {DONE}", got) if scene.goes_on(number) \
            else None
    return None


def check_refused(scene):
    """04-10: what was spoiled is named; and in the end VMX operation is left."""
    for number, program in enumerate(scene.challenge.runs):
        if not program.spoiled:
            continue
        if not scene.life(number):
            return None
        finding = check_refusal(scene, number, program.spoiled)
        if finding:
            return finding if scene.goes_on(number) else None
    left = [step for step in scene.run.vmx if step.name == "vmxoff"]
    if not scene.log.end:
        return None
    return PASSED if left and left[-1].faulted is None and not left[-1].flags & 0x41 else \
        failed("VMXOFF in the end", "not executed, or refused")


def check_refusal(scene, number, spoiled):
    """One entry that the CPU refuses; None if it is explained."""
    life, group = scene.life(number), scene.groups[number]
    refused = life.bad_guest if spoiled.area == GUEST else ("vmlaunch", FAIL_VALID) in life.refused
    if life.entries or not refused:
        got = "the guest is entered" if life.entries else "no such refusal"
        return failed(f"run {number}, spoiled in its {spoiled.area}: {REFUSAL[spoiled.area]}, "
                      "by the CPU's record", got)
    wanted = f"run {number}, spoiled in its {spoiled.area}: {field(spoiled.field)} is named"
    if not group.values("explained.field"):
        return failed(wanted, "no explanation")
    if group.value("explained.field") != spoiled.field:
        named = group.value("explained.field")
        return failed(wanted, said(named) if named is None else field(named))
    return None
