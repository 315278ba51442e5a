"""The program refused-entries on one CPU model: which VM entries it is told to try, what
explain.c says of each, what the CPU then does, and which field Bochs' log names."""

import os
import re
import struct
from dataclasses import dataclass
from importlib import import_module

from common.tests import support
from grading import image, process
from grading.emulators import bochs

PROGRAM = "refused-entries"
changes = import_module(f"common.tests.programs.{PROGRAM}.changes")
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
