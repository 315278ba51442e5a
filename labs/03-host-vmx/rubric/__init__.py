"""The rubric of lab 03: what each step is worth, and how it is seen.

The log claims. The CPU's record of VMX instructions (run.vmx) and exceptions
(run.traps) witnesses, and so does the memory that holds the host's structures. Where a
function only computes, the log alone answers, for values that the challenge drew.
"""

from grading.rubric import PASSED, Exercise, check_numbers, failed, said

from . import attempts
from .challenge import CPUID_VMX, LOCK, OUTSIDE_SMX, TRUE_MSRS, draw  # noqa: F401
from .fields import check_fields, check_way_back
from .host import check_paging, check_structures
from .manual import CLASSES
from .words import FAULT, first_not_passed, outcome

REGION = "challenge"

# The host's structures, read when the program leaves, and before a wrong one of them can
# make the CPU give up.
MEMORY = {"host_pml4": 4096, "host_tables": 8 * 4096, "host_gdt": 40, "host_tss": 104,
          "host_idt": 512, "vmxon_region": 8, "guest_vmcs": 8}
CHECKPOINTS = ("while_loading_cr3", "while_loading_cs",
               "while_raising_a_general_protection_fault")
TABLES = {"gdt": "host_gdt", "idt": "host_idt"}

STORY = """\
A CPU is made ready for virtual machines. First it is asked whether it can (@ vmx), and
the firmware whether it may. Then VMXON, seven times: with a wrong region, with A20 off,
twice in a row... each ends in its own way, and only where nothing is wrong the CPU is
in VMX operation. Then the host gets page tables, segments and exceptions of its own,
and the fields of a guest are written into a VMCS from a table and read back (@ cell...):
wherever this CPU lacks a field, it says so. At last all is as it was.
"""

EXERCISES = (
    Exercise("03-1", "CPUID", 5,
             "look at has_vmx(): bit 5 of ECX, and no other"),
    Exercise("03-2", "IA32_FEATURE_CONTROL", 10,
             "look at feature_control(): the lock decides first"),
    Exercise("03-3", "the A20 line", 5,
             "look at a20_on(): bit 1 set, bit 0 never, the others as they were"),
    Exercise("03-4", "CR0 and CR4", 10,
             "look at fixed(): 1 in fixed0 must be 1, 0 in fixed1 must be 0"),
    Exercise("03-5", "VMXON and VMXOFF", 15,
             "look at vmxon.S: CF, ZF and exceptions, told apart at once"),
    Exercise("03-6", "4-level page tables", 10,
             "look at map_2m(): nine bits of the address for each level"),
    Exercise("03-7", "GDT, TSS and IDT of the host", 10,
             "look at host_structures(), field by field"),
    Exercise("03-8", "controls", 10,
             "look at controls.c: the low half says what must be 1, the high half what may"),
    Exercise("03-9", "a VMCS, written and read back", 20,
             "look at write_machine() and read_results(): width, failure, and go on"),
    Exercise("03-10", "the way back", 5,
             "look at leave_vmx(): VMCLEAR, VMXOFF, then the control registers"),
)

UNLOCKED, LOCKED_ON, LOCKED_OFF = range(3)
CR0_FIXED0, CR4_FIXED0 = 0x80000021, 0x2000  # PG, NE, PE; VMXE: of every CPU with VMX
NONE = 0xFFFFFFFF  # -1: impossible_control() found nothing
MSR = {False: (0x481, 0x482, 0x48B, 0x483, 0x484), True: (0x48D, 0x48E, 0x48B, 0x48F, 0x490)}


def cannot(run):
    """Why this machine shows nothing of the lab."""
    if run.emulator == "qemu":
        return "QEMU's CPU has no VMX; Bochs has one that does: EMU=bochs"
    return None


def check(challenge, log, run):
    """Exercise id → Finding, for what this run lets us see."""
    if not run.vmx and any(name.startswith("cell.") for name, _ in log.facts):
        lie = failed("what the log says of a VMCS, done by the CPU",
                     "not one VMX instruction was executed: nothing of this log counts")
        return {exercise.id: lie for exercise in EXERCISES}
    findings = {
        "03-1": check_cpuid(challenge, log),
        "03-2": check_feature_control(challenge, log),
        "03-3": check_a20(challenge, log),
        "03-4": check_control_registers(challenge, log, run),
        "03-5": attempts.check(challenge, log, run),
        "03-6": check_paging(challenge, log, run),
        "03-7": check_structures(challenge, log, run),
        "03-8": check_controls(challenge, log),
        "03-9": check_fields(challenge, log, run),
        "03-10": check_way_back(challenge, log, run),
    }
    return {exercise: finding for exercise, finding in findings.items() if finding}


def check_cpuid(challenge, log):
    """03-1: made-up values, and this CPU."""
    for number, value in enumerate(challenge.leaf1_ecx):
        got, want = log.value(f"dry.cpuid.{number}"), bool(value & CPUID_VMX)
        if got is None and not log.values("vmx"):
            return None
        if got is None or bool(got) != want:
            return failed(f"has_vmx({value:#010x}): {'yes' if want else 'no'}", said(got))
    if log.value("vmx") != 1:
        return failed("this CPU has VMX", said(log.value("vmx")))
    return PASSED


def state_of(value):
    """enum feature_control, and what the MSR shall hold."""
    if value & LOCK:
        return LOCKED_ON if value & OUTSIDE_SMX else LOCKED_OFF, value
    return UNLOCKED, value | LOCK | OUTSIDE_SMX


def check_feature_control(challenge, log):
    """03-2: made-up values, and what the MSR holds in the end."""
    states = [state_of(value) for value in challenge.feature_control]
    label = lambda n: f"feature_control({challenge.feature_control[n]:#x})"
    finding = first_not_passed(
        check_numbers(log, "dry.feature_control", [state for state, _ in states], label),
        check_numbers(log, "dry.feature_control.shall_be", [value for _, value in states],
                      lambda n: label(n) + ": *shall_be"))
    if finding is not PASSED or not log.values("feature_control"):
        return finding if finding is not PASSED else None
    held = log.value("feature_control")
    if held is None or ~held & (LOCK | OUTSIDE_SMX):
        return failed("IA32_FEATURE_CONTROL locked, VMX outside SMX on", said(held))
    return PASSED


def check_a20(challenge, log):
    """03-3: made-up values, and whether addresses wrap around."""
    finding = check_numbers(log, "dry.a20", [(value | 2) & ~1 for value in challenge.port92],
                            lambda n: f"a20_on({challenge.port92[n]:#04x})")
    if finding is not PASSED or not log.values("a20.after"):
        return finding if finding is not PASSED else None
    if (log.value("a20.before"), log.value("a20.after")) != (0, 1):
        return failed("A20 off before enable_a20(), on behind it",
                      f"before {said(log.value('a20.before'))}, "
                      f"after {said(log.value('a20.after'))}")
    return PASSED


def check_control_registers(challenge, log, run):
    """03-4: made-up fixed bits, then the registers, and what the first good VMXON found."""
    finding = check_numbers(log, "dry.fixed", [(value | fixed0) & fixed1 for
                                               value, fixed0, fixed1 in challenge.fixed],
                            lambda n: "fixed(%#x, %#x, %#x)" % challenge.fixed[n])
    if finding is not PASSED or not log.values("cr4.fixed1"):
        return finding if finding is not PASSED else None
    for name, least in (("cr0", CR0_FIXED0), ("cr4", CR4_FIXED0)):
        before, fixed0, fixed1 = (log.value(f"{name}.{what}") or 0
                                  for what in ("before", "fixed0", "fixed1"))
        want = (before | fixed0 | least) & fixed1
        if log.value(name) != want:
            return failed(f"{name.upper()} {want:#x}", said(log.value(name)))
    entered = next((step for step in run.vmx if step.name == "vmxon"
                    and outcome(step)[0] != FAULT), None)
    if entered and (entered.cr0, entered.cr4) != (log.value("cr0"), log.value("cr4")):
        return failed(f"CR0 {said(log.value('cr0'))}, CR4 {said(log.value('cr4'))} at VMXON",
                      f"{entered.cr0:#x}, {entered.cr4:#x}")
    return PASSED


def check_controls(challenge, log):
    """03-8: made-up capabilities, then this CPU's."""
    asked = [(name, basic) for basic in challenge.vmx_basic for name in CLASSES]
    msrs = [msr for basic in challenge.vmx_basic for msr in MSR[bool(basic & TRUE_MSRS)]]
    finding = first_not_passed(
        check_numbers(log, "dry.msr", msrs,
                      lambda n: "capability_msr(%s_CONTROLS, %#x)" % asked[n]),
        check_numbers(log, "dry.round", [rounded(*each) for each in challenge.control],
                      lambda n: "round_controls(%#x, %#x)" % challenge.control[n][::-1]),
        check_numbers(log, "dry.impossible", [impossible(*each) for each in challenge.control],
                      lambda n: "impossible_control(%#x, %#x)" % challenge.control[n][::-1]))
    if finding is not PASSED or log.todo == "03-8":
        return finding if finding is not PASSED else None
    true_msrs = bool((log.value("vmx_basic") or 0) & TRUE_MSRS)
    capabilities = log.numbered("control.capability", len(CLASSES))
    if None in capabilities:
        return None
    real = list(zip(capabilities, challenge.wanted))
    return first_not_passed(
        check_numbers(log, "control.msr", MSR[true_msrs],
                      lambda n: f"the capability MSR of {CLASSES[n]}_CONTROLS"),
        check_numbers(log, "control.rounded", [rounded(*each) for each in real],
                      lambda n: "round_controls(%#x, %#x)" % real[n][::-1]),
        check_numbers(log, "control.impossible", [impossible(*each) for each in real],
                      lambda n: "impossible_control(%#x, %#x)" % real[n][::-1]))


def rounded(capability, wanted):
    """What round_controls() must return."""
    return (wanted | capability) & capability >> 32 & 0xFFFFFFFF


def impossible(capability, wanted):
    """What impossible_control() must return, as 32 bits."""
    missing = wanted & ~(capability >> 32)
    return (missing & -missing).bit_length() - 1 if missing else NONE
