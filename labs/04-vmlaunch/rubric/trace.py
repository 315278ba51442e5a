"""Follows the guest from exit to exit, in the CPU's record of VM entries and exits."""

from typing import NamedTuple

from grading.guest import CR0, TOLD
from grading.manual import exit_reason
from grading.rubric import Finding, failed
from grading.witness import REGISTERS, VmEntry, VmExit

from .programs import CPUID, IN, LEAVES, OUT, RDTSC, STACK, STRINGS, TOLD_IN_ESP, VMCALL, \
    WIDE, Answer, answer, status

HLT = b"\xF4"
IO = (IN, OUT, *WIDE, *STRINGS)
OPERAND_SIZE = 0x66

# Basic exit reasons: SDM Vol. 3D, Appendix C.
EXCEPTION, TRIPLE_FAULT, CPUID_EXIT, HLT_EXIT, RDTSC_EXIT, VMCALL_EXIT, IO_EXIT, BAD_GUEST = \
    0, 2, 10, 12, 16, 18, 30, 33
REASONS = {RDTSC: RDTSC_EXIT, CPUID: CPUID_EXIT, VMCALL: VMCALL_EXIT} | dict.fromkeys(IO, IO_EXIT)

# What Bochs does not say: leaf 4, subleaf 1, the instruction cache of each of the lab's CPUs.
CACHES = 4
CR4_OSXSAVE, CPUID_OSXSAVE = 1 << 18, 1 << 27  # in ECX of leaf 1
INSTRUCTION_CACHE = {
    "core2_penryn_t9600": (0x04000122, 0x01C0003F, 0x3F, 1),
    "corei7_haswell_4770": (0x1C004122, 0x01C0003F, 0x3F, 0),
    "corei7_icelake_u": (0x1C004122, 0x01C0003F, 0x3F, 0)}

# Which exercise an exit belongs to.
EXERCISES = {RDTSC: "04-5", CPUID: "04-7", VMCALL: "04-7", HLT: "04-9"} | dict.fromkeys(IO, "04-8")

INSTRUCTIONS = {RDTSC: "rdtsc", CPUID: "cpuid", VMCALL: "vmcall", HLT: "hlt", IN: "inb",
                OUT: "outb", b"\xED": "inw", b"\xEF": "outw", b"\x66\xED": "inl",
                b"\x66\xEF": "outl", b"\x6C": "insb", b"\x6E": "outsb"}

FLAGS = 0xCD5  # the arithmetic ones and DF
KEPT_BY_ENTRY = 0x60000010  # of CR0, CD, NW and ET are the host's: VM entry leaves them

NOT_AGAIN = "it is not entered again"
AGAIN = "the same #GP again? The task's IP must move, and so must the handler's RIP"


class Problem(NamedTuple):
    """Where a trace leaves the way."""

    exercise: str
    finding: Finding
    ip: bool = False  # the guest goes on at the wrong place
    over: bool = False  # the record breaks off


class Known(NamedTuple):
    """What symbolic values stand for in one run."""

    told: int  # what the guest must believe CR0 to be
    stack: int
    cpuid: dict  # Answer → value, of the CPU itself

    def value(self, value):
        """The number behind a value of Guest.registers; None if nothing is known of it."""
        if value in (TOLD, TOLD_IN_ESP, CR0):
            return self.told
        if value == STACK:
            return self.stack
        if isinstance(value, Answer):
            said = self.cpuid[value]
            return said & ~0x20 | 0x80000000 if value == (1, "ecx") else said  # no VMX; HYPERVISOR
        return value


def cpuid_of(run, cr4):
    """Answer → value: what CPUID answers on the CPU of a Run, with this CR4. No program is asked."""
    leaves = {leaf: run.cpuid[leaf] for leaf in LEAVES} | {CACHES: INSTRUCTION_CACHE[run.cpu]}
    found = {Answer(leaf, name): value for leaf, values in leaves.items()
             for name, value in zip(("eax", "ebx", "ecx", "edx"), values)}
    found[Answer(1, "ecx")] |= CPUID_OSXSAVE if cr4 & CR4_OSXSAVE else 0  # at reset it is clear
    return found


def told(program, host_cr0):
    """CR0 as mask and shadow make it up; `host_cr0`: the CPU's in front of the VM entry."""
    real = program.cr0 & ~KEPT_BY_ENTRY | host_cr0 & KEPT_BY_ENTRY
    return (real & ~program.mask | program.shadow & program.mask) & 0xFFFFFFFF


def through_handler(code, program):
    """True if the guest's own handler gets it first, and then calls the monitor."""
    return code not in REASONS and not program.bitmap


def exercise_of(code, program):
    """The exercise that deals with the exit of an instruction."""
    return EXERCISES.get(code, "04-7" if through_handler(code, program) else "04-6")


def reason_of(code, program):
    """The exit reason."""
    return VMCALL_EXIT if through_handler(code, program) else REASONS.get(code, EXCEPTION)


def qualification(want):
    """The exit qualification of an exit, or None if it tells nothing."""
    if want.code not in IO:
        return None
    opcode = want.code[-1]
    size = 1 if not opcode & 1 else 4 if want.code[0] == OPERAND_SIZE else 2
    is_string, is_in = want.code in STRINGS, not opcode & 2
    return (want.registers["edx"] & 0xFFFF) << 16 | is_string << 4 | is_in << 3 | size - 1


def say(want):
    """An instruction of a program, in words, and where it stands."""
    code = want.code
    text = INSTRUCTIONS.get(code, code.hex(" "))
    if code[:2] == b"\x0F\x20":
        text = f"mov %cr{code[2] >> 3 & 7}, %{REGISTERS[code[2] & 7]}"
    elif code == CPUID and isinstance(want.registers["eax"], int):
        text += f" (leaf {want.registers['eax']:#x})"
    elif code in IO:
        text += f" (port {want.registers['edx'] & 0xFFFF:#x})"
    return f"{text}, IP {want.ip:#x}"


def follow(events, program, start, known, traps):
    """None if the run went as it must, from the first entry to the last exit; or Problem.

    `events`: the VmEntry and VmExit of the run; `start`: the registers with which it
    starts; `traps`: the #GPs that the CPU delivered inside the guest, in this program.
    """
    guest = program.guest
    events, delivered = iter(events), iter(traps)
    problem = check_entry(next(events, None), guest.start - guest.cs * 16, start, 0, known,
                          "04-4", "at its start")
    for number, want in enumerate(guest.traps):
        problem = problem or check_exit(next(events, None), want, program, known)
        if through_handler(want.code, program) and not problem:
            problem = check_delivered(next(delivered, None), want, known)
        if problem:
            return problem
        entry = next(events, None)
        if number == len(guest.traps) - 1:
            return check_last(entry, want, program)
        problem = check_goes_on(entry, want, program, known)
    return problem


def check_goes_on(entry, want, program, known):
    """The entry behind an exit; None or Problem."""
    exercise = exercise_of(want.code, program)
    if not isinstance(entry, VmEntry):
        return Problem(exercise, failed(f"the guest goes on behind its {say(want)}",
                                        NOT_AGAIN), over=entry is None)
    if through_handler(want.code, program):
        return None  # the handler goes on
    return check_entry(entry, want.ip + len(want.code), after(want), want.flags, known,
                       exercise, f"behind its {say(want)}")


def check_last(entry, want, program):
    """What the run ends with; None or Problem."""
    if entry is None:
        return None
    return Problem(exercise_of(want.code, program), failed(
        f"the run ends at the guest's {say(want)}", "the guest is entered again"))


def after(want):
    """The registers that the guest must find behind an exit."""
    registers = dict(want.registers)
    if want.destination:
        registers[want.destination] = TOLD
    elif want.code == CPUID:
        registers |= answer(registers["eax"])
    elif want.code == IN:
        registers["eax"] = registers["eax"] & ~0xFF | status(registers["edx"] & 0xFFFF)
    return registers


def low(registers, name):
    """A 32-bit register out of the record of a 64-bit one."""
    return registers.get("r" + name[1:], 0) & 0xFFFFFFFF


def check_entry(event, ip, registers, flags, known, exercise, where):
    """One VM entry: where the guest goes on, and with what; None or Problem."""
    if not isinstance(event, VmEntry):
        return Problem(exercise, failed(f"the guest is entered {where}", "it is not entered"),
                       over=event is None)
    if event.registers.get("rip") != ip:
        return Problem(exercise, failed(f"the guest is entered {where}: at IP {ip:#x}",
                                        f"at IP {event.registers.get('rip', 0):#x}"), True)
    for name in REGISTERS:
        value, got = known.value(registers[name]), low(event.registers, name)
        if value is not None and got != value:
            return Problem(exercise, failed(f"{name.upper()} {value:#x} as the guest is entered "
                                            f"{where}", f"{got:#x}"))
    if (event.flags ^ flags) & FLAGS:  # no handler has to do with them
        return Problem("04-5", failed(f"flags {flags & FLAGS:#x} as the guest is entered "
                                        f"{where}", f"{event.flags & FLAGS:#x}"))
    return None


def check_exit(event, want, program, known):
    """One VM exit: its reason, and the registers the guest leaves with; None or Problem."""
    exercise, reason = exercise_of(want.code, program), reason_of(want.code, program)
    where = say(want)
    if not isinstance(event, VmExit):
        return Problem(exercise, failed(f"an exit at {where}", "the guest does not exit"),
                       over=event is None)
    if event.reason != reason:
        hint = AGAIN if (reason, event.reason) == (CPUID_EXIT, VMCALL_EXIT) else ""
        return Problem(exercise, failed(f"an exit at {where}: {exit_reason(reason)}",
                                        exit_reason(event.reason), hint))
    if qualification(want) not in (None, event.qualification):
        return Problem(exercise, failed(f"an exit at {where}, qualification "
                                        f"{qualification(want):#x}", f"{event.qualification:#x}"))
    if through_handler(want.code, program):
        return None  # the registers are the handler's
    for name in REGISTERS:
        value, got = known.value(want.registers[name]), low(event.registers, name)
        if name == "esp" or value is None or got == value:
            continue
        return wrong_register(name, value, got, want, f"as the guest exits at {where}", exercise)
    return None


def check_delivered(trap, want, known):
    """A #GP that went to the guest's own handler; None or Problem."""
    if not trap or trap.address != want.address:
        return Problem("04-7", failed(f"a #GP in the guest at its {say(want)}",
                                      str(trap) if trap else "none", AGAIN))
    for name in REGISTERS:
        value = known.value(want.registers[name])
        if value is not None and trap.registers[name] != value:
            return wrong_register(name, value, trap.registers[name], want,
                                  f"as the guest gets to its {say(want)}", "04-7")
    return None


def wrong_register(name, value, got, want, when, exercise):
    """The Problem of a register that the guest itself has set, or left alone."""
    if want.registers[name] == CR0:  # SMSW makes no exit: the VMCS answers
        exercise, when = "04-3", f"{when}: what smsw tells, by mask and shadow"
    if want.registers[name] == TOLD_IN_ESP:
        when += ": what mov %cr0, %esp gave, copied there"
    return Problem(exercise, failed(f"{name.upper()} {value:#x} {when}", f"{got:#x}"))
