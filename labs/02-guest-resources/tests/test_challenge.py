"""rubric/challenge.py and layout.py: as the lab's headers say, and as hard as lab 02 needs it."""

import importlib
import struct
import subprocess

import capstone
import pytest

from grading import lab
from grading.build import PREFIX
from grading.guest import FLAG_DF
from grading.witness import REGISTERS

LAB = lab.find("02")
RUBRIC = LAB.rubric()
challenge = importlib.import_module(RUBRIC.__name__ + ".challenge")
layout = importlib.import_module(RUBRIC.__name__ + ".layout")

REGION = 0x112B0
SEEDS = range(50)
UART = challenge.ALLOWED
READ_AT_THE_EDGES = {(0x3F7, 1), (0x400, 1), (0x3F7, 2), (0x3F7, 4), (0x3F5, 4)}
READ_AT_THE_ENDS = {(0, 1), (0xFFFF, 1), (0xFFFE, 2), (0xFFFC, 4)}
KINDS = {(size, out) for size in (1, 2, 4) for out in (False, True)}


@pytest.fixture(scope="module")
def drawn():
    return [challenge.draw(seed, REGION) for seed in SEEDS]


def compile_asserts(conditions, folder):
    """True if a C compiler finds all of them true of the lab's headers."""
    headers = ("trystep1.h", "vmxstep1.h", "segment.h", "x86/control.h", "x86/descriptor.h",
               "x86/exception.h", "x86/paging.h", "x86/uart.h")
    source = folder / "layout.c"
    source.write_text("".join(f'#include "{each}"\n' for each in headers) + "".join(
        f'_Static_assert({each}, "{each}");\n' for each in conditions))
    done = subprocess.run(
        [f"{PREFIX}gcc", "-m32", "-std=gnu11", "-ffreestanding", "-fsyntax-only", f"-I{LAB.folder}",
         f"-I{lab.ROOT / 'common'}", source], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_challenge_is_laid_out_as_in_trystep1_h(tmp_path):
    offsets = {"id": 0, "cr0_bits": 4, "task_count": 8, "task": 12}
    fields = ("cs", "ip", "skip", "answer")
    compile_asserts([
        f"CHALLENGE_BYTES == {challenge.BYTES}", f"CHALLENGE_TASKS == {challenge.TASKS}",
        f"sizeof(struct challenge) == {challenge.HEADER}", "sizeof(struct task) == 8",
        *(f"offsetof(struct challenge, {name}) == {at}" for name, at in offsets.items()),
        *(f"offsetof(struct task, {name}) == {2 * n}" for n, name in enumerate(fields)),
        f"UART_DATA == {challenge.UART}"], tmp_path)


def test_the_structures_are_laid_out_as_in_the_headers(tmp_path):
    cpu = layout.GuestCpu()._asdict()
    memory = {"struct tss32": "guest_tss", "guest_gdt": "guest_gdt", "guest_ldt": "guest_ldt",
              "struct guest_cpu": "guest_cpu", "struct table_pointer": "guest_gdt_pointer"}
    compile_asserts([
        *(f"sizeof({what}) == {layout.MEMORY[name]}" for what, name in memory.items()),
        f"8 * VECTORS == {layout.MEMORY['guest_idt']}",
        f"PAGE_SIZE == {layout.MEMORY['guest_page_directory']}",
        *(f"offsetof(struct guest_cpu, {name}) == {at}" for name, (at, _) in cpu.items()),
        *(f"sizeof(((struct guest_cpu *)0)->{name}) == {size}" for name, (_, size) in cpu.items()),
        "offsetof(struct tss32, esp0) == 4", "offsetof(struct tss32, ss0) == 8",
        "offsetof(struct tss32, io_map_base) == 102",
        f"offsetof(struct tss32, io_map) == {layout.IO_MAP}",
        f"offsetof(struct tss32, io_map_end) == {layout.TSS_BYTES - 1}"], tmp_path)


def test_the_values_are_those_of_the_headers(tmp_path):
    gate = layout.interrupt_gate(0x1234, 0x56789ABC)
    compile_asserts([
        f"GUEST_TSS == {layout.TSS}", f"GUEST_LDT == {layout.LDT}",
        *(f"{name} == {getattr(layout, name)}"
          for name in ("LDT_CODE", "LDT_DATA", "LDT_VRAM", "LDT_FLAT")),
        f"VECTORS == {layout.VECTORS}", f"VECTOR_GP == {layout.GP}",
        f"(CR0_PG | CR0_NE | CR0_ET | CR0_PE) == {sum(layout.CR0_BITS)}u",
        f"EFLAGS_VM == {layout.EFLAGS_VM}", f"EFLAGS_FIXED == {layout.EFLAGS_FIXED}",
        f"((DESC_P | TYPE_INT_GATE) << 8 | 0x56780000) == {gate >> 32:#x}",
        f"0x12349abc == {gate & 0xFFFFFFFF:#x}",
        *(f"CR0_{name} == {bit}" for name, bit in
          zip(("MP", "EM", "TS", "WP", "AM"), challenge.CR0_LOW + challenge.CR0_HIGH))], tmp_path)


def test_the_region_holds_what_the_challenge_says(drawn):
    for each in drawn:
        number, _, count = struct.unpack_from("<3I", each.content)
        assert len(each.content) == challenge.BYTES
        assert (number, count) == (each.id, len(each.tasks))
        for n, task in enumerate(each.tasks):
            assert struct.unpack_from("<4H", each.content, 12 + 8 * n) \
                == (task.guest.traps[0].cs, task.ip, task.skip, task.answer)


def test_each_task_lies_where_its_cs_and_ip_point(drawn):
    for each in drawn:
        end = REGION + challenge.HEADER
        for task in each.tasks:
            code = bytes(task.guest.code)
            start = task.guest.cs * 16 + task.ip
            assert start == task.guest.start == end
            assert task.ip + len(code) <= 0x10000
            assert each.content[start - REGION:start - REGION + len(code)] == code
            end = start + len(code)
        assert end <= REGION + challenge.BYTES


def test_a_seed_repeats_its_challenge_and_no_other(drawn):
    assert challenge.draw(7, REGION).content == drawn[7].content
    assert len({each.content for each in drawn}) == len(drawn)
    assert len({each.id for each in drawn}) == len(drawn)
    assert all(each.id for each in drawn), "0 is the challenge of challenge.S"


@pytest.mark.parametrize("region", [0x10400, 0x112B0, 0x18000, 0x80000])
def test_it_fits_at_any_address(region):
    for seed in SEEDS:
        assert len(challenge.draw(seed, region).content) == challenge.BYTES


def follow(task):
    """Executes a task by its disassembly: (offset, mnemonic, operands, registers, DF) of each
    IN, OUT and HLT."""
    reader = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_16)
    registers, df, found = {}, False, []
    for each in reader.disasm(bytes(task.guest.code), 0):
        one, _, other = each.op_str.partition(", ")
        if each.mnemonic == "mov":
            registers[one] = int(other, 0)
        elif each.mnemonic == "xchg":
            registers[one], registers[other] = registers[other], registers[one]
        elif each.mnemonic in ("cld", "std"):
            df = each.mnemonic == "std"
        elif each.mnemonic in ("in", "out", "hlt"):
            found.append((each.address, each.mnemonic, each.op_str, dict(registers), df))
            if task.skip and each.mnemonic == "in":
                registers["eax"] = registers["eax"] & ~0xFF | task.answer
        else:
            assert each.mnemonic == "sahf", each.mnemonic
    return found


def test_each_task_disassembles_to_its_probes_and_a_hlt(drawn):
    accumulator = {1: "al", 2: "ax", 4: "eax"}
    for task in (task for each in drawn for task in each.tasks):
        *accesses, last = follow(task)
        assert last[1] == "hlt" and last[0] == len(task.guest.code) - 1
        assert len(accesses) == len(task.probes)
        for probe, (_, mnemonic, operands, registers, _) in zip(task.probes, accesses):
            register = accumulator[probe.size]
            assert (mnemonic, operands) == (("out", f"dx, {register}") if probe.out
                                            else ("in", f"{register}, dx"))
            assert registers["edx"] & 0xFFFF == probe.port


def test_what_is_known_of_the_cpu_at_a_trap_is_what_the_code_leaves(drawn):
    for task in (task for each in drawn for task in each.tasks):
        assert len(task.guest.traps) == len(task.probes) + 1
        for trap, (offset, *_, registers, df) in zip(task.guest.traps, follow(task)):
            assert trap.address == task.guest.start + offset
            assert trap.registers == registers
            assert set(registers) == set(REGISTERS) - {"esp"}, "all of them are told apart"
            assert bool(trap.flags & FLAG_DF) == df


def test_a_probe_is_allowed_if_all_of_its_ports_are():
    for port, size, allowed in ((0x3F8, 1, True), (0x3FF, 1, True), (0x3FE, 2, True),
                                (0x3FC, 4, True), (0x3F7, 1, False), (0x400, 1, False),
                                (0x3FF, 2, False), (0x3F7, 2, False), (0x3FD, 4, False)):
        assert challenge.Probe(port, size, False).allowed == allowed


def probes(each):
    """The probes of the tasks that end at their first trap."""
    return [task.probes[0] for task in each.tasks if not task.skip]


def test_every_kind_of_probe_is_in_every_challenge(drawn):
    for each in drawn:
        allowed = {probe for probe in probes(each) if probe.allowed}
        denied = {probe for probe in probes(each) if not probe.allowed}
        assert {probe.port for probe in allowed if probe.size == 1 and not probe.out} == set(UART)
        assert {probe.size for probe in allowed if not probe.out} == {1, 2, 4}
        assert any(probe.out for probe in allowed)
        assert {(probe.size, probe.out) for probe in denied} == KINDS
        assert READ_AT_THE_EDGES | READ_AT_THE_ENDS \
            <= {(probe.port, probe.size) for probe in denied if not probe.out}
        assert any(bin(probe.port ^ UART[0]).count("1") == 1 for probe in denied
                   if probe.port > UART[-1] + 1), "an address line too few"


def test_over_many_seeds_each_bit_of_a_port_matters(drawn):
    ports = [probe.port for each in drawn for probe in probes(each) if not probe.allowed]
    for bit in range(16):
        assert {port >> bit & 1 for port in ports} == {0, 1}
    assert len(set(ports)) > 500


def test_where_a_wrong_bitmap_leads_no_harm_is_done(drawn):
    """The grader's emulators get over it, whatever the bitmap of a submission allows."""
    for each in drawn:
        for task in each.tasks:
            for probe in task.probes:
                touched = set(range(probe.port, probe.port + probe.size))
                if touched & challenge.DANGEROUS or probe.port + probe.size > 0x10000:
                    place = (probe.port, probe.size)
                    assert place in READ_AT_THE_EDGES | READ_AT_THE_ENDS
                    assert not probe.out or place == (0x3F7, 2)
                if probe.port in UART:
                    assert touched <= set(UART), "QEMU's UART ends the run"


def test_what_is_written_to_the_uart_leaves_the_line_as_it_was(drawn):
    """IER, FCR 0: no interrupts, no FIFOs; LCR 3: 8N1, no DLAB. MSR and SCR take anything."""
    harmless = {0x3F9: {0}, 0x3FA: {0}, 0x3FB: {3}}
    free = {0x3FE, 0x3FF}
    for each in drawn:
        for task in each.tasks:
            probe = task.probes[0]
            if probe.out and probe.allowed:
                value = follow(task)[0][3]["eax"]
                for n, port in enumerate(range(probe.port, probe.port + probe.size)):
                    assert port in free or value >> 8 * n & 0xFF in harmless[port], probe


def test_two_tasks_go_on_behind_inputs_that_are_denied(drawn):
    for each in drawn:
        going_on = [task for task in each.tasks if task.skip]
        assert going_on == each.tasks[-2:], "behind all others: a crash there costs no other"
        for task in going_on:
            assert task.skip == 1 and len(task.probes) >= 4
            assert not any(probe.allowed or probe.out or probe.size > 1 for probe in task.probes)
            for *_, registers, _ in follow(task)[:-1]:
                assert registers["eax"] & 0xFF != task.answer, "it has to be put there"


def test_cr0_cannot_be_foreseen_nor_read_in_16_bits(drawn):
    found = [struct.unpack_from("<I", each.content, 4)[0] for each in drawn]
    possible = sum(challenge.CR0_LOW + challenge.CR0_HIGH)
    assert all(bits >> 16 and not bits & ~possible for bits in found)
    assert len(set(found)) > 12


def test_addresses_cannot_be_computed_by_or(drawn):
    for each in drawn:
        for task in (task for task in each.tasks if task.skip):
            assert len({trap.address for trap in task.guest.traps}) == len(task.guest.traps)
        wrong = [task for task in each.tasks
                 if any(trap.cs * 16 & trap.ip for trap in task.guest.traps)]
        assert len(wrong) > len(each.tasks) / 2
    assert len({task.guest.cs for each in drawn for task in each.tasks}) > 500
