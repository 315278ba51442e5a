"""rubric/challenge.py and programs.py: as testbed.h lays them out, and as hard as lab 04
needs them."""

import importlib
import random
import struct
import subprocess

import capstone
import pytest

from grading import lab
from grading.build import PREFIX
from grading.guest import TOLD
from grading.witness import REGISTERS, Run

LAB = lab.find("04")
RUBRIC = LAB.rubric()
challenge = importlib.import_module(RUBRIC.__name__ + ".challenge")
changes = importlib.import_module(RUBRIC.__name__ + ".changes")
fields = importlib.import_module(RUBRIC.__name__ + ".fields")
programs = importlib.import_module(RUBRIC.__name__ + ".programs")
runs = importlib.import_module(RUBRIC.__name__ + ".runs")
trace = importlib.import_module(RUBRIC.__name__ + ".trace")

SEEDS = range(60)
REGION = 0x18000
CHALLENGE = {"id": 0, "run_count": 4, "switch_cs": 8, "switch_ip": 10, "refusals": 12, "registers": 16,
             "canaries": 144, "run": 192, "run[1]": 224, "changes": challenge.CHANGES_AT}
RUN = {"cs": 0, "ip": 2, "changes": 4, "monitor.cr0_mask": 8,
       "monitor.cr0_shadow": 16, "monitor.exception_bitmap": 24, "monitor.extra_controls": 28}
NUMBERS = {  # of the headers → of the rubric
    "sizeof(struct challenge)": challenge.HEADER, "CHALLENGE_BYTES": challenge.BYTES,
    "CANARIES": challenge.CANARIES, "CHALLENGE_CHANGES": challenge.CHANGES,
    "sizeof(struct change)": 16, "offsetof(struct change, value)": 8, "CHALLENGE_RUNS": challenge.RUNS, "CHALLENGE_TURNS + 1": challenge.TURNS,
    "VMCS_GUEST_CR0": challenge.GUEST_CR0, "CPU_RDTSC_EXITING": challenge.RDTSC_EXITING,
    "CPU_USE_IO_BITMAPS": 1 << 25, "EXIT_HOST_ADDRESS_SPACE_SIZE": 1 << 9,
    "ENTRY_IA32E_MODE_GUEST": 1 << 9, "UART_DATA": programs.UART, "UART_LSR": programs.LSR,
    "UART_LSR_THRE + UART_LSR_TEMT": programs.READY, "sizeof(struct tss32) - 1": fields.TSS_LIMIT,
    "8 * GUEST_GDT_SLOTS - 1": 23, "8 * GUEST_LDT_SLOTS - 1": 31, "8 * VECTORS - 1": 255,
    "HOST_CODE": fields.HOST_CODE, "HOST_DATA": fields.HOST_DATA, "HOST_TSS": fields.HOST_TSS,
    "EXIT_REASON_RDTSC": trace.RDTSC_EXIT, "EXIT_REASON_VMCALL": trace.VMCALL_EXIT,
    "EXIT_REASON_CPUID": trace.CPUID_EXIT, "EXIT_REASON_IO_INSTRUCTION": trace.IO_EXIT,
    "EXIT_REASON_INVALID_GUEST_STATE": trace.BAD_GUEST}
EXITS = ("cpuid", "rdtsc", "vmcall", "in", "out", "insb", "outsb", "hlt")
ENDS = {runs.LOOP: (programs.RDTSC,), runs.CR0: (programs.MOV_FROM_CR3,),
        runs.BOTH_WAYS: (programs.VMCALL,), runs.SENDS: (*programs.WIDE, *programs.STRINGS),
        runs.MIXED: (trace.HLT,)}


@pytest.fixture(scope="module")
def drawn():
    return [challenge.draw(seed, REGION) for seed in SEEDS]


def guests(of):
    """All programs of a challenge."""
    return [of.turns, *(run.guest for run in of.runs if run.guest)]


def compiles(tmp_path, conditions):
    """Static assertions on the lab's headers; the compiler's complaints."""
    source = tmp_path / "layout.c"
    headers = ("stddef.h", "testbed.h", "tss32.h", "vmxstep1.h", "x86/exit.h", "x86/uart.h",
               "x86/vmcs.h", "x86/vmx.h")
    source.write_text("".join(f'#include <{name}>\n' for name in headers) + "".join(
        f'_Static_assert({each}, "{each}");\n' for each in conditions))
    folders = [LAB.folder, lab.ROOT / "common", *(lab.ROOT / "labs" / path.split("/")[0]
                                                 for path in LAB.uses)]
    done = subprocess.run([f"{PREFIX}gcc", "-m64", "-std=gnu11", "-ffreestanding", "-fsyntax-only",
                           *(f"-I{folder}" for folder in folders), source],
                          check=False, capture_output=True, text=True)
    return done.stderr


def test_layout_and_numbers_are_those_of_the_headers(tmp_path):
    conditions = [f"offsetof(struct challenge, {name}) == {at}" for name, at in CHALLENGE.items()]
    conditions += [f"offsetof(struct run, {name}) == {at}" for name, at in RUN.items()]
    conditions += [f"{name} == {number}" for name, number in NUMBERS.items()]
    conditions += [f"({bits} & ~{name}_DEFAULT1) == 0" for name, (_, _, bits)
                   in zip(("PIN", "CPU", "EXIT", "ENTRY"), fields.INSISTED)]
    conditions += [f"sizeof({name}) >= {size}" for name, size in RUBRIC.MEMORY.items()]
    assert compiles(tmp_path, conditions) == ""


def test_packed_values_are_where_testbed_h_has_them(drawn):
    for each in drawn:
        at = lambda where, form: struct.unpack_from("<" + form, each.content, where)
        assert len(each.content) == challenge.BYTES
        assert at(0, "2I2H") == (each.id, len(each.runs), each.turns.cs,
                                 each.turns.start - each.turns.cs * 16)
        assert list(at(16, "16Q")) == each.registers
        assert list(at(144, "6Q")) == each.canaries and len({*each.canaries, 0}) == 7
        for number, run in enumerate(each.runs):
            start = (run.guest.cs, run.guest.start - run.guest.cs * 16) if run.guest else (0, 0)
            assert at(192 + 32 * number, "2HI2Q2I") == (
                *start, len(run.changes), run.mask, run.shadow, run.bitmap, challenge.RDTSC_EXITING)
        expected = [change for run in each.runs for change in run.changes]
        assert [at(challenge.CHANGES_AT + 16 * number, "2Q") for number in range(len(expected))] \
            == expected
        assert each.runs[0].changes == ((challenge.GUEST_CR0, each.runs[0].cr0),)
        for guest in guests(each):
            where = guest.start - REGION
            assert each.content[where:where + len(guest.code)] == bytes(guest.code)


def test_the_same_seed_draws_the_same_and_another_something_else(drawn):
    assert challenge.draw(7, REGION).content == drawn[7].content
    assert len({each.content for each in drawn}) == len({each.id for each in drawn}) == len(drawn)
    assert all(each.id for each in drawn), "0 is the challenge of challenge.S"


def test_where_the_region_is_does_not_matter(drawn):
    for seed in SEEDS[:5]:
        moved = challenge.draw(seed, REGION + 0x1230)
        assert [run[1:] for run in moved.runs] == [run[1:] for run in drawn[seed].runs]
        assert [[trap.code for trap in guest.traps] for guest in guests(moved)] \
            == [[trap.code for trap in guest.traps] for guest in guests(drawn[seed])]


def test_draws_fit():
    for seed in range(300):
        last = guests(challenge.draw(seed, REGION))[-1]
        assert last.start + len(last.code) <= REGION + challenge.BYTES, "pack() would not say why"


def exits(guest):
    """IP → text of the instructions that make an exit, by a disassembler."""
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_16)
    code = list(engine.disasm(bytes(guest.code), guest.start - guest.cs * 16))
    assert sum(each.size for each in code) == len(guest.code), "not all of it is code"
    return {each.address: f"{each.mnemonic} {each.op_str}".strip() for each in code
            if each.mnemonic in EXITS or each.mnemonic == "mov" and ", cr" in each.op_str}


def intel(want):
    """What a disassembler says of an exit, by what the rubric says."""
    words = trace.say(want).replace("%", "").split(", IP")[0].split(" (")[0].split()
    if words[0] == "mov":
        return f"mov {words[2]}, {words[1].rstrip(',')}"
    wide = {"b": "al", "w": "ax", "l": "eax"}
    return {"in": f"in {wide.get(words[0][-1])}, dx", "out": f"out dx, {wide.get(words[0][-1])}",
            "insb": "insb byte ptr es:[di], dx",
            "outsb": "outsb dx, byte ptr [si]"}.get(
                words[0] if "sb" in words[0] else words[0][:-1], words[0])


def test_programs_make_the_exits_that_are_claimed_and_no_other(drawn):
    for each in drawn[:20]:
        for guest in guests(each):
            assert exits(guest) == {want.ip: intel(want) for want in guest.traps}
            assert all(want.cs == guest.cs for want in guest.traps)


def test_each_run_ends_with_what_nobody_handles(drawn):
    for number, ends in ENDS.items():
        found = [each.runs[number].guest.traps[-1].code for each in drawn]
        assert set(found) == set(ends)
        if number == runs.SENDS:  # a grade draws two seeds, one behind the other
            assert all((one in programs.STRINGS) != (other in programs.STRINGS)
                       for one, other in zip(found, found[1:]))


def test_the_way_to_the_first_exit_shows_in_the_registers(drawn):
    assert all(each.runs[runs.LOOP].guest.traps[0].registers[name] != each.registers[number] % 2**32
               for each in drawn for number, name in enumerate(REGISTERS)
               if name == last_loaded(each.runs[runs.LOOP].guest))


def last_loaded(guest):
    """The register of the `mov $value` in front of a program's only exit."""
    return REGISTERS[guest.code[-len(programs.RDTSC) - 5] - 0xB8]


def test_every_register_and_every_leaf_is_asked_for(drawn):
    for each in drawn:
        for number in (runs.CR0, runs.BOTH_WAYS, runs.MIXED):
            traps = each.runs[number].guest.traps
            assert {want.destination for want in traps} - {None} == set(REGISTERS)
        leaves = {want.registers["eax"] for want in each.runs[runs.MIXED].guest.traps
                  if want.code == programs.CPUID}
        assert leaves == {*programs.LEAVES, programs.HYPERVISOR}


def test_no_register_holds_by_chance_what_it_must_be_given(drawn):
    for each in drawn:
        for want in each.runs[runs.MIXED].guest.traps:
            if want.destination not in (None, "esp"):
                assert want.registers[want.destination] != TOLD
            if want.code == programs.IN:
                low = want.registers["eax"] & 0xFF
                assert low != programs.status(want.registers["edx"] & 0xFFFF)


def test_every_port_of_the_uart_is_read_and_set_up(drawn):
    for each in drawn:
        ports = {(want.code, want.registers["edx"] & 0xFFFF)
                 for want in each.runs[runs.SENDS].guest.traps if len(want.code) == 1}
        assert {(programs.IN, port) for port in range(0x3F8, 0x400)} <= ports
        assert {(programs.OUT, port) for port in (0x3F8, *programs.SETUP)} <= ports


def test_what_is_sent_is_the_text(drawn):
    for each in drawn:
        for number in (runs.SENDS, runs.MIXED):
            sent = bytes(want.registers["eax"] & 0xFF for want in each.runs[number].guest.traps
                         if want.code == programs.OUT
                         and want.registers["edx"] & 0xFFFF == programs.UART)
            assert sent.decode("ascii") == each.runs[number].text
            assert sent.endswith(b"\n") and len(sent) > 16


def test_the_long_run_is_long_and_has_everything(drawn):
    for each in drawn:
        codes = [want.code for want in each.runs[runs.MIXED].guest.traps]
        assert len(codes) >= 1000
        assert {programs.CPUID, programs.IN, programs.OUT, trace.HLT} < set(codes)


def test_no_single_source_tells_cr0(drawn):
    """Neither mask, shadow, the host's CR0 nor the guest's first one is the answer alone."""
    for each in drawn:
        for run in each.runs[:7]:
            told = trace.told(run, 0xE0000031)
            assert told not in (run.shadow, run.mask, run.cr0, 0xE0000031, 0x80000031)
            assert run.mask & (challenge.PE | challenge.PG) == challenge.PE | challenge.PG
            assert run.cr0 & ~run.mask & ~0xE0000031, "a bit that only the VMCS knows"


def test_vmcall_of_the_task_itself_looks_like_the_handler_s(drawn):
    for each in drawn:
        guest = each.runs[runs.BOTH_WAYS].guest
        end = len(guest.code) - len(programs.VMCALL)
        pushed = [int.from_bytes(guest.code[at + 2:at + 6], "little")
                  for at in range(end - 6, end - 6 * 19 - 1, -6)]
        assert guest.code[end - 6 * 19:end:6] == b"\x66" * 19, "struct v86_trap, and a way back"
        ip, cs = pushed[1 + 8 + 1:1 + 8 + 1 + 2]
        assert guest.code[cs * 16 + ip - guest.start:][:2] == b"\x0F\x20"


def refused(seed):
    """The Spoiled of that seed's challenge."""
    return [run.spoiled for run in challenge.draw(seed, REGION).runs[7:]]


def test_every_field_is_at_fault_in_some_challenge_and_harmless_in_another():
    spoiled = [each for seed in range(600) for each in refused(seed)]
    for area, kinds in changes.KINDS.items():
        fields = {kind.field for kind in kinds}
        assert fields == {each.field for each in spoiled if each.area == area}
        assert fields <= {change.field for each in spoiled if each.area == area
                          for change in each.changes if change.field != each.field}


def test_which_field_is_at_fault_neither_its_place_nor_its_number_tells(drawn):
    places, ranks = set(), set()
    for seed in SEEDS:
        for each in refused(seed):
            fields = [change.field for change in each.changes]
            assert len(set(fields)) == len(fields) >= changes.TOGETHER
            ours = [field for field in fields if any(field == kind.field for kind
                                                     in changes.KINDS[each.area])]
            assert len(ours) == changes.TOGETHER
            places.add(ours.index(each.field))
            ranks.add(sorted(ours).index(each.field))
    assert places == ranks == set(range(changes.TOGETHER))


@pytest.mark.parametrize("area", changes.KINDS)
def test_no_value_that_does_no_harm_is_one_that_does(area):
    rng = random.Random(4)
    for kind in changes.KINDS[area]:
        good, bad = ({tuple(kind.draw(rng, harmful)) for _ in range(500)}
                     for harmful in (False, True))
        assert not good & bad, hex(kind.field)


def test_a_field_is_called_by_its_own_name():
    for kinds in changes.KINDS.values():
        for kind in kinds:
            name = fields.field(kind.field)
            assert name.startswith("VMCS_") and not name.startswith(fields.PARTS), name
    assert fields.field(0x0C00) == "VMCS_HOST_ES_SELECTOR (0x0c00)"


def test_what_the_grader_looks_at_is_not_among_what_is_changed():
    for kinds in changes.KINDS.values():
        assert not {kind.field for kind in kinds} & set(fields.MONITORED.values())


@pytest.mark.parametrize("cpu", LAB.cpus)
def test_what_cpuid_answers_is_known_of_every_cpu_and_of_every_leaf(cpu):
    leaves = {leaf: (leaf, 1, 0x20, 3) for leaf in programs.LEAVES}
    run = Run(b"", [], None, False, True, "bochs", 0, cpu=cpu, cpuid=leaves)
    answers = trace.cpuid_of(run, cr4=0)
    known = trace.Known(0, 0, answers)
    assert {leaf for leaf, _ in answers} == set(programs.LEAVES)
    told = {answer: known.value(programs.Answer(*answer)) for answer in answers}
    assert (told[0, "ebx"], told[2, "ecx"], told[1, "ecx"]) == (1, 0x20, 1 << 31)
    assert told[4, "eax"] & 0xFF == 0x22, "level 1, an instruction cache"
    with_xsave = trace.Known(0, 0, trace.cpuid_of(run, cr4=1 << 18))
    assert with_xsave.value(programs.Answer(1, "ecx")) == 1 << 31 | 1 << 27


def test_who_knows_the_answers_by_heart_is_right_once_in_256():
    assert len({challenge.draw_told(seed) for seed in range(4000)}) == 2**challenge.REFUSALS
