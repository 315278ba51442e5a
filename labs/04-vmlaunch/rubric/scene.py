"""What the checks of a run share: challenge, log and the CPU's record, taken apart."""

from typing import NamedTuple

from grading.manual import exit_reason
from grading.rubric import failed
from grading.witness import CF, REGISTERS, ZF, VmEntry, VmExit

from . import fields, trace
from .challenge import LAUNCHES
from .programs import STACK

OK, FAIL_INVALID, FAIL_VALID, FAULT = range(4)  # enum vmx_result
RESULT_NAMES = ("VMX_OK", "VMX_FAIL_INVALID", "VMX_FAIL_VALID", "VMX_FAULT")


class Life(NamedTuple):
    """What the CPU did with one VMCS, from its VMCLEAR on."""

    steps: tuple  # of VmxStep
    events: tuple  # of VmEntry and VmExit

    @property
    def entries(self):
        """The VM entries that took place."""
        return [event for event in self.events if isinstance(event, VmEntry)]

    @property
    def exits(self):
        """The VM exits, and entries that failed."""
        return [event for event in self.events if isinstance(event, VmExit)]

    @property
    def refusals(self):
        """The VmxStep of each VMLAUNCH and VMRESUME that was refused."""
        entered = {event.time for event in self.events}
        return [step for step in self.steps
                if step.name in LAUNCHES and step.time not in entered]

    @property
    def refused(self):
        """(instruction, enum vmx_result) of each of these."""
        return [(step.name, outcome(step)) for step in self.refusals]

    @property
    def bad_guest(self):
        """True if the CPU found the guest's state wrong."""
        return any(event.reason == trace.BAD_GUEST for event in self.exits)


def outcome(step):
    """enum vmx_result of a step."""
    if step.faulted is not None:
        return FAULT
    return FAIL_INVALID if step.flags & CF else FAIL_VALID if step.flags & ZF else OK


def lives(run):
    """The Life of each VMCS: watch_switch()'s, then those of the challenge's runs.

    fresh_vmcs() starts one with VMCLEAR, and VMPTRLD behind it. Who does the same once more
    before the VMLAUNCH, has the same VMCS.
    """
    steps = [(step.time, step.name) for step in run.vmx if step.name not in ("vmread", "vmwrite")]
    starts = [time for (time, name), (_, behind) in zip(steps, steps[1:])
              if (name, behind) == ("vmclear", "vmptrld")]
    launches = [time for time, name in steps if name == "vmlaunch"]
    starts = [time for time, later in zip(starts, [*starts[1:], float("inf")])
              if any(time <= launch < later for launch in launches)]
    ends = [*starts[1:], float("inf")]
    return [Life(tuple(step for step in run.vmx if start <= step.time < end),
                 tuple(event for event in run.vm if start <= event.time < end))
            for start, end in zip([0, *starts[1:]], ends)]


class Scene:
    """What the checks share."""

    def __init__(self, challenge, log, run):
        self.challenge, self.log, self.run = challenge, log, run
        self.lines = log.text.split("\n")
        self.written = fields.written(run.vmx)
        self.lives = lives(run)
        self.groups = log.groups("run")
        self.entered = bool(self.lives and self.lives[0].entries)  # the unspoiled VMCS is good
        launch = next((step for step in run.vmx if step.name == "vmlaunch"), None)
        host_cr0, host_cr4 = (launch.cr0, launch.cr4) if launch else (0, 0)
        self.start = {name: challenge.registers[number] & 0xFFFFFFFF
                      for number, name in enumerate(REGISTERS)} | {"esp": STACK}
        stack = run.symbols["guest_stack3"] - run.symbols["v86_base"]
        cpuid = trace.cpuid_of(run, host_cr4)
        self.known = [trace.Known(trace.told(program, host_cr0), stack, cpuid)
                      for program in challenge.runs]
        self.problems = {}

    def life(self, number):
        """The Life of run `number`, or None if the log or the record did not get there."""
        return self.lives[number + 1] if number + 1 < len(self.lives) and number in self.groups \
            and self.entered else None

    def belongs_to(self, exercise):
        """What goes wrong first in some run and belongs to this exercise; or None."""
        found = [self.blame(number, exercise) for number, program
                 in enumerate(self.challenge.runs) if program.guest and self.life(number)]
        return next((finding for finding in found if finding), None)

    def blame(self, number, exercise):
        """What goes wrong first in run `number`, if that belongs to this exercise; or None.

        A TODO in the middle of a run is no mistake; and how a run breaks off, the judge says.
        """
        problem = self.problem(number)
        if not problem or problem.exercise != exercise or exercise == self.log.todo \
                or problem.over and not self.goes_on(number):
            return None
        return problem.finding

    def problem(self, number):
        """The Problem of run `number`, or None; only for runs that have a Life."""
        if number not in self.problems:
            self.problems[number] = self.follow(number)
        return self.problems[number]

    def follow(self, number):
        """Compares run `number` with what its program must do."""
        program = self.challenge.runs[number]
        low, high = program.guest.start, program.guest.start + len(program.guest.code)
        traps = [trap for trap in self.run.traps if trap.vector == 13 and trap.v86
                 and trap.segments and low <= trap.address < high]
        life = self.life(number)
        problem = trace.follow(life.events, program, self.start, self.known[number], traps)
        if problem and life.bad_guest:
            problem = trace.Problem("04-5" if life.entries else "04-1", failed(
                "a guest's state that the CPU accepts", exit_reason(trace.BAD_GUEST)))
        elif problem and life.entries and life.refused:  # not what an exit's handler did
            problem = trace.Problem("04-5", failed("the guest goes on by a VMRESUME that succeeds",
                                                   in_words(*life.refused[0])))
        return problem and problem._replace(finding=self.located(problem.finding, number))

    def located(self, finding, number):
        """A finding of a run, with the run's number, and with how it ended."""
        got, group = finding.got, self.groups[number]
        if got == trace.NOT_AGAIN and group.values("unhandled.reason"):
            got += ': "unhandled: ..."'
        return finding._replace(expected=f"run {number}: {finding.expected}", got=got)

    def goes_on(self, number):
        """True if something is said of what follows run `number`."""
        return number + 1 in self.groups or self.log.end


def in_words(instruction, result):
    """How a VMLAUNCH or VMRESUME ended."""
    return f"{instruction.upper()}: {RESULT_NAMES[result]}"
