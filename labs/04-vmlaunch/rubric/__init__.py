"""The rubric of lab 04: what each step is worth, and how it is seen.

The CPU's record says what became of the guest: each VM entry with all its registers, each
exit with its reason (run.vm), each VMWRITE before the first launch (run.vmx). The log says
what the monitor made of it. What the record lacks earns nothing, whatever the log says.
"""

from grading.rubric import PASSED, UNSEEN, Exercise, failed
from grading.witness import BeforeLaunch

from . import fields, runs, switch
from .challenge import draw  # noqa: F401 (the contract)
from .scene import Scene

REGION = "challenge"
MEMORY = {"io_bitmap_a": 256}
# run.vm has what follows
STEPS = {"vmread": 0, "vmwrite": BeforeLaunch(tuple(fields.MONITORED.values())), "vmresume": 16}
CHECKPOINTS = ("call_with_canaries",)  # in front of the guest's first steps

STORY = """\
Two halves meet: the guest of lab 02 and the host of lab 03 become a virtual machine and its
monitor. The guest is launched, exits, and is resumed: behind an instruction that the monitor
has carried out for it. What the guest sends stands in its own lane (guest| ...); it is told a
CR0 that the monitor made up, and this time SMSW plays along. At the end the monitor is
given VMCSs that are spoiled, and says what is wrong with each.
"""

TOLD = {
    "@ enter_vmx": "VMXON: from here on the CPU knows two worlds. The guest waits in memory.",
    "@ switch.result": "VMLAUNCH. The guest runs to its first CPUID: an exit, with all its "
                       "registers.\n    VMRESUME, four times more.",
    "VMLAUNCH of a VMCS": "Entries that cannot be; the CPU says only that much.",
    "@ run 0x0": "The guest reads a counter, for which this monitor has no answer.",
    "@ run 0x1": "mov %cr0, %ebx, not allowed there: #GP, an exit. The monitor makes up an "
                 "answer.\n    Then %esp; then CR3, which it does not emulate.",
    "@ run 0x2": "The same, but the #GP goes to the guest's own handler, which calls the "
                 "monitor.\n    And CPUID, which always exits.",
    "@ run 0x3": "The guest drives its serial port; it has none. Each IN and OUT is an exit; "
                 "what\n    it sends stands in its own lane.",
    "@ run 0x4": "The guest of lab 02 as it is, from its greeting to its HLT. CR0 is what it was "
                 "told\n    by SMSW, without an exit: as if there were no paging and no "
                 "protection.",
    "@ run 0x5": "Once more, by way of its own handler.",
    "@ run 0x6": "Descriptions of the guest with a mistake in each. The CPU refuses to enter; the "
                 "monitor\n    reads them back, and says what is wrong.",
    "[04-vmlaunch] end": "VMXOFF. Back to the loader.",
}

EXERCISES = (
    Exercise("04-1", "the guest-state area", 15,
             "look at machine_guest[] and guest_state_init(): every field, base and limit"),
    Exercise("04-2", "the host-state area", 10,
             "look at machine_host[] and host_state_init(): where the CPU shall arrive, with what"),
    Exercise("04-3", "the controls", 10,
             "look at machine_controls[] and controls_init(): wanted, rounded, written"),
    Exercise("04-4", "VMLAUNCH and VMRESUME", 15,
             "look at launch.S: all registers of both worlds, and what becomes of a refusal"),
    Exercise("04-5", "the loop", 10,
             "look at theVMM(): results[], the dispatch, what is unhandled; which instruction makes "
             "the second entry"),
    Exercise("04-6", "mov %cr0, reg", 10,
             "look at emulate_exception(): the code, mask and shadow, the length; VMCALL in place of "
             "its exit: the exception bitmap, 04-3"),
    Exercise("04-7", "CPUID, and the guest's own handler", 10,
             "look at emulate_cpuid() and emulate_vmcall(): which images, and behind what"),
    Exercise("04-8", "the guest's serial port", 10,
             "look at emulate_io(): the qualification, AL, the lane"),
    Exercise("04-9", "the end", 5,
             "look at hlt in emulate_exception() and emulate_vmcall()"),
    Exercise("04-10", "a refused entry", 5,
             "look at refused(): three ways for an entry not to take place"),
)

# What the checks look up in the program, by the header that declares it.
LABELS = {
    "vmxstep1.h": ("guest_stack3", "guest_ldt", "guest_tss", "guest_gdt", "guest_idt",
                   "guest_page_directory"),
    "vmxstep2.h": ("host_pml4", "host_tss", "host_gdt", "host_idt"),
    "vmxstep3.h": ("host_entry", "io_bitmap_a", "io_bitmap_b"),
}


def cannot(run):
    """Why this machine shows nothing of the lab."""
    if run.emulator == "qemu":
        return "QEMU's CPU has no VMX; Bochs has one that does: EMU=bochs"
    return None


def check(challenge, log, run):
    """Exercise id → Finding, for what this run lets us see."""
    everywhere = unfit(log, run)
    if everywhere:
        return {exercise.id: everywhere for exercise in EXERCISES}
    scene = Scene(challenge, log, run)
    findings = {
        "04-1": fields.check_guest(scene.written, challenge, run.symbols),
        "04-2": fields.check_host(scene.written, run, run.symbols),
        "04-3": fields.check_controls(scene.written, challenge, scene.lives, run),
        "04-4": switch.check(scene),
        "04-5": runs.check_loop(scene),
        "04-6": runs.check_run(scene, runs.CR0, "04-6"),
        "04-7": runs.check_run(scene, runs.BOTH_WAYS, "04-7"),
        "04-8": runs.check_sending(scene),
        "04-9": runs.check_end(scene),
        "04-10": runs.check_refused(scene),
    }
    described = all(findings[area] is PASSED for area in ("04-1", "04-2", "04-3"))
    if not scene.entered and not described:
        findings["04-4"] = UNSEEN  # the CPU refuses what is described wrong: said there
    for exercise, finding in findings.items():
        if finding is PASSED:  # in its own run; and in the others?
            findings[exercise] = scene.belongs_to(exercise) or PASSED
    return {exercise: finding for exercise, finding in findings.items() if finding}


def unfit(log, run):
    """The Finding for all exercises, if nothing of this run can be judged; or None."""
    for header, labels in LABELS.items():
        for label in labels:
            if label not in run.symbols:
                return failed(f"a global label or variable {label} ({header})", "none")
    if not any(step.name == "vmlaunch" for step in run.vmx) \
            and (log.values("switch.result") or log.values("run")):
        return failed("what the log says of a guest, done by the CPU",
                      "not one VMLAUNCH was executed: nothing of this log counts")
    return None
