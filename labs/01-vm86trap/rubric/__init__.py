"""The rubric of lab 01: what each step is worth, and how it is seen.

The log claims; the CPU's record (run.traps) witnesses. The record is split by
address: each task of the challenge has its own place in memory.
"""

from grading.rubric import PASSED, Exercise, check_numbers, elsewhere, failed, said

from .challenge import draw  # noqa: F401 (the contract)
from .challenge import HONEST, REAL_MODE, SEL_CODE32, decoded
from .departures import check_departures
from .trace import ARITHMETIC_AND_DF, follow, hex32, where

REGION = "challenge"

STORY = """\
A task runs in virtual-8086 mode and asks for CR0. The CPU does not allow that: it
traps (@ trap...). The monitor under the task looks at the instruction, puts a value
into the register it names, and lets the task go on. The task checks the value with
SMSW, which does not trap (CR0=... MSW=...). Then it asks for CR3, and is refused.
At last it is told a CR0 as in real mode; SMSW gives the lie away.
"""

EXERCISES = (
    Exercise("01-1", "enter virtual-8086 mode", 15,
             "look at the frame in run_task(): every field, and VM in the EFLAGS image"),
    Exercise("01-2", "the #GP entry", 15,
             "look at the top of isrGPF: the offset of the EFLAGS image, and what is saved"),
    Exercise("01-3", "the faulting address", 15,
             "look at fault_address(): a segment starts at 16 times its number"),
    Exercise("01-4", "recognise mov %cr0, reg", 15,
             "look at the mask: which bits are the same in all eight, and only in them?"),
    Exercise("01-5", "write the destination", 15,
             "look at set_register(): from which image is each register restored, and when?"),
    Exercise("01-6", "skip it and return", 10,
             "look at the end of isrGPF: IP, then the registers, then the error code"),
    Exercise("01-7", "anything else ends well", 5,
             "look at depart(): hlt, or anything else"),
    Exercise("01-8", "the second personality", 10,
             "look at cr0_to_tell(): which two bits, and which not"),
)

VM = "test VM in the EFLAGS image before anything else"
CLEAR = 0x247300  # TF, IF, IOPL, NT, AC, ID: clear in a new task
RF = 0x10000  # the CPU sets it in the image of a fault's EFLAGS

# The dword of struct v86_trap that set_register() must change, by register number.
IMAGE_OF = {0: 7, 1: 6, 2: 5, 3: 4, 4: 12, 5: 2, 6: 1, 7: 0}


def check(challenge, log, run):
    """Exercise id → Finding, for what this run lets us see."""
    traps = [[trap for trap in run.traps if trap.vector == 13 and trap.v86
              and task.guest.start <= trap.address < task.guest.start + len(task.guest.code)]
             for task in challenge.tasks]
    traces = [follow(task, seen, run) for task, seen in zip(challenge.tasks, traps)]
    groups = log.groups("task")
    findings = {
        "01-1": check_entry(challenge, log, groups, traps, traces, run),
        "01-2": check_gp_entry(challenge, log, run, traps, groups),
    }
    if traps[0] and tried(challenge.gps, run) == len(challenge.gps):
        findings |= {
            "01-3": check_numbers(log, "dry.address", [cs * 16 + ip for cs, ip in
                                                       challenge.addresses],
                                  lambda n: "address of %04x:%04x" % challenge.addresses[n]),
            "01-4": check_decoder(challenge, log, traces),
            "01-5": check_destination(log, challenge, traces),
        }
    if traps[0]:
        findings |= {
            "01-6": check_return(log, traces),
            "01-7": check_departures(challenge, groups, traps, traces),
            "01-8": check_personality(challenge, log, traces),
        }
    return {exercise: finding for exercise, finding in findings.items() if finding}


def check_entry(challenge, log, groups, traps, traces, run):
    """01-1: the greeting, and the CPU in virtual-8086 mode as each task wants it."""
    if not traps[0]:
        if challenge.greeting.strip() in log.text:
            return failed("the CPU in virtual-8086 mode",
                          "the greeting, from a CPU that never was in that mode")
        return None
    want = challenge.tasks[0].guest.traps[0]
    if traps[0][0].address != want.address:
        return failed(f"the first trap at {want.cs:04x}:{want.ip:04x}",
                      f"at {where(traps[0][0])}")
    for number, (task, seen) in enumerate(zip(challenge.tasks, traps)):
        if number not in groups or not seen:
            break
        if seen[0].address == task.guest.traps[0].address:
            finding = elsewhere(run, task.start) or check_start(task, seen[0])
            if finding is not PASSED:
                return finding
        if not traces[number].complete:
            break  # it may have run wild, and trapped in the others' code
    if challenge.greeting.strip() not in log.text:
        return failed(f'"{challenge.greeting.strip()}" on the serial line', "no such line")
    return PASSED


def check_start(task, trap):
    """One task's first trap: what only the IRETL frame can have loaded."""
    start, want = task.start, task.guest.traps[0]
    if trap.segments["cs"] != want.cs:
        return failed(f"CS {want.cs:04x} in the task", f"{trap.segments['cs']:04x}")
    for name in ("ss", "ds", "es", "fs", "gs"):
        if trap.segments[name] != start[name]:
            return failed(f"{name.upper()} {start[name]:04x} in the task",
                          f"{trap.segments[name]:04x}")
    if trap.registers["esp"] != start["sp"]:
        return failed(f"ESP {start['sp']:#x} in the task", hex32(trap.registers["esp"]))
    if trap.eflags & CLEAR or (trap.eflags ^ want.flags) & ARITHMETIC_AND_DF:
        return failed("VM, bit 1 and nothing else in the task's first EFLAGS",
                      f"EFLAGS {hex32(trap.eflags)} at its first trap")
    return PASSED


def tried(gps, run):
    """How many of these #GPs of ring 0 the CPU recorded, behind the first trap."""
    first = next((n for n, trap in enumerate(run.traps) if trap.v86), len(run.traps))
    pairs = list(zip(gps, run.traps[first + 1:]))
    return next((n for n, pair in enumerate(pairs) if not is_recorded(*pair)), len(pairs))


def is_recorded(gp, trap):
    """True if `trap` is that #GP. (Bochs does not record where ring 0 was.)"""
    return (trap.vector, trap.error, trap.v86) == (13, gp.error, False) and trap.ip in (None, gp.ip)


def check_gp_entry(challenge, log, run, traps, groups):
    """01-2: all registers saved at the first trap; #GPs of ring 0 told apart, and one of a task
    with ring 0's CS."""
    if not traps[0] or not log.values("trap.eflags"):
        return None
    trap = traps[0][0]
    wanted = {name: value for name, value in trap.registers.items() if name != "esp"}
    wanted |= {"error": trap.error, "cs": trap.segments["cs"], "ip": trap.ip}
    for name, value in wanted.items():
        got = log.value("trap." + name)
        if got != value:
            return failed(f"{name.upper()} {value:#x} saved, as the CPU had it", said(got))
    eflags = log.value("trap.eflags")
    if eflags is None or (eflags ^ trap.eflags) & ~RF:
        return failed(f"EFLAGS image {hex32(trap.eflags)}", said(eflags))
    return check_alike(challenge, log, run, traps, groups) or check_ring0(challenge.gps, log, run)


def check_ring0(gps, log, run):
    """Each #GP of ring 0 against what it was taken for: 1, the task's; 0, ring 0's own."""
    for number, gp in enumerate(gps[:tried(gps, run)]):
        if not any(log.values(f"gp.task.{later}") for later in range(number, len(gps))):
            return None  # the run stopped there
        if log.value(f"gp.task.{number}") != 0:
            return failed("a #GP of ring 0 goes to trap_entry_13", "it was taken for the task's",
                          VM)
        error = log.value(f"gp.error.{number}")
        if error != gp.error:
            return failed(f"trap_entry_13 finds the error code {gp.error:#x}", said(error),
                          "leave the stack to trap_entry_13 as the CPU left it to you")
    return PASSED if tried(gps, run) == len(gps) else None


def check_alike(challenge, log, run, traps, groups):
    """The failure, if the run ended in the task whose CS is ring 0's as if that was the CPU's CS."""
    for number, (task, seen) in enumerate(zip(challenge.tasks, traps)):
        if task.start["cs"] == SEL_CODE32 and seen and seen[-1] is run.traps[-1] \
                and log.exception and not (number in groups
                                           and groups[number].values("task.halted")):
            return failed(f"a #GP of a task goes to trap_from_v86(), though its CS is {SEL_CODE32}",
                          "it was taken for ring 0's", VM)
    return None


def check_decoder(challenge, log, traces):
    """01-4: the dry run, and what was done with instructions that trapped for real."""
    finding = check_numbers(log, "dry.decode", [decoded(code) for code in challenge.codes],
                            lambda n: "bytes %s" % challenge.codes[n].to_bytes(4, "little")
                            .hex(" "))
    if finding is not PASSED:
        return finding
    for trace in traces:
        if trace.emulated:
            return failed("the task ends at " + trace.emulated, "it was emulated")
    return PASSED


def check_destination(log, challenge, traces):
    """01-5: the dry run, and the destination of every trap that was emulated."""
    finding = check_numbers(log, "dry.write", [IMAGE_OF[number] for number, _ in challenge.writes],
                            lambda n: f"set_register() of register {challenge.writes[n][0]}")
    if finding is None:
        return None
    if not finding.passed:
        what = finding.expected.split(":")[0]
        return failed(f"{what} changes the dword it is restored from, and no other",
                      f"it changes dword {finding.got} of struct v86_trap"
                      if finding.got != "0xffffffff" else "it changes several, or none")
    for task, trace in zip(challenge.tasks, traces):
        if task.personality == HONEST and trace.destination:
            return trace.destination
    return PASSED


def check_return(log, traces):
    """01-6: from trap to trap through the whole first task, to its hlt, and the others."""
    if not log.values("task"):
        return None
    if traces[0].returned:
        return traces[0].returned
    if not traces[0].complete:
        return None
    return next((trace.returned for trace in traces if trace.complete and trace.returned), PASSED)


def check_personality(challenge, log, traces):
    """01-8: every answer without PE and PG, every SMSW with them, to the last hlt."""
    traces_of = {HONEST: [], REAL_MODE: []}
    for task, trace in zip(challenge.tasks, traces):
        traces_of[task.personality].append(trace)
    # A register that an honest answer does not reach either is another exercise.
    unreachable = frozenset().union(*(trace.wrong for trace in traces_of[HONEST]))
    for trace in traces_of[REAL_MODE]:
        if trace.destination and trace.wrong - unreachable:
            return trace.destination
        if trace.returned and not any(honest.returned for honest in traces_of[HONEST]):
            return trace.returned
    if all(trace.complete and trace.right for trace in traces_of[REAL_MODE]) and log.end:
        return PASSED
    return None
