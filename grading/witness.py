"""The CPU's own record of a run, in one form for every emulator."""

from typing import NamedTuple

# Those of 64 bits, in machine-code order; and of 32.
GENERAL = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
           *(f"r{number}" for number in range(8, 16)))
REGISTERS = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")
SEGMENTS = ("es", "cs", "ss", "ds", "fs", "gs")

EFLAGS_VM = 1 << 17
CF, ZF = 0x01, 0x40  # in EFLAGS: VMfailInvalid, VMfailValid

VECTOR_NAMES = {
    0: "#DE", 1: "#DB", 2: "NMI", 3: "#BP", 4: "#OF", 5: "#BR", 6: "#UD", 7: "#NM", 8: "#DF",
    10: "#TS", 11: "#NP", 12: "#SS", 13: "#GP", 14: "#PF", 16: "#MF", 17: "#AC", 18: "#MC",
}


def vector_name(vector):
    """What the manual calls a vector: "#GP"."""
    return VECTOR_NAMES.get(vector, f"vector {vector}")


class Trap(NamedTuple):
    """One exception, with the CPU as it was when it happened.

    The fields after `error` are None where the emulator does not record them (Bochs, for
    an exception that does not leave virtual-8086 mode, unless the CPU gave up there).
    """

    vector: int
    error: int | None  # None: not recorded (QEMU, of one that turned into a #DF)
    registers: dict | None = None  # by the names in REGISTERS
    segments: dict | None = None  # selectors, by the names in SEGMENTS
    ip: int | None = None
    eflags: int | None = None
    cr0: int | None = None
    tables: "Tables | None" = None  # what the CPU worked with
    base: int | None = None  # of CS, outside virtual-8086 mode
    cr2: int | None = None  # of a #PF: the address
    nested: bool = False  # on the way to the handler of the one before it
    long: bool = False  # in long mode
    cr3: int | None = None  # of exceptions that QEMU records, and of those of virtual-8086 tasks

    @property
    def v86(self):
        """True if the CPU was in virtual-8086 mode."""
        return self.eflags is not None and bool(self.eflags & EFLAGS_VM)

    @property
    def address(self):
        """The physical address of the instruction, in virtual-8086 mode."""
        return self.segments["cs"] * 16 + self.ip

    @property
    def linear(self):
        """The linear address of the instruction; None if it is not known."""
        if self.ip is None:
            return None
        return self.address if self.v86 and self.segments else (self.base or 0) + self.ip

    def __str__(self):
        name = vector_name(self.vector)
        where = "ring 0" if not self.v86 else "virtual-8086 mode"
        at = "" if self.ip is None else f" at {self.ip:#x}"
        if self.segments:
            at = f" at {self.segments['cs']:04x}:{self.ip:04x}"
        error = "" if self.error is None else f" (error code {self.error:#x})"
        return f"{name}{error} in {where}{at}"


class Tables(NamedTuple):
    """The registers that say where the CPU finds its tables. Bases are linear addresses."""

    gdtr: tuple  # base, limit
    idtr: tuple
    ldtr: tuple  # selector, base, limit
    tr: tuple
    cr3: int
    cr4: int


class VmxStep(NamedTuple):
    """One VMX instruction that the CPU executed, or refused to."""

    name: str  # "vmxon", "vmwrite", ...
    time: int  # instructions since the CPU's reset
    registers: dict  # "rax" ... "r15" before it
    cr0: int | None  # None in front of VMREAD and VMWRITE, where nobody looks at it
    cr4: int | None  # the same
    flags: int  # RFLAGS after it: CF is VMfailInvalid, ZF is VMfailValid
    registers_after: dict
    faulted: int | None  # the vector, if it raised an exception
    operands: tuple = ()  # of VMREAD and VMWRITE, as Intel writes them: the first is written to
    told: int | None = None  # RFLAGS as the program found them, if they were changed (Told)

    @property
    def as_told(self):
        """The same, with the flags that the program found."""
        return self if self.told is None else self._replace(flags=self.told)

    @property
    def field(self):
        """The encoding with which a VMREAD or VMWRITE names its field; it is in a register."""
        return self.registers.get(dict(zip(("vmwrite", "vmread"), self.operands)).get(self.name))

    @property
    def value(self):
        """What a VMWRITE wrote, or a VMREAD read; None if that is memory."""
        place = dict(zip(("vmread", "vmwrite"), self.operands)).get(self.name)
        return (self.registers_after if self.name == "vmread" else self.registers).get(place)


class VmEntry(NamedTuple):
    """One VM entry: the guest's CPU in front of its first instruction."""

    time: int  # instructions since the CPU's reset
    how: str  # "vmlaunch" or "vmresume"
    registers: dict  # "rax" ... "r15", "rsp", "rip"
    flags: int


class VmExit(NamedTuple):
    """One VM exit, or an entry that failed while the guest's state was loaded."""

    time: int
    reason: int  # the basic reason
    qualification: int
    registers: dict  # the guest's, but "rsp" and "rip", which are the host's already


class Told(NamedTuple):
    """What a program is told behind one VMX instruction, in place of the CPU's own answer.

    Who looks at the flags says that; who computes from all else what must come out does not.
    What is behind the instruction must be right with either. Not for VMREAD and VMWRITE.
    """

    name: str  # "vmxon", ...
    number: int  # which of that name in a run, from 0
    answer: int  # CF, ZF or 0: it is changed only if the CPU has answered this
    instead: int  # CF, ZF or 0


STEPS = 512  # of one VMX instruction that are looked at: a monitor's loop has thousands


class BeforeLaunch(NamedTuple):
    """Which VMWRITEs are looked at: all before the first VMLAUNCH; later, between a VMPTRLD
    and the VMLAUNCH behind it, those to some fields, whose encoding is in EDI."""

    again: tuple = ()


class Watch(NamedTuple):
    """What to look at in a run, beside exceptions. Addresses are physical."""

    memory: tuple = ()  # of (address, bytes): to be read
    at: tuple = ()  # the instructions before which it is read; the last time counts
    vmx: dict = {}  # address → name of each VMX instruction in the program
    steps: dict = {}  # name → how many of these are looked at, or BeforeLaunch; else STEPS
    told: tuple = ()  # of Told


class Memory:
    """What was read of the machine's memory."""

    def __init__(self, pieces):
        """`pieces`: address → bytes."""
        self.pieces = pieces

    def read(self, address, length):
        """`length` bytes at a physical address; None if they were not read."""
        for start, content in self.pieces.items():
            if start <= address and address + length <= start + len(content):
                return content[address - start:address - start + length]
        return None

    def number(self, address, length):
        """The same as a number, lowest byte first; None if it was not read."""
        content = self.read(address, length)
        return None if content is None else int.from_bytes(content, "little")


class Run(NamedTuple):
    """What is left of one boot."""

    serial: bytes
    traps: list  # of Trap, in order
    over_budget: str | None  # the budget it used up, if it did not end by itself
    reset: bool  # the CPU reset itself: a triple fault
    powered_off: bool  # the program said that it is over
    emulator: str
    cpu_seconds: float
    problem: str | None = None  # why the emulator itself failed: our error
    gave_up: str | None = None  # what an emulator said that could not go on with the program
    memory: Memory = Memory({})  # what Watch.memory asked for
    vmx: tuple = ()  # of VmxStep, in order
    vm: tuple = ()  # of VmEntry and VmExit, in order
    cpu: str = ""  # the model, where there are several
    cpuid: dict = {}  # leaf → EAX, EBX, ECX, EDX, of subleaf 0, as the emulator says (Bochs)
    symbols: dict = {}  # of the program: name → address
    # The linear addresses at which the CPU began to run code, wherever it came back to a task at
    # least; None if nobody wrote them down.
    begun: frozenset | None = None

    def went_on_at(self, linear):
        """True if the CPU began there; or if that is not recorded."""
        return self.begun is None or linear in self.begun

    def text(self, limit=16384):
        """The start of the serial log as text; what is no ASCII is marked."""
        return self.serial[:limit].decode("ascii", errors="replace")
