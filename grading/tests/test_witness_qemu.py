"""The parser of QEMU's record, on small texts made by hand; and what it reads of memory."""

import os

import pytest

from grading.emulators import qemu
from grading.witness import Tables, Trap, Watch

GP = (13, 0)
STATE = """\
EAX=66a7eabb EBX=589f9f21 ECX=c0409836 EDX=1935272d
ESI=dce369f0 EDI=20ce32c1 EBP=18a7cc5d ESP=00005520
EIP=0000a948 EFL=00020406 [D----P-] CPL=3 II=0 A20=1 SMM=0 HLT=0
ES =1bac 0001bac0 0000ffff 0000f300 DPL=3 DS16 [-WA]
CS =06cd 00006cd0 0000ffff 0000f300 DPL=3 DS16 [-WA]
SS =0dda 0000dda0 0000ffff 0000f300 DPL=3 DS16 [-WA]
DS =a00c 000a00c0 0000ffff 0000f300 DPL=3 DS16 [-WA]
FS =d748 000d7480 0000ffff 0000f300 DPL=3 DS16 [-WA]
GS =9bd4 0009bd40 0000ffff 0000f300 DPL=3 DS16 [-WA]
LDT=0000 00000000 0000ffff 00008200 DPL=0 LDT
TR =0030 00018140 00002068 00008900 DPL=0 TSS32-avl
GDT=     00010068 0000003f
IDT=     00018020 000000ff
CR0=8005003b CR2=00000000 CR3=0001b000 CR4=00000010
"""
OTHER = STATE.replace("66a7eabb", "00000bad").replace("00020406", "00000002")
STATE_64 = STATE.replace("EAX=", "RAX=00000000").replace("EIP=", "RIP=00000000")
OPENING = ("     0: v={:02x} e={:04x} i={} cpl=3 IP=06cd:000000000000a948 pc=0000000000011618 "
           "SP=0dda:0000000000005520 env->regs[R_EAX]=0000000066a7eabb\n")


def block(state=STATE, vector=13, error=0, software=0):
    return OPENING.format(vector, error, software) + state


def test_qemu_block():
    before = "SMM: enter\n" + OTHER + "check_exception old: 0xffffffff new 0xd\n"
    trap, = qemu.parse(before + block())
    assert (trap.vector, trap.error, trap.ip, trap.eflags, trap.cr0) \
        == (*GP, 0xA948, 0x20406, 0x8005003B)
    assert trap.registers == {
        "eax": 0x66A7EABB, "ecx": 0xC0409836, "edx": 0x1935272D, "ebx": 0x589F9F21,
        "esp": 0x5520, "ebp": 0x18A7CC5D, "esi": 0xDCE369F0, "edi": 0x20CE32C1}
    assert trap.segments == {"es": 0x1BAC, "cs": 0x06CD, "ss": 0x0DDA, "ds": 0xA00C,
                             "fs": 0xD748, "gs": 0x9BD4}
    assert trap.v86
    assert trap.address == trap.linear == 0x6CD * 16 + 0xA948
    assert (trap.nested, trap.cr2) == (False, None)


def test_tables_of_qemu():
    trap, = qemu.parse(block())
    assert trap.tables == Tables(
        gdtr=(0x10068, 0x3F), idtr=(0x18020, 0xFF), ldtr=(0, 0, 0xFFFF),
        tr=(0x30, 0x18140, 0x2068), cr3=0x1B000, cr4=0x10)


@pytest.mark.parametrize("line", ["GDT=", "IDT=", "LDT=", "TR ="])
def test_without_one_of_its_lines_qemu_gives_no_tables(line):
    state = "".join(each for each in STATE.splitlines(keepends=True) if not each.startswith(line))
    trap, = qemu.parse(block(state))
    assert trap.tables is None
    assert trap.cr0 == 0x8005003B


def test_the_instruction_s_address_counts_from_the_base_of_cs():
    """The guest's ring 0: its CS is no flat segment."""
    state = STATE.replace("00020406", "00000046").replace(
        "CS =06cd 00006cd0 0000ffff 0000f300 DPL=3 DS16 [-WA]",
        "CS =0004 00013000 0000ffff 00409b00 DPL=0 CS32 [-RA]")
    trap, = qemu.parse(block(state))
    assert (trap.v86, trap.ip, trap.base, trap.linear) == (False, 0xA948, 0x13000, 0x1D948)


def checked(old, new, text):
    """What QEMU writes in front of an exception's block."""
    return f"check_exception old: {old:#x} new {new:#x}\n{text}"


def test_exceptions_on_the_way_to_a_handler_are_nested_on_qemu():
    first = checked(0xFFFFFFFF, 13, block())
    second = checked(0xFFFFFFFF, 13, block(OTHER, error=8))
    third = checked(13, 14, block(OTHER.replace("CR2=00000000", "CR2=00401000"), 14, 2))
    double = checked(14, 11, block(OTHER, vector=8)) + "check_exception old: 0x8 new 0xd\n"
    traps = qemu.parse(first + second + third + double)
    assert [(trap.vector, trap.error, trap.nested) for trap in traps] \
        == [(13, 0, False), (13, 8, False), (14, 2, True), (11, None, True), (8, 0, True)]
    assert [trap.cr2 for trap in traps] == [None, None, 0x401000, None, None]
    assert {(trap.ip, trap.base) for trap in traps} == {(0xA948, 0x6CD0)}
    assert str(traps[3]) == "#NP in ring 0 at 0xa948"
    assert (traps[3].registers, traps[3].v86) == (None, False), "it is no second trap of a task"


@pytest.mark.parametrize(("text", "seen"), [
    ("", []),
    ("garbage \ufffd v=0d e=0000\n", []),
    (block() + block(OTHER, vector=14, error=2), [GP, (14, 2)]),
    (block() + block()[:-45], [GP]),  # CR0 is missing
    (block() + block().split("EAX=6")[0], [GP]),
    (block(software=1), []),
    (block(STATE_64, vector=14) + block(), [GP]),
    (block() + block(STATE_64, vector=14), [GP]),
    (block() + block(OTHER, vector=0x80, software=1) + block(), [GP, GP]),
], ids=["nothing", "garbage", "two", "cut-off", "cut-early", "int", "64-bit-first", "64-bit-last",
        "int-between"])
def test_which_blocks_of_qemu_count(text, seen):
    assert [(trap.vector, trap.error) for trap in qemu.parse(text)] == seen


@pytest.mark.parametrize("follower", [
    block(OTHER, vector=0x80, software=1), "SMM: enter\n" + OTHER, "SMM: after RSM\n" + OTHER,
], ids=["int", "smm", "rsm"])
def test_what_follows_a_block_of_qemu_is_not_its_own(follower):
    assert qemu.parse(block() + follower) == qemu.parse(block())


@pytest.mark.parametrize(("first", "second", "state", "nested"), [
    (6, 13, OTHER, True), (7, 14, OTHER, True), (6, 11, OTHER, True), (1, 12, OTHER, True),
    (6, 6, OTHER, False), (13, 13, OTHER, False), (14, 13, OTHER, False), (8, 13, OTHER, False),
    (6, 13, OTHER.replace("EIP=0000a948", "EIP=0000a949"), False),
    (6, 13, OTHER.replace("EFL=00000002", "EFL=00000003"), False),
    (7, 14, OTHER.replace("CR0=8005003b", "CR0=80050033"), False),  # a handler cleared TS
    (6, 13, OTHER.replace("CS =06cd", "CS =06ce"), False),
    (6, 13, OTHER.replace("EBX=589f9f21", "EBX=589f9f22"), False),
])
def test_behind_a_benign_exception_qemu_does_not_say_what_is_nested(first, second, state, nested):
    traps = qemu.parse(checked(0xFFFFFFFF, first, block(OTHER, first))
                       + checked(0xFFFFFFFF, second, block(state, second)))
    assert [(trap.vector, trap.nested) for trap in traps] == [(first, False), (second, nested)]


def test_a_block_of_qemu_cut_off_takes_nothing_from_the_next():
    cut = block().split("EIP=")[0]
    assert qemu.parse(cut + block(software=1, vector=0x80)) == []


def test_a_trap_in_words():
    trap = Trap(13, 0x10, ip=0x10767)
    assert str(trap) == "#GP (error code 0x10) in ring 0 at 0x10767"
    assert str(Trap(77, None)) == "vector 77 in ring 0"


def test_memory_that_the_machine_has_not_is_not_read(tmp_path):
    boot = object.__new__(qemu.Boot)
    boot.ram = tmp_path / "ram"
    boot.ram.write_bytes(bytes(range(256)))
    os.truncate(boot.ram, qemu.RAM_BYTES)
    boot.watch = Watch(memory=((16, 4), (qemu.RAM_BYTES - 4, 4), (qemu.RAM_BYTES - 3, 4),
                               ((1 << 64) - 8, 8)))
    assert boot.memory().pieces == {16: b"\x10\x11\x12\x13", qemu.RAM_BYTES - 4: bytes(4)}
