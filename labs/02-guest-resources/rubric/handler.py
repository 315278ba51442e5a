"""02-8: the guest's #GP handler, by what it handed over at each trap.

The log says what it found; the CPU's record says what there was to find.
"""

from grading.rubric import PASSED, elsewhere, failed, said

from .layout import LDT_CODE, LDT_DATA, LDT_FLAT, LDT_VRAM

RF = 1 << 16  # of EFLAGS: the CPU's own affair
GUEST_MEMORY = 0x10000  # bytes

# What must be right before the CPU can show which ports the I/O map denies.
PORTS_TELL = {"02-1", "02-2", "02-3", "02-7"}


def check(guest, challenge, log, own, seen, right):
    """02-8, from `own`, the traps of guest_task, and `seen`, those of each task of the
    challenge. `right`: the exercises whose structures stand in memory as they must.
    """
    groups = log.groups("task")
    if not own or log.values("task").count(0) != 1:
        return None
    fault = after(guest.run.traps, own[0])
    if fault and not fault.v86 and not fault.nested and {"02-4", "02-5"} <= right:
        return failed("guest_isrGPF runs to monitor_call",
                      f"it causes an exception itself: {fault}")
    if stopped_before(log, groups[0], own[:1]) or groups[0].value("handler.cs") != LDT_CODE:
        return None  # the gate has led there: if CS is not that, the testbed looks elsewhere
    if max(guest.number("guest_tss", 4, 4), guest.cpu("rip")) > GUEST_MEMORY:
        return None  # ESP0 or RIP; QEMU does not look at limits
    finding = check_segments(guest, groups[0]) \
        or check_found(groups[0], own[:1], lambda trap: own_code(guest, trap, log.end))
    for number, (task, traps) in enumerate(zip(challenge.tasks, seen), 1):
        if finding:
            return finding
        if number not in groups or not traps or stopped_before(log, groups[number], traps):
            return None
        finding = check_found(groups[number], traps, lambda trap: challenge.code(trap.address))
        if task.skip and not finding:
            if traps[0].address != task.guest.traps[0].address and not PORTS_TELL <= right:
                return None  # a port was allowed that should not be: nothing came back
            finding = check_return(task, traps, guest.run)
    finding = finding or check_screen(log, [own[0], *(trap for traps in seen for trap in traps)],
                                      groups)
    return finding or (PASSED if log.end else None)


def after(traps, trap):
    """The exception behind `trap`, or None."""
    behind = traps[traps.index(trap) + 1:]
    return behind[0] if behind else None


def stopped_before(log, facts, traps):
    """True if the run broke off before the handler had handed over all of these traps."""
    return not log.end and len(facts.values("trap.code")) < len(traps)


def check_segments(guest, facts):
    """The handler's segments and stack, or None if they are right."""
    wanted = {"ss": LDT_DATA, "ds": LDT_DATA, "es": LDT_VRAM, "fs": LDT_FLAT}
    for name, value in wanted.items():
        got = facts.value(f"handler.{name}")
        if got is None or got & 0xFFFF != value:
            return failed(f"{name.upper()} {value:#04x} when guest_isrGPF calls monitor_call",
                          said(got))
    stack, top = facts.value("handler.stack"), guest.number("guest_tss", 4, 4)
    if stack is None or stack != top:
        much = said(stack) if stack is None else \
            f"{abs(top - stack)} bytes too {'many' if stack < top else 'few'} are on the stack"
        return failed("ESP points to a whole struct v86_trap when monitor_call is called", much)
    return None


def check_found(group, traps, code):
    """CS, IP and code as the handler found them, against the CPU's record; None if right.

    `code`: trap → the four bytes at its CS:IP, or None if they are not known.
    """
    for name, wanted in (("trap.cs", [trap.segments["cs"] for trap in traps]),
                         ("trap.ip", [trap.ip for trap in traps]),
                         ("trap.error", [trap.error for trap in traps]),
                         ("trap.code", [code(trap) for trap in traps])):
        got = [*group.values(name), *[None] * len(wanted)]
        for trap, want, have in zip(traps, wanted, got):
            if want not in (have, None):
                what = "guest_code, the four bytes there" if name == "trap.code" else \
                    f"the image of {name[5:].upper()} on the handler's stack"
                return failed(f"at the trap at {trap.segments['cs']:04x}:{trap.ip:04x}: "
                              f"@ {name} {want:#x}, {what}", said(have))
    return None


def own_code(guest, trap, orderly):
    """The four bytes at CS:IP of a trap of guest_task; None if they may have been overwritten."""
    return guest.run.memory.number(trap.address, 4) if orderly else None


def check_return(task, traps, run):
    """A task that goes on behind each trap, with all its registers; None if it did."""
    for number, (want, trap) in enumerate(zip(task.guest.traps, traps)):
        if trap.address != want.address:
            return failed(f"the task's next trap at {want.cs:04x}:{want.ip:04x}",
                          f"at {trap.segments['cs']:04x}:{trap.ip:04x}")
        if number and (away := elsewhere(run, {}, task.guest.traps[number - 1])):
            return away
        kept = traps[0].segments | {"esp": traps[0].registers["esp"],
                                    "eflags": traps[0].eflags & ~RF}
        found = trap.segments | trap.registers | {"eflags": trap.eflags & ~RF}
        for name, value in (kept | want.registers).items() if number else ():
            if found[name] != value:
                return failed(f"{name.upper()} {value:#x} when the task has gone on",
                              f"{found[name]:#x}")
    if len(traps) < len(task.guest.traps):
        return failed(f"the task goes on behind each of its {len(task.guest.traps)} traps, to "
                      "its hlt", f"it does not go on behind its trap number {len(traps)}")
    return None


def check_screen(log, traps, groups):
    """The lines that went through LDT_VRAM; None if they are right."""
    lines = [line for line in log.text.split("\n") if line.startswith("screen: ")]
    codes = [value for _, group in sorted(groups.items()) for value in group.values("trap.code")]
    for trap, code, line in zip(traps, codes, lines):
        wanted = f"GP {trap.address:08x}:{code:08x}"
        if line != f"screen: {wanted}":
            return failed(f'on the screen, when monitor_call is called: "{wanted}"',
                          f'"{line.removeprefix("screen: ")}"')
    return None if len(lines) >= len(traps) else failed(f"{len(traps)} lines on the screen",
                                                        f"{len(lines)}")
