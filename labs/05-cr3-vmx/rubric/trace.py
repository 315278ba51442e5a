"""Follows the guest's CR3 through the CPU's record: VM exits, VM entries, and the #GPs that
the guest's own kernel got."""

from typing import NamedTuple

from grading.guest import CR0, TOLD
from grading.manual import exit_reason
from grading.rubric import failed
from grading.witness import REGISTERS, VmEntry, VmExit

from .challenge import KERNEL, STRAIGHT, TARGETS

# Basic exit reasons: SDM Vol. 3D, Appendix C.
EXCEPTION, VMCALL, CR_ACCESS = 0, 18, 28

# Exit qualification of a CR access: the register's number, and the direction.
TO_CR3, FROM_CR3, ACCESS = 0x03, 0x13, 0x3F

HLT = b"\xF4"
MOV_CR_LENGTH = 3
CR0_ALWAYS = 0x80000021  # PG, NE, PE

EXERCISE = {STRAIGHT: "05-4", KERNEL: "05-5", TARGETS: "05-6"}
AFTER_REFUSAL = "05-5"  # the guest's kernel tries what was refused itself


class Departure(Exception):
    """Where the record leaves the way."""

    def __init__(self, exercise, finding):
        """`finding` is None if the record breaks off: why, is another question."""
        super().__init__(str(finding))
        self.exercise = exercise
        self.finding = finding


class Life(NamedTuple):
    """What the record has of one run."""

    events: list  # of VmEntry and VmExit
    traps: list  # the #GPs that went to the guest's kernel


def low(registers, name):
    """A 32-bit register out of the record of a 64-bit one."""
    return registers.get("r" + name[1:], 0) & 0xFFFFFFFF


class Follower:
    """One run, step by step; every step raises Departure if it is not as it must be."""

    def __init__(self, program, life, truth, kernel):
        """`truth`: what the guest is told of CR3 before it has written it; `kernel`: the
        offset of its #GP handler."""
        self.program = program
        self.events = iter(life.events)
        self.traps = iter(life.traps)
        self.exercise = EXERCISE[program.way]
        self.kernel = kernel
        self.told = {TOLD: truth, CR0: None}
        self.published = set()

    def fail(self, expected, got, hint=""):
        """The run is not as it must be."""
        raise Departure(self.exercise, failed(expected, got, hint))

    def value(self, wanted):
        """The number behind a value; None if it is not known yet."""
        return self.told.get(wanted, wanted)

    def event(self, kind, what):
        """The next one, which must be of that kind; `what` says so in words."""
        event = next(self.events, None)
        if event is None:
            raise Departure(self.exercise, None)
        if not isinstance(event, kind):
            self.fail(what, f"an exit: {exit_reason(event.reason)}" if isinstance(event, VmExit)
                      else "the guest is entered again")
        return event

    def exit(self, reason, where):
        """The next event is an exit for that reason."""
        event = self.event(VmExit, f"an exit at {where}")
        if event.reason != reason:
            self.fail(f"an exit at {where}: {exit_reason(reason)}", exit_reason(event.reason))
        return event

    def cr_access(self, access, where):
        """The next event is an exit of the kernel's own mov; the general register's name."""
        event = self.exit(CR_ACCESS, f"the kernel's mov for {where}")
        if event.qualification & ACCESS != access:
            self.fail(f"the kernel's mov for {where}: qualification ...{access:02x}",
                      f"{event.qualification:#x}")
        return event, REGISTERS[event.qualification >> 8 & 7]

    def compare(self, registers, read, when, notes):
        """What the guest has in its registers; `read`: name → number."""
        for name, wanted in registers.items():
            got = read(name)
            if wanted == CR0 and self.told[CR0] is None and got & CR0_ALWAYS == CR0_ALWAYS:
                self.told[CR0] = got  # the first time; from then on always the same
            value = self.value(wanted)
            if got != value:
                why = f", {notes[name]}" if name in notes else ""
                self.fail(f"{name.upper()} {value or 0:#x} {when}{why}", f"{got:#x}")

    def start(self):
        """The first entry."""
        guest = self.program.guest
        entry = self.event(VmEntry, "the guest is entered")
        if entry.registers.get("rip") != guest.start:
            self.fail(f"the guest is entered at IP {guest.start:#x}",
                      f"at IP {entry.registers.get('rip', 0):#x}")

    def follow(self):
        """The whole run."""
        self.start()
        for want in self.program.guest.traps:
            (self.straight if self.program.way == STRAIGHT else self.by_kernel)(want)
        if next(self.events, None):
            self.fail("the run ends at the guest's hlt", "the guest is entered again")

    def straight(self, want):
        """An instruction whose #GP is the exit."""
        where = f"the guest's {want.step}, IP {want.ip:#x}"
        left = self.exit(EXCEPTION, where)
        general = {name: value for name, value in want.registers.items() if name != "esp"}
        self.compare(general, lambda name: low(left.registers, name), f"at {where}", want.notes)
        self.exercise = EXERCISE[STRAIGHT]
        if want.code == HLT:
            return
        entry = self.event(VmEntry, f"the guest goes on behind {where}")
        wanted = self.kernel if want.refused else want.ip + MOV_CR_LENGTH
        if entry.registers.get("rip") != wanted:
            how = f", a value that {want.refused}: the guest's #GP handler," if want.refused \
                else ": the guest goes on"
            self.fail(f"{where}{how} at {wanted:#x}", f"at {entry.registers.get('rip', 0):#x}")
        if want.refused:
            self.after_refusal(want, where)

    def after_refusal(self, want, where):
        """The #GP was injected: the kernel tries it, and is refused, too."""
        self.cr_access(TO_CR3, f"{where}, whose #GP it gets: a value that {want.refused}")
        self.exercise = AFTER_REFUSAL  # up to the next #GP, which shows what came of it
        self.event(VmEntry, f"the kernel goes on, refused, for {where}")

    def by_kernel(self, want):
        """An instruction whose #GP the kernel gets."""
        where = f"the guest's {want.step}, IP {want.ip:#x}"
        trap = next(self.traps, None)
        if trap is None:
            event = next(self.events, None)  # does the record go on without it?
            if event is None:
                raise Departure(self.exercise, None)
            self.fail(f"a #GP in the guest at {where}", "none")
        if trap.address != want.address:
            self.fail(f"a #GP in the guest at {where}", f"at IP {trap.ip:#x}")
        self.compare(want.registers, lambda name: trap.registers[name], f"at {where}",
                     want.notes)
        self.kernel_exits(want, where)

    def kernel_exits(self, want, where):
        """The exits that the kernel makes for one instruction, if it must make any."""
        if want.code == HLT:
            self.exit(VMCALL, where)
        elif want.code[1] == 0x22:
            self.kernel_writes(want, where)
        elif want.step.startswith("mov %cr3"):
            _, register = self.cr_access(FROM_CR3, where)
            entry = self.event(VmEntry, f"the kernel goes on for {where}")
            told = self.value(TOLD if want.cr3 is None else want.cr3)
            got = low(entry.registers, register)
            if got != told:
                self.fail(f"{register.upper()} {told:#x} in the kernel, behind its mov for "
                          f"{where}", f"{got:#x}")
        else:
            self.exit(VMCALL, where)
            self.event(VmEntry, f"the kernel goes on for {where}")

    def kernel_writes(self, want, where):
        """A write of CR3: an exit, unless the monitor has made it unnecessary."""
        value = want.registers[REGISTERS[want.code[2] & 7]]
        if value in self.published:
            return
        left, register = self.cr_access(TO_CR3, where)
        if low(left.registers, register) != value:
            self.fail(f"{value:#x} in the kernel's {register.upper()} for {where}",
                      f"{low(left.registers, register):#x}")
        self.event(VmEntry, f"the kernel goes on for {where}")
        if self.program.way == TARGETS and not want.refused:
            self.published.add(value)
