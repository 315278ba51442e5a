"""03-9 and 03-10: what was done in VMX operation, instruction by instruction."""

from typing import NamedTuple

from grading.rubric import PASSED, Finding, failed, said

from .manual import field, mask
from .words import FAULT, FAIL_VALID, OK, in_words, outcome

VM_INSTRUCTION_ERROR = 0x4400
UD = 6


class Reader:
    """Goes through the CPU's VMX instructions in order."""

    def __init__(self, steps):
        self.steps = steps
        self.at = 0

    def next(self, name):
        """The next one if it is a `name`, else None."""
        if self.at < len(self.steps) and self.steps[self.at].name == name:
            self.at += 1
            return self.steps[self.at - 1]
        return None

    def word(self):
        """The next one for people."""
        if self.at >= len(self.steps):
            return "no further VMX instruction"
        step = self.steps[self.at]
        name = step.name.upper()
        if step.name in ("vmread", "vmwrite"):
            name += f" of {field(step.field or 0)}"
        return f"{name}, {in_words(*outcome(step))}"

    def error(self):
        """The VM-instruction error that the next instruction reads, or None."""
        step = self.next("vmread")
        if not step or step.field != VM_INSTRUCTION_ERROR:
            return None
        return step.value


class Done(NamedTuple):
    """What the CPU's record shows of the tables."""

    finding: Finding
    failed: tuple = ()  # (encoding, error) of each failure, in order
    cells: tuple = ()  # what results[] must have left in them


def operation(run):
    """A Reader from the VMXON on that enter_vmx() has executed: the one in front of the
    testbed's VMPTRST, or the last there is."""
    names = [step.name for step in run.vmx]
    end = names.index("vmptrst") if "vmptrst" in names else len(names)
    start = max((n for n in range(end) if names[n] == "vmxon"), default=end)
    return Reader(run.vmx[start:])


def check_fields(challenge, log, run):
    """03-9: the CPU's record, then what the log says of it."""
    if not log.values("enter_vmx") or log.todo == "03-9":
        return None
    reader = operation(run)
    for name in ("vmxon", "vmclear", "vmptrld"):
        before = reader.word()
        step = reader.next(name)
        if not step or outcome(step)[0] != OK:
            return failed(f"{name.upper()}, {in_words(OK, None)}", before)
    if log.value("enter_vmx") != OK:
        return failed("enter_vmx() returns VMX_OK", said(log.value("enter_vmx")))
    if not reader.next("vmptrst") or log.value("vmcs.current") != run.symbols["guest_vmcs"]:
        return failed(f"the current VMCS at {run.symbols['guest_vmcs']:#x}, guest_vmcs",
                      said(log.value("vmcs.current")))
    if run.memory.number(run.symbols["vmxon_region"], 4) \
            != run.memory.number(run.symbols["guest_vmcs"], 4):
        return failed("the revision identifier in both regions", "they differ")
    written = follow_writes(challenge, reader)
    if written.finding is not PASSED:
        return written.finding
    read = follow_reads(challenge, reader, dict(written.failed))
    if read.finding is not PASSED:
        return read.finding
    return check_claims(challenge, log, written.failed + read.failed, read.cells)


def follow_writes(challenge, reader):
    """Every line of machine[], in order, with its value; every failure looked into."""
    failures = []
    for what, cell in challenge.machine:
        value = cell & mask(what)
        wanted = f"VMWRITE of {field(what)}, {value:#x}"
        before = reader.word()
        step = reader.next("vmwrite")
        if not step or step.field != what:
            return Done(failed(wanted, before))
        if step.value != value:
            return Done(failed(wanted, f"{step.value or 0:#x} is written",
                               "load as many bits as the field has"))
        if outcome(step)[0] == FAIL_VALID:
            before = reader.word()
            failures.append((what, reader.error()))
            if failures[-1][1] is None:
                return Done(failed(f"the VM-instruction error read after {wanted}", before))
        elif outcome(step)[0] != OK:
            return Done(failed(wanted, in_words(*outcome(step))))
    return Done(PASSED, tuple(failures))


def follow_reads(challenge, reader, unwritten):
    """Every line of results[], in order; what was written is what is read."""
    written = {what: cell & mask(what) for what, cell in challenge.machine
               if what not in unwritten and what != VM_INSTRUCTION_ERROR}  # changes by itself
    failures, cells = [], []
    for what in challenge.results:
        before = reader.word()
        step = reader.next("vmread")
        if not step or step.field != what:
            return Done(failed(f"VMREAD of {field(what)}", before))
        if outcome(step)[0] == OK:
            value = (step.value or 0) & mask(what)
            if what in written and kept(what, value) != kept(what, written[what]):
                return Done(failed(f"{field(what)} holds {written[what]:#x}", f"{value:#x}"))
            cells.append(challenge.poison & ~mask(what) | value)
            continue
        cells.append(challenge.poison)
        if outcome(step)[0] == FAIL_VALID:
            before = reader.word()
            failures.append((what, reader.error()))
            if failures[-1][1] is None:
                return Done(failed(f"the VM-instruction error read after VMREAD of {field(what)}",
                                   before))
    return Done(PASSED, tuple(failures), tuple(cells))


def kept(what, value):
    """What a field is sure to hold of `value`: a CPU may keep access rights in a form
    that has no room for the reserved bits."""
    return value & 0x1F0FF if 0x4814 <= what <= 0x4822 else value


def check_claims(challenge, log, failures, cells):
    """The log says what the CPU did: each failure, each cell."""
    claimed = list(zip(log.values("failed"), log.values("failed.error")))
    for number, (what, error) in enumerate(failures):
        got = claimed[number] if number < len(claimed) else None
        if got != (what, error):
            return failed(f"report_failure() of {field(what)}, error {error}",
                          f"of {field(got[0])}, error {got[1]}" if got else "no such line")
    if len(claimed) > len(failures):
        return failed("no more failures than the CPU had", f"one of {field(claimed[-1][0])}")
    for number, (what, want) in enumerate(zip(challenge.results, cells)):
        got = log.value(f"cell.{number}")
        if got != want:
            return failed(f"the cell of {field(what)}: {want:#018x}",
                          said(got) if got is None else f"{got:#018x}",
                          "a cell has as many bits as its field; the others must stay, and "
                          "all of them if the field cannot be read")
    return PASSED


def check_way_back(challenge, log, run):
    """03-10: VMCLEAR, VMXOFF, and the control registers as they were."""
    if not log.values("back.cr0") or log.todo == "03-10":
        return None
    steps = operation(run).steps
    last = max((n for n, step in enumerate(steps) if step.name in ("vmread", "vmwrite")),
               default=None)
    if last is None:
        return None
    reader = Reader(steps[last + 1:])
    for name in ("vmclear", "vmxoff"):
        before = reader.word()
        step = reader.next(name)
        if not step or outcome(step)[0] != OK:
            return failed(f"{name.upper()}, {in_words(OK, None)}", before)
    before = reader.word()
    step = reader.next("vmxon")  # the testbed's
    if not step:
        return failed("VMXON, once more", before)
    for name, seen in (("cr0", step.cr0), ("cr4", step.cr4)):
        want = log.value(name + ".before")
        if seen != want or log.value("back." + name) != want:
            return failed(f"{name.upper()} {said(want)}, as before 03-4", f"{seen:#x}")
    if outcome(step) != (FAULT, UD) or log.value("back.vmxon") != FAULT:
        return failed("VMXON is an invalid opcode (#UD) again", in_words(*outcome(step)))
    return PASSED if log.end else None
