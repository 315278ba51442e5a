"""Writes programs for virtual-8086 mode, and knows what the CPU will show of them.

A Guest collects machine code and, beside it, the registers that code leaves. At
an instruction that traps it notes what the CPU must look like there. So the
grader can hand a student's monitor code that nobody has seen, and still know
every register at every trap. Encodings: SDM Vol. 2.
"""

from typing import NamedTuple

from grading.witness import REGISTERS

# Values that are known only when the program has run.
TOLD = "told"  # what the monitor says CR0 is
CR0 = "cr0"  # what the CPU says it is

FLAG_CF, FLAG_PF, FLAG_AF, FLAG_ZF, FLAG_SF, FLAG_DF, FLAG_OF = (
    0x001, 0x004, 0x010, 0x040, 0x080, 0x400, 0x800)
ARITHMETIC = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF  # what SAHF loads

UART_DATA, UART_LSR = 0x3F8, 0x3FD


class Expected(NamedTuple):
    """What the CPU must show when an instruction traps."""

    cs: int
    ip: int
    registers: dict  # name → value, TOLD or CR0
    flags: int  # of the flags in Guest.flags
    code: bytes  # the instruction that traps
    destination: str | None = None  # the register it would have written, if it is emulated

    @property
    def address(self):
        """The instruction's physical address."""
        return self.cs * 16 + self.ip


def behind(trap):
    """The linear address of the instruction behind one that traps: Expected, or a lab's own."""
    return trap.cs * 16 + (trap.ip + len(trap.code) & 0xFFFF)


class Guest:
    """A program under construction. All values are 32-bit, addresses physical."""

    def __init__(self, address, cs):
        """Code starts at `address`, which CS must reach: cs*16 <= address."""
        self.start = address
        self.cs = cs
        self.code = bytearray()
        self.registers = {}  # what is known of them
        self.flags = 0
        self.traps = []  # of Expected
        if not 0 <= address - cs * 16 <= 0xFFFF:
            raise ValueError(f"CS {cs:#x} does not reach {address:#x}")

    @property
    def ip(self):
        """Offset of the next instruction in CS."""
        return self.start + len(self.code) - self.cs * 16

    def emit(self, *values):
        """Appends bytes, given as ints or bytes."""
        for value in values:
            self.code += value if isinstance(value, bytes) else bytes([value])

    def load(self, register, value):
        """mov $value, %register"""
        self.emit(0x66, 0xB8 + REGISTERS.index(register), value.to_bytes(4, "little"))
        self.registers[register] = value

    def load_flags(self, flags, eax):
        """Sets the arithmetic flags and DF; leaves `eax` in EAX, but for AH."""
        eax = eax & 0xFFFF00FF | (flags & ARITHMETIC | 2) << 8
        self.load("eax", eax)
        self.emit(0x9E)  # sahf
        self.emit(0xFD if flags & FLAG_DF else 0xFC)  # std, cld
        self.flags = self.flags & FLAG_OF | flags & (ARITHMETIC | FLAG_DF)

    def overflow(self, register):
        """Sets OF: adds 1 to 0x7FFFFFFF in `register` (not ESP)."""
        number = REGISTERS.index(register)
        self.load(register, 0x7FFFFFFF)
        self.emit(0x66, 0x83, 0xC0 + number, 1)  # add $1, %register
        self.registers[register] = 0x80000000
        self.flags = self.flags & FLAG_DF | FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF

    def push_pop(self, value, register):
        """push $value; pop %register: uses the task's stack"""
        self.emit(0x66, 0x68, value.to_bytes(4, "little"))
        self.emit(0x66, 0x58 + REGISTERS.index(register))
        self.registers[register] = value

    def exchange(self, one, other):
        """xchg %one, %other"""
        self.emit(0x66, 0x87, 0xC0 | REGISTERS.index(one) << 3 | REGISTERS.index(other))
        registers = self.registers
        registers[one], registers[other] = registers[other], registers[one]

    def smsw(self, register):
        """smsw %register, 32 bits: does not trap"""
        self.emit(0x66, 0x0F, 0x01, 0xE0 + REGISTERS.index(register))
        self.registers[register] = CR0

    def far_jump(self, cs):
        """ljmp to the next instruction, under another CS that reaches it."""
        target = self.start + len(self.code) + 5
        ip = target - cs * 16
        if not 0 <= ip <= 0xFFFF:
            raise ValueError(f"CS {cs:#x} does not reach {target:#x}")
        self.emit(0xEA, ip.to_bytes(2, "little"), cs.to_bytes(2, "little"))
        self.cs = cs

    def trap(self, code, destination=None):
        """An instruction that traps: `code`, its bytes."""
        self.traps.append(Expected(self.cs, self.ip, dict(self.registers), self.flags,
                                   bytes(code), destination))
        self.emit(bytes(code))

    def mov_from_cr0(self, register):
        """mov %cr0, %register, which the monitor must emulate"""
        self.trap([0x0F, 0x20, 0xC0 + REGISTERS.index(register)], register)
        self.registers[register] = TOLD

    def halt(self):
        """hlt, which ends the task"""
        self.trap([0xF4])

    def say(self, text):
        """Sends `text` (ASCII) over COM1. EAX, EDX, ESI and flags are unknown after it."""
        loop = bytes([
            0x2E, 0xAC,  # 1: cs lodsb
            0x84, 0xC0,  # test %al, %al
            0x74, 0x12,  # jz 3f
            0x88, 0xC4,  # mov %al, %ah
            0xBA, *UART_LSR.to_bytes(2, "little"),  # mov $UART_LSR, %dx
            0xEC,  # 2: in (%dx), %al
            0xA8, 0x20,  # test $UART_LSR_THRE, %al
            0x74, 0xFB,  # jz 2b
            0x88, 0xE0,  # mov %ah, %al
            0xBA, *UART_DATA.to_bytes(2, "little"),  # mov $UART_DATA, %dx
            0xEE,  # out %al, (%dx)
            0xEB, 0xE8,  # jmp 1b
        ])
        message = text.encode("ascii") + b"\0"
        where = self.ip + 4 + len(loop) + 2
        self.emit(0xFC, 0xBE, where.to_bytes(2, "little"), loop)  # cld; mov $where, %si
        self.emit(0xEB, len(message), message)  # 3: jmp over the text
        for register in ("eax", "edx", "esi"):
            self.registers.pop(register, None)
