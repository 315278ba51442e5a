"""rubric/challenge.py: as testbed.h lays it out, and as hard as lab 05 needs it."""

import importlib
import struct
import subprocess
from collections import Counter

import capstone
import pytest

from grading import lab
from grading.build import PREFIX
from grading.structures import PS, P
from grading.witness import REGISTERS

LAB = lab.find("05-cr3-exercise")
RUBRIC = LAB.rubric()
challenge = importlib.import_module(RUBRIC.__name__ + ".challenge")
machine = importlib.import_module(RUBRIC.__name__ + ".machine")
PAGE = machine.PAGE_SIZE
MEMORY = challenge.HEADER  # where the guest's memory starts in the region

REGION = 0x12000
SEEDS = range(50)
TASK = ("cs", "ip", "ss", "sp", "ds", "es", "fs", "gs")
OFFSETS = {"id": 0, "code_count": 4, "code": 8, "task_count": 264, "task": 268}


@pytest.fixture(scope="module")
def drawn():
    return [challenge.draw(seed, REGION) for seed in SEEDS]


def writing(each):
    """The tasks that write CR3."""
    return [task for task in each.tasks if task.writes]


def traps(each):
    """All traps of the tasks that write CR3."""
    return [trap for task in writing(each) for trap in task.guest.traps]


def is_write(trap):
    return trap.code[:2] == b"\x0f\x22"


def source(trap):
    """The register that a mov to CR3 takes its value from."""
    return REGISTERS[trap.code[2] & 7]


def test_the_layout_is_that_of_testbed_h(tmp_path):
    conditions = [f"CHALLENGE_{name} == {getattr(challenge, name)}"
                  for name in ("CODES", "TASKS", "HEADER")]
    conditions += [f"offsetof(struct challenge, {name}) == {at}" for name, at in OFFSETS.items()]
    conditions += [f"offsetof(struct paged_task, task.{name}) == {2 * n}"
                   for n, name in enumerate(TASK)]
    conditions += [
        f"sizeof(struct challenge) == {challenge.STRUCT}", "sizeof(struct paged_task) == 24",
        "offsetof(struct paged_task, task.personality) == 16",
        "offsetof(struct paged_task, directory) == 20", "offsetof(struct paged_task, table) == 22",
        f"HONEST == {challenge.HONEST}", f"POOL_PAGES == {challenge.POOL_PAGES}",
        f"GUEST_BYTES == {machine.BYTES}", f"GUEST_PAGES == {machine.PAGES}",
        f"ENTRIES == {machine.ENTRIES}", f"VECTOR_GP * 4 == {machine.VECTOR}",
        f"(uint32_t)NOT_MOV_CR3 == {challenge.NEITHER}u",
    ]
    text = '#include "testbed.h"\n#include "x86/exception.h"\n' + "".join(
        f'_Static_assert({each}, "{each}");\n' for each in conditions)
    (tmp_path / "layout.c").write_text(text)
    done = subprocess.run(
        [f"{PREFIX}gcc", "-m32", "-std=gnu11", "-ffreestanding", "-fsyntax-only", f"-I{LAB.folder}",
         f"-I{LAB.folder.parent / '01-vm86trap'}", f"-I{lab.ROOT / 'common'}",
         tmp_path / "layout.c"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_region_holds_what_the_challenge_says(drawn):
    for each in drawn:
        content = each.content
        assert len(content) == MEMORY + machine.BYTES + PAGE
        assert struct.unpack_from("<II", content) == (each.id, len(each.codes))
        assert list(struct.unpack_from(f"<{len(each.codes)}I", content, 8)) == each.codes
        assert struct.unpack_from("<I", content, OFFSETS["task_count"]) == (len(each.tasks),)
        for number, task in enumerate(each.tasks):
            at = OFFSETS["task"] + 24 * number
            assert struct.unpack_from("<8HIHH", content, at) == (
                *(task.start[name] for name in TASK), challenge.HONEST, task.directory, task.table)


def test_each_task_lies_where_its_cs_and_ip_point(drawn):
    for each in drawn:
        end = PAGE
        for task in each.tasks:
            code, start = bytes(task.guest.code), task.start["cs"] * 16 + task.start["ip"]
            assert start == task.guest.start >= end
            assert each.content[MEMORY + start:MEMORY + start + len(code)] == code
            end = start + len(code)
        assert end <= machine.IDLE


def test_a_seed_repeats_its_challenge_and_no_other(drawn):
    assert challenge.draw(7, REGION).content == drawn[7].content
    assert len({each.content for each in drawn}) == len({each.id for each in drawn}) == len(drawn)
    assert all(each.id for each in drawn), "0 is the challenge of challenge.S"


def test_all_sixteen_and_every_single_wrong_bit_are_decoded(drawn):
    for each in drawn:
        codes = {code & 0xFFFFFF for code in each.codes}
        for opcode in (challenge.FROM, challenge.TO):
            right = 0x00D8000F | opcode << 8
            assert {right | n << 16 for n in range(8)} <= codes
            wrong = {bit for bit in range(24) if not 16 <= bit < 19
                     and any(code & ~0x070000 == right ^ 1 << bit for code in codes)}
            assert len(wrong) == 19
            assert Counter(challenge.decoded(code, opcode) for code in codes) \
                == {challenge.NEITHER: len(codes) - 8} | dict.fromkeys(range(8), 1)
            for cr in (0, 2, 4):
                assert any(code & 0x38FFFF == cr << 19 | opcode << 8 | 0x0F for code in codes)


def test_decoded_agrees_with_a_disassembler(drawn):
    reader = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_16)
    for code in {code for each in drawn for code in each.codes if code >> 22 & 3 == 3}:
        says = next((f"{one.mnemonic} {one.op_str}" for one in
                     reader.disasm(code.to_bytes(4, "little"), 0)), "")
        for opcode, form in ((challenge.FROM, "mov {}, cr3"), (challenge.TO, "mov cr3, {}")):
            number = challenge.decoded(code, opcode)
            if number == challenge.NEITHER:
                assert says not in [form.format(name) for name in REGISTERS]
            else:
                assert says == form.format(REGISTERS[number])


def test_the_first_task_asks_into_every_register(drawn):
    for each in drawn:
        asked = Counter(trap.code for trap in each.tasks[0].guest.traps)
        assert all(asked[bytes([0x0F, 0x20, 0xD8 + n])] >= 3 for n in range(8))
        assert sum(count for code, count in asked.items() if code[-1] >> 3 == 0b11000) >= 6


def test_the_pool_keeps_what_is_read_at_the_end(drawn):
    for each in drawn:
        pages = [{task.directory, task.table} for task in each.tasks]
        assert all(len(pair) == 2 and pair < set(range(challenge.POOL_PAGES)) for pair in pages)
        assert all(not one & next_ for one, next_ in zip(pages, pages[1:])), "in use meanwhile"
        for kept in (0, len(pages) - 2, len(pages) - 1):
            assert not any(pages[kept] & later for later in pages[kept + 1:])
        assert not each.tasks[0].writes and not each.tasks[-1].writes
        assert each.tasks[-2].writes and None in each.tasks[-2].mapping
        last = each.tasks[-1]
        assert any((last.table, last.directory) == (task.directory, task.table)
                   for task in each.tasks), "garbage of the other kind"


def test_cr3_is_written_from_every_register_to_every_directory(drawn):
    for each in drawn:
        accepted = [trap for trap in traps(each) if is_write(trap) and not trap.refused]
        assert {source(trap) for trap in accepted} == set(REGISTERS)
        values = {trap.registers[source(trap)] for trap in accepted}
        assert machine.LAST * PAGE in values and len(values) >= 3
    assert len({value for each in drawn for trap in traps(each) if is_write(trap)
                and not trap.refused for value in [trap.registers[source(trap)]]}) >= 11


def test_loads_show_the_same_address_before_and_after(drawn):
    for each in drawn:
        notes = [note for trap in traps(each) for note in trap.notes.values() if "linear" in note]
        frames = {}
        for note in notes:
            frames.setdefault(note.split()[3], set()).add(note.split()[6])
        assert sum(len(seen) > 1 for seen in frames.values()) >= 10


REASONS = ("no page's address", "is outside the guest's memory", "entry 0 is not present",
           "entry 0 is a large page", "table is outside", "whose entry 1 is present",
           "entry 1023 is present", "table whose entry 16 is present",
           "table whose entry 1023 is present", "is outside the guest's memory")


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_to_refuse_is_there(drawn, reason):
    for each in drawn:
        assert any(trap.refused and reason in trap.refused for trap in traps(each))


def test_refused_values_have_their_edges(drawn):
    low = set()
    for each in drawn:
        refused = [trap for trap in traps(each) if trap.refused]
        values = {trap.registers[source(trap)] for trap in refused}
        assert {machine.BYTES, 0xFFFFF000} <= values
        assert {source(trap) for trap in refused} == set(REGISTERS)
        low |= {value % PAGE for value in values if value < machine.BYTES and value % PAGE}
    assert {1 << bit for bit in range(12)} <= low


def test_the_decoy_would_do_as_a_directory_and_as_a_table(drawn):
    for each in drawn:
        decoy = struct.unpack_from("<1024I", each.content, MEMORY + machine.BYTES)
        assert decoy[0] & (P | PS) == P and decoy[0] < machine.BYTES
        assert not any(entry & P for entry in decoy[1:])


def test_the_handler_is_elsewhere_and_its_stack_wraps(drawn):
    for each in drawn:
        stacks = {trap.registers["esp"] & 0xFFFF for trap in traps(each)
                  if trap.refused and trap.segments["ss"] == 0}
        assert {0, 2, 4, 6} <= stacks
        for task in writing(each):
            for trap, after in zip(task.guest.traps, task.guest.traps[1:]):
                assert not trap.refused or after.address > trap.address + 4


def test_stacks_are_missing_in_every_way(drawn):
    for each in drawn:
        ends = [task for task in writing(each) if task.ends == "departure"]
        tops = [trap.segments["ss"] * 16 + (trap.registers["esp"] & 0xFFFF)
                for task in ends for trap in [task.guest.traps[-1]]]
        assert machine.BYTES + 1 in tops
        assert any(REGION + challenge.STRUCT < top <= REGION + PAGE for top in tops)
        assert any(not task.mapping[0] and task.mapping[0] is None for task in ends)
        assert sum(None in task.mapping for task in ends) >= 5
        assert all(task.guest.traps[-1].refused for task in ends)


def test_other_control_registers_are_forbidden(drawn):
    for each in drawn:
        codes = [task.guest.traps[-1].code for task in each.tasks if task.ends == "forbidden"]
        kinds = {(code[1], code[2] >> 3 & 7) for code in codes if len(code) == 3}
        assert {(0x20, 2), (0x20, 4), (0x22, 0), (0x22, 2), (0x22, 4)} <= kinds


@pytest.mark.parametrize("region", [0x10400, 0x12000, 0x18000, 0x6F000])
def test_it_fits_at_any_address(region):
    for seed in SEEDS:
        assert challenge.draw(seed, region).content
