"""The parsers of both emulators' records, on small texts made by hand."""

import pytest

from grading.emulators import bochs, qemu

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
    assert trap.address == 0x6CD * 16 + 0xA948


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


def test_a_block_of_qemu_cut_off_takes_nothing_from_the_next():
    cut = block().split("EIP=")[0]
    assert qemu.parse(cut + block(software=1, vector=0x80)) == []


TICK = 1000
CPU_LOG = f"{TICK:011d}d[CPU0  ] exception(0x0d): error_code=0000\n"
STACK_WORDS = [0, 0xA948, 0x06CD, 0x30406, 0x5520, 0xFFFF0DDA, 0x1BAC, 0xA00C, 0xD748, 0x9BD4]


def stop(tick=TICK + 1, words=tuple(STACK_WORDS)):
    """What the debugger prints at a switch to protected mode."""
    stack = "".join(f" | STACK 0x{0x17F24 + 4 * n:08x} [0x{word:08x}] (<unknown>)\n"
                    for n, word in enumerate(words))
    registers = "".join(f"r{name}: 00000000_{number:08x}\n" for number, name in
                        enumerate(("ax", "bx", "cx", "dx", "sp", "bp", "si", "di"), 1))
    return ("(0) Caught mode switch breakpoint switching to 'protected mode'\n"
            f"Next at t={tick}\n(0) [0x00000001017a] 0008:000000000001017a: bt\n"
            f"r\n{registers}rip: 00000000_0001017a\neflags 0x00000046\n"
            f"creg\nCR0=0x8005003b: PG\nprint-stack 10\n{stack}")


def test_bochs_exception_with_its_stop():
    trap, = bochs.parse(CPU_LOG, stop())
    assert (trap.vector, trap.error, trap.ip, trap.eflags, trap.cr0) \
        == (*GP, 0xA948, 0x30406, 0x8005003B)
    assert trap.registers == {"eax": 1, "ecx": 3, "edx": 4, "ebx": 2, "esp": 0x5520, "ebp": 6,
                              "esi": 7, "edi": 8}
    assert trap.segments == {"es": 0x1BAC, "cs": 0x06CD, "ss": 0x0DDA, "ds": 0xA00C,
                             "fs": 0xD748, "gs": 0x9BD4}


@pytest.mark.parametrize("witness", [
    "", stop(TICK), stop(TICK + 2), stop(words=STACK_WORDS[:9]),
    stop(words=[*STACK_WORDS[:3], 0x46, *STACK_WORDS[4:]]),  # VM is clear
    stop().split("creg")[0], stop().replace("rdi", "xdi"),
    "x" + stop(), stop().replace("protected mode", "virtual 8086 mode"),
], ids=["none", "early", "late", "short", "no-vm", "no-cr0", "no-edi", "indented", "other-mode"])
def test_bochs_exception_without_a_stop_of_its_own(witness):
    trap, = bochs.parse(CPU_LOG, witness)
    assert (trap.vector, trap.registers, trap.v86) == (13, None, False)
    assert str(trap) == "#GP (error code 0x0) in ring 0"


@pytest.mark.parametrize("cpu_log", [
    "",  # the program has jumped to the handler
    "00000001000i[BIOS  ] " + CPU_LOG,
    CPU_LOG.replace("CPU0  ", "BIOS  "),
    " " + CPU_LOG,
    CPU_LOG.replace("d[", "i["),
    CPU_LOG.replace("0x0d", "0xzz"),
    "========" + CPU_LOG,
], ids=["none", "bios-text", "bios", "indented", "info", "no-vector", "behind-text"])
def test_a_stop_of_bochs_without_an_exception_proves_nothing(cpu_log):
    assert bochs.parse(cpu_log, stop()) == []


def test_bochs_gives_each_exception_its_own_stop():
    logged = CPU_LOG + CPU_LOG.replace("1000d", "2000d") + CPU_LOG.replace("1000d", "3000d")
    witness = stop(3001, [*STACK_WORDS[:1], 3, *STACK_WORDS[2:]]) + stop()
    assert [trap.ip for trap in bochs.parse(logged, witness)] == [0xA948, None, 3]
