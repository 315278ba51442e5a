"""The CPU's own record of a run, in one form for every emulator."""

from typing import NamedTuple

REGISTERS = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")  # machine-code order
SEGMENTS = ("es", "cs", "ss", "ds", "fs", "gs")

EFLAGS_VM = 1 << 17

VECTOR_NAMES = {
    0: "#DE", 1: "#DB", 2: "NMI", 3: "#BP", 4: "#OF", 5: "#BR", 6: "#UD", 7: "#NM", 8: "#DF",
    10: "#TS", 11: "#NP", 12: "#SS", 13: "#GP", 14: "#PF", 16: "#MF", 17: "#AC", 18: "#MC",
}


class Trap(NamedTuple):
    """One exception, with the CPU as it was when it happened.

    The fields after `error` are None where the emulator does not record them
    (Bochs, for an exception that does not leave virtual-8086 mode).
    """

    vector: int
    error: int
    registers: dict | None = None  # by the names in REGISTERS
    segments: dict | None = None  # selectors, by the names in SEGMENTS
    ip: int | None = None
    eflags: int | None = None
    cr0: int | None = None

    @property
    def v86(self):
        """True if the CPU was in virtual-8086 mode."""
        return self.eflags is not None and bool(self.eflags & EFLAGS_VM)

    @property
    def address(self):
        """The physical address of the instruction, in virtual-8086 mode."""
        return self.segments["cs"] * 16 + self.ip

    def __str__(self):
        name = VECTOR_NAMES.get(self.vector, f"vector {self.vector}")
        where = "ring 0" if not self.v86 else "virtual-8086 mode"
        at = "" if self.ip is None else f" at {self.segments['cs']:04x}:{self.ip:04x}"
        return f"{name} (error code {self.error:#x}) in {where}{at}"


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

    def text(self, limit=16384):
        """The start of the serial log as text; what is no ASCII is marked."""
        return self.serial[:limit].decode("ascii", errors="replace")
