"""What the emulators' Boots see, with small programs of these tests' own: memory, the CPU's
state where it gave up, VMX instructions, CPU models."""

import re

import pytest

from grading import emulators, image
from grading.emulators import bochs
from grading.image import IMAGE_BYTES
from grading.tests import support
from grading.tests.programs import (BEGIN, END, HEADERS, NO_IDT, TRIPLE_FAULT, boot, content,
                                    wanted)
from grading.watch import vmx_instructions
from grading.witness import Watch


@pytest.mark.parametrize(("end", "first"), [(END, 3), (TRIPLE_FAULT, 9)],
                         ids=["orderly", "triple-fault"])
@pytest.mark.parametrize("name", emulators.NAMES)
def test_memory_is_read_as_it_was_last(name, end, first, program, tmp_path):
    disk, symbols = program(end)
    run = boot(name, tmp_path / "boot", disk, wanted(symbols))
    assert run.problem is None
    assert (run.powered_off, run.reset) == (end == END, end != END)
    assert sorted(run.memory.pieces) == sorted(symbols[each] for each in
                                               ("table", "odd", "constant"))
    table, odd = content(first)
    assert run.memory.read(symbols["table"], 5000) == table
    assert run.memory.read(symbols["odd"], 7) == odd
    assert run.memory.read(symbols["constant"], 13) == b"of the image\0"
    assert run.memory.number(symbols["table"] + 4, 4) == int.from_bytes(table[4:8], "little")
    assert run.memory.read(symbols["odd"] + 1, 6) == odd[1:]


@pytest.mark.parametrize("name", emulators.NAMES)
def test_what_was_not_asked_for_was_not_read(name, program, tmp_path):
    disk, symbols = program(END)
    run = boot(name, tmp_path / "boot", disk, wanted(symbols))
    for address, length in ((symbols["table"], 5001), (symbols["table"] - 1, 2),
                            (symbols["odd"] + 6, 2), (0x7C00, 1)):
        assert run.memory.read(address, length) is None
        assert run.memory.number(address, length) is None
    assert boot(name, tmp_path / "another", disk).memory.pieces == {}


def test_bochs_reads_memory_no_later_than_where_it_is_told_to(program, tmp_path):
    """spot() sees 3 last; what main() does behind that is not seen."""
    disk, symbols = program("fill(7); " + END)
    run = boot("bochs", tmp_path / "boot", disk, wanted(symbols))
    assert run.memory.read(symbols["odd"], 7) == content(3)[1]
    run = boot("bochs", tmp_path / "again", disk, wanted(symbols, ("spot", "leave")))
    assert run.memory.read(symbols["odd"], 7) == content(7)[1]


# ---- The CPU's state where it gave up. -------------------------------------

@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", emulators.NAMES)
def test_where_the_cpu_gave_up(name, bits, program, tmp_path):
    disk, symbols = program(f"{NO_IDT} bad();", bits)
    run = boot(name, tmp_path / "boot", disk)
    assert (run.reset, run.problem, run.gave_up) == (True, None, None)
    if (name, bits) == ("qemu", 64):
        assert run.traps == []  # its parser passes over 64-bit code
        return
    first, *others = run.traps
    assert (first.vector, first.error, first.linear, first.nested) \
        == (6, 0, symbols["bad"], False)
    assert (first.segments["cs"], first.v86, first.long) \
        == ((0x28, False, True) if bits == 64 else (8, False, False))
    assert (first.registers is None) == (bits == 64)
    assert first.tables.idtr == (0, 0)
    assert first.tables.gdtr[1] == 63
    assert others and all(trap.nested for trap in others)
    assert {trap.linear for trap in others} == {symbols["bad"]}
    # #UD, whose gate is behind the limit; #GP, whose gate is too; then the #DF.
    assert [trap.vector for trap in others][:3] == [13, 13, 8]


# ---- VMX instructions, on Bochs. ---------------------------------------------

VMX = """
        .text
        .code64
        .globl  go
go:     movq    %cr0, %rax
        orq     $0x20, %rax             /* NE */
        movq    %rax, %cr0
        movq    %cr4, %rax
        orq     $0x2000, %rax           /* VMXE */
        movq    %rax, %cr4
        movl    $0x480, %ecx            /* IA32_VMX_BASIC */
        rdmsr
        movl    %eax, region
        movl    %eax, region + 4096
        movl    $0x3A, %ecx             /* IA32_FEATURE_CONTROL */
        rdmsr
        orl     $5, %eax
        wrmsr
        vmxon   pointer                 /* one behind the other, on purpose */
        vmclear pointer + 8
        movl    %esi, %ebx              /* its last byte, F3, looks like a prefix */
        vmptrld pointer + 8
        movl    $0x6800, %r8d           /* VMCS_GUEST_CR0 */
        movl    $0x31, %edx
        vmwrite %rdx, %r8
        vmread  %r8, %r9
        movq    %r8, 0x48(%rsp)         /* and so does this one's, 48 */
        vmread  %rax, %rcx              /* no such field */
        vmptrst pointer
        vmxoff
        vmxoff                          /* outside VMX operation: #UD */
        .bss
        .balign 4096
region: .skip   8192
        .data
        .balign 8
pointer:
        .quad   region, region + 4096
        .section .note.GNU-stack, "", @progbits
"""
GO = HEADERS + "void go(void);\nvoid main(void) { %s go(); }\n"
CF, ZF = 0x01, 0x40


def vmx_run(folder, code, bits=64, setup=BEGIN, cpu=None):
    """The Run of a program that calls go(), on Bochs, and where its VMX instructions may be."""
    path = support.build_program(folder / "program", {"main.c": GO % setup, "go.S": code}, bits)
    places = vmx_instructions(path, image.read_symbols(path.with_suffix(".sym")))
    return boot("bochs", folder / "boot", path.read_bytes(), Watch(vmx=places), cpu=cpu), places


def test_every_vmx_instruction_is_seen_before_and_behind_it(tmp_path):
    run, places = vmx_run(tmp_path, VMX)
    assert (run.problem, run.powered_off) == (None, True), run.serial
    assert [(step.name, step.flags & (CF | ZF), step.faulted) for step in run.vmx] == [
        ("vmxon", 0, None), ("vmclear", 0, None), ("vmptrld", 0, None), ("vmwrite", 0, None),
        ("vmread", 0, None), ("vmread", ZF, None), ("vmptrst", 0, None), ("vmxoff", 0, None),
        ("vmxoff", run.vmx[-1].flags & (CF | ZF), 6)]
    assert {step.registers["rip"] for step in run.vmx} <= set(places)
    write, read = run.vmx[3:5]
    assert (write.registers["r8"], write.registers["rdx"]) == (0x6800, 0x31)
    assert (read.registers["r9"], read.registers_after["r9"]) == (0, 0x31)
    assert {(step.cr0 & 0x80000021, step.cr4) for step in run.vmx
            if step.name not in ("vmread", "vmwrite")} == {(0x80000021, 0x2020)}
    assert (write.cr0, write.cr4, read.cr0, read.cr4) == (None,) * 4
    times = [step.time for step in run.vmx]
    assert times == sorted(set(times))


def test_bytes_that_only_look_like_a_prefix_are_no_step(tmp_path):
    """In 32-bit code 40 is an instruction of its own: INC."""
    code = ".text\n.globl go\ngo: inc %eax\n.byte 0x0F, 0x78, 0xC8\nret\n"
    run, places = vmx_run(tmp_path, code, bits=32)
    assert len(places) == 2
    assert [(step.name, step.faulted) for step in run.vmx] == [("vmread", 6)]


def test_a_vmx_instruction_at_which_the_cpu_gives_up(tmp_path):
    run, _ = vmx_run(tmp_path, ".text\n.globl go\ngo: vmxoff\n", setup=f"{BEGIN} {NO_IDT}")
    assert (run.reset, run.problem, run.over_budget) == (True, None, None)
    assert [(step.name, step.faulted) for step in run.vmx] == [("vmxoff", 6)]
    assert run.traps[0].linear == run.vmx[0].registers["rip"]


# ---- CPU models. --------------------------------------------------------------

CPUID = HEADERS + f"void main(void) {{ {BEGIN} report(\"cpuid\", cpuid(1, 0).eax); report_end(); }}\n"


def test_bochs_has_the_cpu_that_it_is_told_to_have(tmp_path):
    disk = support.build_program(tmp_path / "program", {"main.c": CPUID}).read_bytes()
    models = (None, bochs.CPU, "corei7_haswell_4770", "corei7_icelake_u")
    seen = {}
    for number, model in enumerate(models):
        run = boot("bochs", tmp_path / f"boot{number}", disk, cpu=model)
        assert run.powered_off, run
        assert run.cpu == (model or bochs.CPU)
        seen[model] = re.search(rb"@ cpuid (\w+)", run.serial)[1]
        assert run.cpuid[1][0] == int(seen[model], 16), "what Bochs says of it, it does"
    assert seen[None] == seen[bochs.CPU]
    assert len(set(seen.values())) == 3
    assert boot("qemu", tmp_path / "qemu", disk, cpu="corei7_icelake_u").cpu == ""


def test_a_bochs_that_does_not_say_what_cpuid_answers_is_our_error(tmp_path, monkeypatch):
    disk = support.build_program(tmp_path / "program", {"main.c": CPUID}).read_bytes()
    monkeypatch.setattr(bochs, "leaves", lambda cpu_log: {})
    run = boot("bochs", tmp_path / "boot", disk)
    assert run.powered_off and "CPUID" in run.problem


def test_a_cpu_that_there_is_not_is_our_error(tmp_path):
    run = boot("bochs", tmp_path / "boot", bytes(IMAGE_BYTES), cpu="no_such_cpu")
    assert run.problem
