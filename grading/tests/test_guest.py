"""grading/guest.py: its machine code, read by a disassembler, and what it knows of it."""

import capstone
import pytest

from grading.guest import CR0, FLAG_CF, FLAG_DF, FLAG_OF, FLAG_SF, FLAG_ZF, TOLD, Guest
from grading.witness import REGISTERS

START, SEGMENT = 0x12000, 0x1100
MISSPELT = {"cs lodsb": "lodsb"}


def guest(**registers):
    made = Guest(START, SEGMENT)
    made.registers |= registers
    return made


def disassembled(code):
    """The instructions of 16-bit code, as text; all of it must be code."""
    reader = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_16)
    read = list(reader.disasm(bytes(code), START - SEGMENT * 16))
    assert sum(each.size for each in read) == len(code), "the rest is no code"
    return [f"{each.mnemonic} {each.op_str}".strip() for each in read]


@pytest.mark.parametrize("register", REGISTERS)
def test_instructions_with_one_register(register):
    made = guest()
    made.load(register, 0x12345678)
    made.push_pop(0x9ABCDEF0, register)
    made.smsw(register)
    made.mov_from_cr0(register)
    assert disassembled(made.code) == [
        f"mov {register}, 0x12345678", "push 0x9abcdef0", f"pop {register}",
        f"smsw {register}", f"mov {register}, cr0"]


@pytest.mark.parametrize("one", REGISTERS)
def test_exchange(one):
    for other in REGISTERS:
        made = guest(**{name: number for number, name in enumerate(REGISTERS)})
        made.exchange(one, other)
        text, = disassembled(made.code)
        assert sorted(text.removeprefix("xchg ").split(", ")) == sorted([one, other])
        assert made.registers[one] == REGISTERS.index(other)
        assert made.registers[other] == REGISTERS.index(one)


@pytest.mark.parametrize("register", [name for name in REGISTERS if name != "esp"])
def test_overflow(register):
    made = guest()
    made.overflow(register)
    assert disassembled(made.code) == [f"mov {register}, 0x7fffffff", f"add {register}, 1"]
    assert made.registers[register] == 0x80000000
    assert made.flags == FLAG_OF | FLAG_SF | 0x14  # AF and PF: 0xF + 1 carries, 0 is even


@pytest.mark.parametrize(("flags", "before", "eax", "left", "after", "last"), [
    (0, 0, 0, 0x00000200, 0, "cld"),
    (FLAG_CF | FLAG_ZF, 0, 0xFFFFFFFF, 0xFFFF43FF, FLAG_CF | FLAG_ZF, "cld"),
    (FLAG_DF, 0, 0x12345678, 0x12340278, FLAG_DF, "std"),
    (0xFFFF, 0, 0, 0x0000D700, 0x4D5, "std"),
    (0, FLAG_OF | FLAG_DF | FLAG_CF, 0, 0x200, FLAG_OF, "cld"),  # SAHF leaves OF alone
])
def test_load_flags(flags, before, eax, left, after, last):
    made = guest()
    made.flags = before
    made.load_flags(flags, eax)
    assert disassembled(made.code) == [f"mov eax, {left:#x}", "sahf", last]
    assert (made.registers["eax"], made.flags) == (left, after)


def test_overflow_keeps_the_direction_and_nothing_else():
    made = guest()
    made.load_flags(FLAG_DF | FLAG_CF, 0)
    made.overflow("ecx")
    assert made.flags == FLAG_DF | FLAG_OF | FLAG_SF | 0x14


def test_say():
    made = guest(eax=1, edx=2, esi=3, ebx=4)
    made.say("Hi\n")
    code = disassembled(made.code[:-4])
    where = made.ip - 4
    assert bytes(made.code[-4:]) == b"Hi\n\0"
    assert made.registers == {"ebx": 4}
    assert [MISSPELT.get(text, text) for text in code] == [
        "cld", f"mov si, {where:#x}",
        "lodsb al, byte ptr cs:[si]", "test al, al", "je 0x101c", "mov ah, al",
        "mov dx, 0x3fd", "in al, dx", "test al, 0x20", "je 0x100f",
        "mov al, ah", "mov dx, 0x3f8", "out dx, al", "jmp 0x1004",
        f"jmp {made.ip:#x}"]


def test_far_jump():
    made = guest()
    assert made.ip == 0x1000
    made.far_jump(0x1080)
    assert disassembled(made.code) == ["ljmp 0x1080:0x1805"]
    assert (made.cs, made.ip) == (0x1080, START + 5 - 0x10800)
    made.halt()
    assert made.traps[0].address == START + 5


def test_traps_remember_how_it_was():
    made = guest(eax=5)
    made.mov_from_cr0("ecx")
    made.smsw("edx")
    made.load("eax", 6)
    made.halt()
    first, last = made.traps
    assert (first.cs, first.ip, first.registers, first.code, first.destination) \
        == (SEGMENT, 0x1000, {"eax": 5}, b"\x0f\x20\xc1", "ecx")
    assert (last.registers, last.code, last.destination) \
        == ({"eax": 6, "ecx": TOLD, "edx": CR0}, b"\xf4", None)
    assert disassembled(made.code)[-1] == "hlt"


@pytest.mark.parametrize(("cs", "reaches"), [
    (0x1200, True), (0x1201, False), (0x0201, True), (0x0200, False)])
def test_a_code_segment_must_reach_the_code(cs, reaches):
    if reaches:
        Guest(START, cs)
        return
    with pytest.raises(ValueError, match="does not reach"):
        Guest(START, cs)


@pytest.mark.parametrize(("cs", "reaches"), [
    (0x1200, True), (0x1201, False), (0x0201, True), (0x0200, False)])
def test_a_far_jump_must_reach_the_code(cs, reaches):
    made = guest()
    if reaches:
        made.far_jump(cs)
        return
    with pytest.raises(ValueError, match="does not reach"):
        made.far_jump(cs)
    assert not made.code
