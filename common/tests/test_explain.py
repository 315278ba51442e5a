"""explain.c against the emulated CPU, on every CPU model that the labs use.

The program refused-entries tries one VM entry after the other. Here it is told which
(cases.py, variations.py of its folder), and what explain.c says before each entry is held
against what the CPU then does, and against Bochs' log, which names the field at fault.
"""

import ctypes
import os
import random
import re
import struct
from collections import Counter
from dataclasses import dataclass
from importlib import import_module

import pytest

from common.tests import support
from grading import image, process
from grading.emulators import bochs
from grading.lab import ROOT

PROGRAM = "refused-entries"
changes, cases, made_up, variations = (
    import_module(f"common.tests.programs.{PROGRAM}.{name}")
    for name in ("changes", "cases", "made_up", "variations"))

CPUS = ("core2_penryn_t9600", "corei7_haswell_4770", "corei7_icelake_u")
SEED = 2024
VARIATIONS = 200
HEADER = (support.PROGRAMS / PROGRAM / "trials.h").read_text()
MAX_CHANGES, LAST, NO_ENTRY = (int(re.search(rf"#define {name} +(\d+)", HEADER)[1])
                               for name in ("MAX_CHANGES", "LAST", "NO_ENTRY"))
ENTRY_FAILURE = 1 << 31
NAMES = {encoding: name for name, encoding in changes.ENCODINGS.items()}
# Behind the configuration: the CPU's own words.
WORDS = "".join(f"{kind}: action=ignore, cpu0=report\n" for kind in ("debug", "error"))
LAUNCH = re.compile(r"^\d+d\[CPU0  \] VMLAUNCH VMCS ptr: .*\n", re.MULTILINE)
ERROR = re.compile(r"^\d+e\[CPU0  \] (VMFAIL|VMENTER FAIL|VMENTER|VMX LoadMSRs \d+): (.*)$",
                   re.MULTILINE)

# What Bochs' log says of an entry that it refuses, and the fields that it names thereby.
SEGMENT = r"(\w\w|LDTR)"
LOG = [(re.compile(pattern), names) for pattern, names in (
    (r"pin-based controls", "PIN_BASED_CONTROLS"),
    (r"proc-based controls", "PRIMARY_PROCESSOR_BASED_CONTROLS"),
    (r"secondary controls", "SECONDARY_PROCESSOR_BASED_CONTROLS"),
    (r"vmexit controls|x86-64 host control|save_VMX_preemption", "PRIMARY_VM_EXIT_CONTROLS"),
    (r"vmentry controls|dual-monitor|SMM guest", "VM_ENTRY_CONTROLS"),
    (r"CR3 targets", "CR3_TARGET_COUNT"),
    (r"I/O bitmap ([AB])", r"ADDRESS_OF_IO_BITMAP_\1"),
    (r"MSR bitmap", "ADDRESS_OF_MSR_BITMAPS"),
    (r"virtual apic phy", "VIRTUAL_APIC_ADDRESS"),
    (r"TPR threshold", "TPR_THRESHOLD"),
    (r"virtual NMI", "PIN_BASED_CONTROLS PRIMARY_PROCESSOR_BASED_CONTROLS"),
    (r"apic access page", "APIC_ACCESS_ADDRESS"),
    (r"without TPR shadow|X2APIC mode|without EPT|EPT disabled",
     "SECONDARY_PROCESSOR_BASED_CONTROLS"),
    (r"virtual interrupt delivery", "PIN_BASED_CONTROLS SECONDARY_PROCESSOR_BASED_CONTROLS"),
    (r"guest VPID", "VPID"),
    (r"EPTPTR", "EPT_POINTER"),
    (r"PML base", "PML_ADDRESS"),
    (r"VM Functions", "VM_FUNCTION_CONTROLS"),
    (r"eptp list", "EPTP_LIST_ADDRESS"),
    (r"(VMREAD|VMWRITE) bitmap", r"\1_BITMAP_ADDRESS"),
    (r"#VE information", "VE_INFORMATION_ADDRESS"),
    (r"TSC multiplier", "TSC_MULTIPLIER"),
    (r"VMEXIT CTRL: msr (store|load)", r"VM_EXIT_MSR_\1_ADDRESS"),
    (r"VMENTRY CTRL: msr load|unable to restore|broken msr", "VM_ENTRY_MSR_LOAD_ADDRESS"),
    (r"bad injected event instr length", "VM_ENTRY_INSTRUCTION_LENGTH"),
    (r"bad error code", "VM_ENTRY_EXCEPTION_ERROR_CODE"),
    (r"injected event|MTF injection|interruption info", "VM_ENTRY_INTERRUPTION_INFORMATION"),
    (r"host (?:state invalid )?(CR\d)", r"HOST_\1"),
    (r"(host|guest) SYSENTER_(E[IS]P)", r"\1_IA32_SYSENTER_\2"),
    (r"in (host|guest) MSR_PAT", r"\1_IA32_PAT"),
    (r"(host|guest) EFER", r"\1_IA32_EFER"),
    (r"host segreg (\d)", "HOST_{}_SELECTOR"),
    (r"host (\w+) selector|invalid host (TR)", r"HOST_\1\2_SELECTOR"),
    (r"host (\w+) BASE", r"HOST_\1_BASE"),
    (r"host RIP", "HOST_RIP"),
    (r"guest activity state", "GUEST_ACTIVITY_STATE"),
    (r"HLT state with SS.DPL", "GUEST_ACTIVITY_STATE GUEST_SS_ACCESS_RIGHTS"),
    (r"Wait-For-Sipi|shutdown state",
     "GUEST_ACTIVITY_STATE VM_ENTRY_INTERRUPTION_INFORMATION"),
    (r"entering non active CPU", "GUEST_ACTIVITY_STATE GUEST_INTERRUPTIBILITY_STATE"),
    (r"without CR0.PE", "GUEST_CR0"),
    (r"CR4.PCIDE", "GUEST_CR4"),
    (r"guest (?:invalid )?(CR\d|DR7)", r"GUEST_\1"),
    (rf"guest (?:bad )?{SEGMENT}\.BASE", r"GUEST_\1_BASE"),
    (rf"guest {SEGMENT}\.LIMIT", r"GUEST_\1_LIMIT"),
    (rf"guest {SEGMENT}\.AR !=", r"GUEST_\1_ACCESS_RIGHTS"),
    (rf"guest {SEGMENT}\.TI", r"GUEST_\1_SELECTOR"),
    (r"CS.RPL != SS.RPL", "GUEST_CS_SELECTOR GUEST_SS_SELECTOR"),
    (rf"(?:guest|non-conforming) {SEGMENT}\.RPL <>? (\w\w).DPL",
     r"GUEST_\1_SELECTOR GUEST_\2_ACCESS_RIGHTS"),
    (rf"{SEGMENT}(?:\.TYPE| not ACCESSED| not READABLE| not present| not segment|\.DPL)",
     r"GUEST_\1_ACCESS_RIGHTS"),
    (rf"{SEGMENT}(?: is not system| type|\.D_B| invalid)", r"GUEST_\1_ACCESS_RIGHTS"),
    (rf"{SEGMENT}\.AR/LIMIT", r"GUEST_\1_ACCESS_RIGHTS GUEST_\1_LIMIT"),
    (r"IDTR/IDTR.BASE", "GUEST_GDTR_BASE GUEST_IDTR_BASE"),
    (r"GDTR/IDTR limit", "GUEST_GDTR_LIMIT GUEST_IDTR_LIMIT"),
    (r"guest RIP", "GUEST_RIP"),
    (r"RFLAGS", "GUEST_RFLAGS"),
    (r"interrupts blocked when injecting external",
     "GUEST_RFLAGS GUEST_INTERRUPTIBILITY_STATE"),
    (r"interruptibility|blocked|EFLAGS.IF", "GUEST_INTERRUPTIBILITY_STATE"),
    (r"tmpDR6", "GUEST_PENDING_DEBUG_EXCEPTIONS"),
    (r"link pointer", "LINK_POINTER"),
    (r"PDPTRs", " ".join(["GUEST_CR3", *(f"GUEST_PDPTE{n}" for n in range(4))])),
)]


NOTHING = struct.pack("<II", 0, 0)  # a challenge: its number, and no changes


def facts(text):
    """Name → value, of a part of the program's log."""
    return support.facts(text.encode())


@dataclass(frozen=True)
class Tried:
    """What came of one trial."""

    facts: dict
    text: str  # all that the program printed
    log: tuple  # what Bochs' log says of it

    @property
    def field(self):
        """The name of the field that explain_entry() names; None if it finds nothing."""
        return NAMES[self.facts["field"]] if self.facts["explained"] else None

    @property
    def refused(self):
        """Has the CPU not entered?"""
        return self.facts["result"] != 0 or bool(self.facts["reason"] & ENTRY_FAILURE)

    @property
    def explanation(self):
        """(sentence, section), as explain_refusal() prints them; None if it does not."""
        found = re.search(r'^entry refused: (.*)\n\(SDM Vol\. 3C, "(.*)"\)$', self.text,
                          re.MULTILINE)
        return found.groups() if found else None

    @property
    def named(self):
        """The fields that Bochs' log names."""
        for said in self.log:
            for pattern, names in LOG:
                if found := pattern.search(said):
                    if "{}" in names:
                        return {names.format(changes.SIX[int(found[1])])}
                    return {name.upper() for name in found.expand(names).split()}
        return set()


@pytest.fixture(scope="module")
def program(out):
    """The image's path."""
    return support.build(PROGRAM, out)


class Machine:
    """One CPU model, and the program on it."""

    def __init__(self, program, model, folder):
        self.program, self.model, self.folder = program, model, folder
        self.labels = image.read_symbols(program.with_suffix(".sym"))
        self.boots = 0
        start = facts(self.boot(NOTHING)[0])
        self.msrs = {int(name[4:]): value for name, value in start.items()
                     if name.startswith("msr.")} | {"width": start["width"]}
        self.labels["host_tables"] = start["cr3"]

    def boot(self, challenge):
        """One boot with that in the patched region; the program's log, and the CPU's."""
        folder = self.folder / str(self.boots)
        folder.mkdir()
        self.boots += 1
        (folder / "disk.img").write_bytes(image.with_challenge(
            self.program, self.labels["challenge"], challenge))
        command = bochs.interactive(folder, False, self.model)
        with open(folder / "bochsrc", "a", encoding="ascii") as configuration:
            configuration.write(WORDS)
        ended = process.finish(process.start(command, process.Limits(), folder,
                                             os.environ | {"TERM": "dumb"}))
        serial = process.left(folder / "serial").decode("ascii")
        cpu_log = process.left(folder / "cpu.log").decode(errors="replace")
        assert serial.endswith(f"[{PROGRAM}] end\n"), (ended, serial[-500:], cpu_log[-500:])
        return serial, cpu_log

    def pack(self, guest, steps, flags):
        """One trial, as trials.h lays it out: the bytes of each change."""
        last = len(steps) - 1
        for n, change in enumerate(steps):
            flip = change.flip if isinstance(change.flip, int) else self.labels[change.flip]
            yield struct.pack("<IBBHQQ", changes.ENCODINGS[change.field],
                              (changes.V86, changes.PROTECTED).index(guest),
                              flags | LAST if n == last else 0, 0, change.keep, flip)

    def run(self, trials, flags=0):
        """[(guest, changes), ...] → Tried of each, in as many boots as it takes."""
        tried, part = [], []
        for guest, steps in trials:
            records = list(self.pack(guest, steps, flags))
            if len(part) + len(records) > MAX_CHANGES:
                tried += self.run_part(part)
                part = []
            part += records
        tried += self.run_part(part)
        assert len(tried) == len(trials)
        return tried

    def run_part(self, records):
        serial, cpu_log = self.boot(struct.pack("<II", 1, len(records)) + b"".join(records))
        assert "not.written" not in serial, serial[-200:]
        texts = re.split(r"^@ trial 0x.*\n", serial.partition("@ ending 0x0")[0],
                         flags=re.MULTILINE)[1:]
        logs = iter(LAUNCH.split(cpu_log)[1:])
        return [Tried(stated, text, tuple(said for _, said in ERROR.findall(next(logs)))
                      if "result" in stated else ())
                for text in texts for stated in [facts(text)]]


@pytest.fixture(scope="module", params=CPUS)
def machine(request, program, tmp_path_factory):
    return Machine(program, request.param, tmp_path_factory.mktemp(request.param))


def existing(machine, groups):
    """(title, case) of those that are about such a CPU."""
    return [(title, case) for title, group in groups.items() for case in group
            if case.exists(machine.msrs)]


def misjudged(title, case, tried):
    """What is wrong with the explanation of a refused entry; None if nothing is."""
    if tried.field not in (case.wrong.field, *case.also):
        return f"explained by {tried.field}"
    if tried.field == case.wrong.field and tried.field not in tried.named:
        return f"explained by {tried.field}, the log names {tried.named or tried.log}"
    if not tried.named & {case.wrong.field, *case.also}:
        return f"the log names {tried.named or tried.log}"
    if not tried.explanation or tried.explanation[1] != title:
        return f"printed: {tried.explanation}"
    # explain_refusal() begins where the CPU points; it must arrive at the same rule.
    for name in ("field", "value"):
        if tried.facts[f"explained.{name}"] != tried.facts[name]:
            return f"another explanation before than after: {tried.text}"
    return None


def test_each_corruption_is_explained(machine):
    wanted = existing(machine, cases.CASES)
    tried = machine.run([(case.guest, [*case.given, case.wrong]) for _, case in wanted])
    accepted = [str(case) for (_, case), one in zip(wanted, tried) if not one.refused]
    assert not accepted, accepted
    judged = [misjudged(*case, one) for case, one in zip(wanted, tried)]
    wrong = [f"{case}: {what}" for (_, case), what in zip(wanted, judged) if what]
    other = sum(one.field != case.wrong.field for (_, case), one in zip(wanted, tried))
    print(f"{machine.model}: {len(wanted)} refused for one field; {len(wanted) - len(wrong)} "
          f"explained as in Bochs' log, {other} of them by the other field of a rule about two")
    assert len(wanted) >= 60
    assert len(set(wanted)) == len(wanted), "two cases are the same"
    assert not wrong, "\n".join(wrong)


def test_what_only_the_manual_refuses_is_explained(machine):
    """Where Bochs 2.7 is laxer. Those entries are not tried."""
    wanted = existing(machine, cases.MANUAL_ONLY)
    tried = machine.run([(case.guest, [*case.given, case.wrong]) for _, case in wanted], NO_ENTRY)
    wrong = [f"{case}: {one.field}" for (_, case), one in zip(wanted, tried)
             if one.field not in (case.wrong.field, *case.also)]
    print(f"{machine.model}: {len(wanted)} that only the manual refuses, "
          f"{len(wanted) - len(wrong)} explained")
    assert not wrong, "\n".join(wrong)


def assert_all_is_well(trials, tried):
    """AssertionError unless the CPU has entered each, and explain.c had nothing to say."""
    for trial, one in zip(trials, tried):
        assert one.field is None, (one.field, one.facts, trial)
        assert not one.refused, (one.log, one.facts, trial)


def test_what_is_just_inside_the_rules_is_left_alone(machine):
    """Too: what each corruption is made of, before it is corrupted."""
    prepared = {(case.guest, case.given) for _, case in existing(machine, cases.CASES)
                if case.given}
    trials = cases.BORDER + sorted(prepared, key=str)
    assert_all_is_well(trials, machine.run(trials))
    print(f"{machine.model}: {len(trials)} just inside the rules, all entered, none explained")


def test_good_entries_are_left_alone(machine):
    rng = random.Random(f"{SEED} {machine.model}")
    trials = [variations.variation(rng, machine.msrs, machine.labels) for _ in range(VARIATIONS)]
    tried = machine.run(trials)
    assert_all_is_well(trials, tried)
    reasons = Counter(one.facts["reason"] for one in tried)
    print(f"{machine.model}: {len(trials)} random good ones, all entered, none explained; "
          f"exits: {dict(reasons)}")
    assert len(reasons) > 3, "they are all alike"


def test_refusals_that_are_no_field_s_fault(machine):
    serial, _ = machine.boot(NOTHING)
    ended = serial.partition("@ ending 0x0\n")[2].split("@ ending ")
    no_vmcs, launched, no_refusal, three, unknown = ended
    assert facts(no_vmcs) == {"explained": 0, "result": 1}
    assert "\nentry refused: VMfailInvalid: no VMCS is current" in no_vmcs
    assert facts(launched) == {"explained": 0, "result": 2, "error": 4}
    assert "\nentry refused: VMLAUNCH of a VMCS that is launched already" in launched
    assert "\nthe entry was not refused" in no_refusal
    # Of three broken rules explain_entry() tells the first, explain_refusal() the one
    # that the CPU means.
    assert facts(three) == {
        "explained.field": changes.ENCODINGS["GUEST_TR_SELECTOR"], "explained.value": 4,
        "explained": 1, "field": changes.ENCODINGS[cases.EVENT], "value": 0x80000100}
    assert facts(unknown)["explained.msr"] == 0
    assert "MSR loading. No rule that is known here is broken." in unknown


WORDING = (
    (changes.to("GUEST_SS_ACCESS_RIGHTS", 0x93),
     "guest SS access rights is 0x93, must be 0xf3 in virtual-8086 mode"),
    (changes.off("PIN_BASED_CONTROLS", 0x2),
     "pin-based controls is 0x14, must have bit 1 set, as IA32_VMX_TRUE_PINBASED_CTLS says"),
    (changes.to("PRIMARY_VM_EXIT_CONTROLS", 0x8036FFF),
     "primary VM-exit controls is 0x8036fff, must have bit 27 (clear UINV) clear, as"
     " IA32_VMX_TRUE_EXIT_CTLS says"),
    (changes.to("PRIMARY_VM_EXIT_CONTROLS", 0x36BFF),
     "primary VM-exit controls is 0x36bff, must have bit 10 set, as IA32_VMX_TRUE_EXIT_CTLS says"),
    (changes.off("HOST_CR4", 1 << 13),
     "host CR4 is 0x20, must have bit 13 set, as IA32_VMX_CR4_FIXED0 or _FIXED1 says"),
)


def test_the_words(machine):
    tried = machine.run([(changes.V86, [change]) for change, _ in WORDING])
    assert [one.explanation[0] for one in tried] == [words for _, words in WORDING]


class Explanation(ctypes.Structure):
    """struct explanation"""

    _fields_ = [("field", ctypes.c_uint32), ("value", ctypes.c_uint64),
                ("rule", ctypes.c_char_p), ("section", ctypes.c_char_p)]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """explain.c on the host, with a CPU that has everything."""
    path = tmp_path_factory.mktemp("made-up") / "explain.so"
    folder = support.PROGRAMS / PROGRAM
    support.run("gcc", "-std=gnu11", "-ffreestanding", "-nostdlib", "-shared", "-fPIC",
                "-Wall", "-Wextra", "-Werror",
                "-Wno-unused-parameter", f"-I{ROOT}/common", "-DCPU_H",
                "-include", folder / "fake_cpu.h", "-o", path, folder / "fake_cpu.c",
                *sorted((ROOT / "common").glob("explain*.c")),
                *(ROOT / "common" / f"{name}_names.c" for name in ("vmx", "vmcs")))
    library = ctypes.CDLL(str(path))
    msrs = (ctypes.c_uint64 * 0x1000).in_dll(library, "msrs")
    for number, value in made_up.MSRS.items():
        msrs[number] = value
    leaves = (ctypes.c_uint32 * 4 * 0x40 * 2).in_dll(library, "leaves")
    for number, registers in made_up.LEAVES.items():
        for n, value in enumerate(registers):
            leaves[number >> 31][number & 0x3F][n] = value
    return library


def explained(library, steps):
    """The name of the field that explain_entry() blames, with those changes to a good VMCS."""
    fields = (ctypes.c_uint64 * 0x6FFF).in_dll(library, "fields")
    ctypes.memset(fields, 0, ctypes.sizeof(fields))
    for change in (*made_up.VMCS, *steps):
        encoding = changes.ENCODINGS[change.field]
        fields[encoding] = fields[encoding] & change.keep ^ change.flip
    why = Explanation()
    return NAMES[why.field] if library.explain_entry(ctypes.byref(why)) else None


def test_rules_about_what_bochs_does_not_have(library):
    for case in made_up.CASES:
        assert explained(library, case.given) is None, str(case)
        blamed = explained(library, (*case.given, case.wrong))
        assert blamed in (case.wrong.field, *case.also), (str(case), blamed)
    print(f"{len(made_up.CASES)} rules that no CPU of Bochs can break, explained")
