"""rubric/challenge.py: as testbed.h lays it out, and as hard as lab 01 needs it."""

import importlib
import struct
import subprocess

import capstone
import pytest

from grading import lab
from grading.build import PREFIX
from grading.witness import REGISTERS

LAB = lab.find("01")
RUBRIC = LAB.rubric()
challenge = importlib.import_module(RUBRIC.__name__ + ".challenge")

REGION = 0x11338
GDT_SLOTS = 8  # common/selector.h
SEEDS = range(50)
TASK = ("cs", "ip", "ss", "sp", "ds", "es", "fs", "gs")
OFFSETS = {"id": 0, "cr0_bits": 4, "gp_count": 8, "gp": 12, "address_count": 44, "address": 48,
           "code_count": 80, "code": 84, "picture": 276, "write_count": 348, "write": 352,
           "task_count": 448, "task": 452}


@pytest.fixture(scope="module")
def drawn():
    return [challenge.draw(seed, REGION) for seed in SEEDS]


def compile_asserts(conditions, folder):
    """True if a C compiler finds all of them true of testbed.h."""
    source = folder / "layout.c"
    source.write_text('#include "testbed.h"\n#include "selector.h"\n#include "x86/control.h"\n' + "".join(
        f'_Static_assert({each}, "{each}");\n' for each in conditions))
    done = subprocess.run(
        [f"{PREFIX}gcc", "-m32", "-std=gnu11", "-ffreestanding", "-fsyntax-only", f"-I{LAB.folder}",
         f"-I{lab.ROOT / 'common'}", source], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_layout_is_that_of_testbed_h(tmp_path):
    sizes = {"BYTES": challenge.BYTES, "GPS": challenge.GPS, "ADDRESSES": challenge.ADDRESSES,
             "CODES": challenge.CODES, "WRITES": challenge.WRITES, "TASKS": challenge.TASKS}
    conditions = [f"CHALLENGE_{name} == {value}" for name, value in sizes.items()]
    conditions += [f"offsetof(struct challenge, {name}) == {at}" for name, at in OFFSETS.items()]
    conditions += [f"offsetof(struct task, {name}) == {2 * n}" for n, name in enumerate(TASK)]
    conditions += [f"sizeof(struct challenge) == {challenge.HEADER}",
                   "sizeof(struct task) == 20", "offsetof(struct task, personality) == 16",
                   "offsetof(struct gp, ip) == 0", "offsetof(struct gp, selector) == 2",
                   "sizeof(struct gp) == 4",
                   "offsetof(struct challenge, write[1].value) "
                   "== offsetof(struct challenge, write) + 12",
                   f"sizeof(struct v86_trap) == {4 * challenge.DWORDS}",
                   f"SEL_CODE32 == {challenge.SEL_CODE32}",
                   "sizeof(((struct challenge *)0)->address[0]) == 4",
                   f"HONEST == {challenge.HONEST}", f"REAL_MODE == {challenge.REAL_MODE}",
                   f"(uint32_t)NOT_MOV_FROM_CR0 == {challenge.NO_REGISTER}u",
                   f"CR0_PE == {challenge.CR0_PE}", f"CR0_PG == {challenge.CR0_PG}u"]
    compile_asserts(conditions, tmp_path)


def test_each_register_is_restored_from_the_dword_the_rubric_names(tmp_path):
    field = {n: f"images[{7 - n}]" for n in range(8)} | {4: "frame.esp"}
    compile_asserts([f"offsetof(struct v86_trap, {field[number]}) == {4 * dword}"
                     for number, dword in RUBRIC.IMAGE_OF.items()], tmp_path)


def numbers(content, field, form):
    return list(struct.unpack_from("<" + form, content, OFFSETS[field]))


def test_the_region_holds_what_the_challenge_says(drawn):
    for each in drawn:
        content = each.content
        assert len(content) == challenge.BYTES
        assert numbers(content, "id", "I") == [each.id]
        assert numbers(content, "gp_count", "I") == [len(each.gps)]
        for number, gp in enumerate(each.gps):
            assert struct.unpack_from("<2H", content, OFFSETS["gp"] + 4 * number) == gp
        assert numbers(content, "picture", "18I") == each.picture
        assert numbers(content, "write_count", "I") == [len(each.writes)]
        assert numbers(content, "write", f"{2 * len(each.writes)}I") \
            == [n for write in each.writes for n in write]
        assert numbers(content, "address", "16H") == [n for pair in each.addresses for n in pair]
        assert numbers(content, "address_count", "I") == [len(each.addresses)]
        assert numbers(content, "code_count", "I") == [len(each.codes)]
        assert numbers(content, "code", f"{len(each.codes)}I") == each.codes
        assert numbers(content, "task_count", "I") == [len(each.tasks)]
        for number, task in enumerate(each.tasks):
            at = OFFSETS["task"] + 20 * number
            assert struct.unpack_from("<8HI", content, at) \
                == (*(task.start[name] for name in TASK), task.personality)


def test_each_task_lies_where_its_cs_and_ip_point(drawn):
    for each in drawn:
        end = REGION + challenge.HEADER
        [low] = [task for task in each.tasks if task.start["cs"] == challenge.SEL_CODE32]
        assert low.guest.start == challenge.SEL_CODE32 * 16 + low.start["ip"]
        assert low.start["ip"] in challenge.FREE and bytes(low.guest.code) == b"\xF4", "testbed.c"
        for task in each.tasks:
            if task is low:
                continue
            code = bytes(task.guest.code)
            start = task.start["cs"] * 16 + task.start["ip"]
            stack = task.start["ss"] * 16 + task.start["sp"]
            assert start == task.guest.start >= end
            assert each.content[start - REGION:start - REGION + len(code)] == code
            assert stack == REGION + challenge.BYTES
            end = start + len(code)
        assert end <= REGION + challenge.BYTES - challenge.STACK


def test_a_seed_repeats_its_challenge_and_no_other(drawn):
    assert challenge.draw(7, REGION).content == drawn[7].content
    assert len({each.content for each in drawn}) == len(drawn)
    assert len({each.id for each in drawn}) == len(drawn)
    assert len({each.greeting for each in drawn}) == len(drawn)
    assert all(each.id for each in drawn), "0 is the challenge of task.S"


def test_neither_cs_nor_ip_nor_the_error_code_tells_whose_a_gp_is(drawn):
    """Of ring 0's some have error code 0, as a task's; all are where a task could be; and a task
    has ring 0's CS."""
    for each in drawn:
        assert {gp.ip for gp in each.gps} <= set(challenge.FREE)
        errors = [gp.error for gp in each.gps]
        assert 0 < errors.count(0) < len(errors)
        assert all(gp.selector < 4 or gp.selector // 8 > GDT_SLOTS for gp in each.gps)
        assert sum(task.start["cs"] == challenge.SEL_CODE32 for task in each.tasks) == 1


def test_counting_does_not_tell_whose_a_gp_is(drawn):
    counts = [len(each.gps) for each in drawn]
    assert set(counts) == set(range(2, challenge.GPS + 1))


def test_every_register_is_written_in_no_order(drawn):
    for each in drawn:
        assert {number for number, _ in each.writes} == set(range(8))
        used = each.picture + [value for _, value in each.writes]
        assert len(set(used)) == len(used) and all(used)
    assert len({tuple(number for number, _ in each.writes) for each in drawn}) == len(drawn)


def test_the_first_task_asks_for_every_register_often(drawn):
    for each in drawn:
        asked = [trap.destination for trap in each.tasks[0].guest.traps if trap.destination]
        assert len(asked) >= 64
        assert min(asked.count(register) for register in REGISTERS) >= 4
    assert len({tuple(trap.destination for trap in each.tasks[0].guest.traps)
                for each in drawn}) == len(drawn)


def test_all_eight_and_every_single_wrong_bit_are_decoded(drawn):
    right = 0x00C0200F
    for each in drawn:
        codes = [code & 0xFFFFFF for code in each.codes]
        wrong = {bit for bit in range(24) if not 16 <= bit < 19
                 and any(code & ~0x070000 == right ^ 1 << bit for code in codes)}
        assert len(wrong) == 19
        assert {right | n << 16 for n in range(8)} <= set(codes)
        assert sum(challenge.decoded(code) != challenge.NO_REGISTER for code in codes) == 8
        assert len({code >> 24 for code in each.codes}) > 10, "the fourth byte is anything"


def disassemble(code):
    """(mnemonic, operands) of the first instruction of 16-bit code, None if it is none."""
    reader = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_16)
    return next(((each.mnemonic, each.op_str) for each in reader.disasm(bytes(code), 0)), None)


def test_decoded_agrees_with_a_disassembler(drawn):
    """Where mod is 11: the CPU ignores mod here, the lab asks for the manual's form."""
    for code in {code for each in drawn for code in each.codes if code >> 22 & 3 == 3}:
        number = challenge.decoded(code)
        says = disassemble(code.to_bytes(4, "little"))
        if number == challenge.NO_REGISTER:
            assert not says or says[0] != "mov" or not says[1].endswith(", cr0"), hex(code)
        else:
            assert says == ("mov", f"{REGISTERS[number]}, cr0")


@pytest.mark.parametrize("control", ["cr2", "cr3", "cr4", "dr7"])
def test_reading_other_control_registers_is_forbidden(drawn, control):
    for each in drawn:
        assert any(says[0] == "mov" and says[1].endswith(", " + control)
                   for says in refusals(each))


def refusals(each):
    """What the tasks that must be refused end at, disassembled."""
    return [disassemble(task.guest.traps[-1].code) for task in each.tasks if task.refused]


def test_what_is_forbidden_traps_and_is_not_what_is_emulated(drawn):
    privileged = {"clts", "wbinvd", "lmsw", "rdmsr", "int", "cli", "sti", "pushf"}
    for each in drawn:
        found = refusals(each)
        assert any(says[1].startswith("cr0, ") for says in found)
        assert {says[0] for says in found} & {"cli", "sti", "pushf"}
        for mnemonic, operands in found:
            assert mnemonic in privileged or mnemonic == "mov" and ", cr0" not in operands
            assert "cr" in operands or "dr" in operands or mnemonic != "mov"


def test_both_personalities_end_with_hlt(drawn):
    for each in drawn:
        kinds = [task.personality for task in each.tasks]
        assert kinds == sorted(kinds) and kinds.count(challenge.REAL_MODE) >= 1
        assert all(task.guest.traps[-1].code == b"\xf4" for task in each.tasks if not task.refused)


def test_addresses_cannot_be_computed_by_or_nor_in_16_bits(drawn):
    for each in drawn:
        assert (0xFFFF, 0xFFFF) in each.addresses
        assert all(cs * 16 & ip for cs, ip in each.addresses)
        for task in each.tasks:
            assert all(trap.cs * 16 & trap.ip for trap in task.guest.traps)


def test_code_segments_vary(drawn):
    assert len({task.start["cs"] for each in drawn for task in each.tasks}) > 100
    assert any(len({trap.cs for trap in each.tasks[0].guest.traps}) > 1 for each in drawn)


@pytest.mark.parametrize("region", [0x10400, 0x11338, 0x18000, 0x80000])
def test_it_fits_at_any_address(region):
    for seed in SEEDS:
        assert len(challenge.draw(seed, region).content) == challenge.BYTES
