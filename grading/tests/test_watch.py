"""grading/watch.py: VMX instructions in machine code that the assembler wrote, memory and
checkpoints of a rubric."""

import re
import subprocess
from itertools import islice
from types import SimpleNamespace

import pytest

from grading import build, grader, image, lab, watch
from grading.emulators import bochs_stops
from grading.image import ARENA, SECTOR
from grading.tests import support
from grading.witness import Watch

MNEMONIC = r"(vm(?:launch|resume|xoff|read|write|xon|clear|ptrld|ptrst))"


def assemble(folder, code, bits=64):
    """(machine code, label → address) of a program at ARENA."""
    source, program, flat = folder / "code.S", folder / "code.elf", folder / "code.b"
    source.write_text(f".text\n.code{bits}\n{code}\n.section .note.GNU-stack,\"\",@progbits\n")
    subprocess.run(["gcc", f"-m{bits}", "-c", "-o", folder / "code.o", source], check=True)
    subprocess.run(["ld", "-m", {64: "elf_x86_64", 32: "elf_i386"}[bits], "-Ttext", hex(ARENA),
                    "-e", "0", "-o", program, folder / "code.o"], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", program, flat], check=True)
    symbols = subprocess.run(["nm", program], check=True, stdout=subprocess.PIPE, text=True).stdout
    return flat.read_bytes(), {name: int(address, 16) for address, name in
                               re.findall(r"^(\w+) t (at_\w+)$", symbols, re.MULTILINE)}


def search(folder, code, behind=b"", sector=b""):
    """What is found in a program of this code, with `behind` behind it."""
    path = folder / "disk.img"
    path.write_bytes(sector.ljust(SECTOR, b"\0") + code + behind)
    return watch.vmx_instructions(path, {"text_end": ARENA + len(code)})


MEMORY_64 = ("(%rdi)", "8(%rbp)", "-0x80(%rax)", "0x12345678(%rbx)", "(%r8)", "0x10(%r15,%r9,2)",
             "(%rsp)", "0x7f(%r12)", "at_end(%rip)", "0x10d00", "%gs:(%rax)", "(%eax)",
             "%fs:8(%r10d,%ecx)")
MEMORY_32 = ("(%edi)", "8(%ebp)", "0x12345678(%ebx)", "(%eax,%ecx,4)", "at_end", "%fs:(%eax)",
             "(%bx)")
TO_MEMORY = ("vmxon", "vmclear", "vmptrld", "vmptrst")
OPERANDS = {
    64: {"vmread": ("%rax, %rbx", "%rdi, %r9", "%r14, (%r10)", "%rcx, 0x48(%rsp)",
                    "%r8, %gs:(%rax)", "%rax, at_end(%rip)", "%rax, (%ecx)"),
         "vmwrite": ("%rax, %rbx", "%r9, %rdi", "(%r10), %r14", "0x48(%rsp), %rcx", "%fs:8, %r8")},
    32: {"vmread": ("%eax, %ebx", "%ecx, 0x48(%esp)", "%eax, at_end"),
         "vmwrite": ("%eax, %ebx", "0x48(%esp), %ecx", "at_end, %eax")},
}
ALONE = ("vmlaunch", "vmresume", "vmxoff")


def forms(bits):
    """Every VMX instruction in every form: (name, the assembler's text)."""
    yield from ((name, name) for name in ALONE)
    for name in TO_MEMORY:
        for operand in {64: MEMORY_64, 32: MEMORY_32}[bits]:
            yield name, f"{name} {operand}"
    if bits == 64:
        yield from ((name, f"rex.W {name} (%r11)") for name in TO_MEMORY)
    for name, operands in OPERANDS[bits].items():
        yield from ((name, f"{name} {operand}") for operand in operands)


# Each is followed by a VMX instruction, and its last byte looks like that one's prefix.
IN_FRONT = ("nop", "mov %esi, %ebx", "mov $0x66, %al", "mov $0xF3, %al", "mov $0x48, %al",
            "mov $0x67, %al", "mov $0x2E, %al", "mov $0x6548, %ax", "mov $0x66F3, %ax",
            "mov $0x48F36600, %eax", "mov $0x64, %al")


@pytest.mark.parametrize("in_front", IN_FRONT)
@pytest.mark.parametrize("bits", [64, 32])
def test_every_vmx_instruction_is_found(bits, in_front, tmp_path):
    wanted = list(forms(bits))
    code = "".join(f"{in_front}\nat_{number}: {text}\n" for number, (_, text) in enumerate(wanted))
    machine_code, labels = assemble(tmp_path, f"{code}at_end: nop", bits)
    found = search(tmp_path, machine_code)
    missed = [text for number, (name, text) in enumerate(wanted)
              if found.get(labels[f"at_{number}"]) != name]
    assert missed == []


@pytest.mark.parametrize("prefix", [0xF3, 0x66, 0x48])
def test_no_prefix_makes_another_instruction_of_a_vmwrite(prefix, tmp_path):
    assert search(tmp_path, bytes([0x90, prefix, 0x0F, 0x79, 0xC3])) \
        == {ARENA + 1: "vmwrite", ARENA + 2: "vmwrite"}


@pytest.mark.parametrize("bits", [64, 32])
def test_the_likely_places_come_first(bits, tmp_path):
    """There are fewer breakpoints than places that may be an instruction."""
    wanted = list(forms(bits))
    code = "".join(f"nop\nat_{number}: {text}\n" for number, (_, text) in enumerate(wanted))
    machine_code, labels = assemble(tmp_path, f"{code}at_end: nop", bits)
    found = search(tmp_path, machine_code)
    first = dict(islice(found.items(), len(wanted)))
    assert first == {labels[f"at_{number}"]: name for number, (name, _) in enumerate(wanted)}
    assert list(first) == sorted(first)
    assert len(found) > len(first)


NEIGHBOURS = (
    "rdrand %eax", "rdrand %rax", "rdrand %r15", "rdrand %cx", "rdseed %eax", "rdseed %r9",
    "rdpid %rax", "cmpxchg8b (%rdi)", "cmpxchg16b (%r8)", "cmpxchg8b 0x70(%rax)",
    "lock cmpxchg8b (%rdi)", "xrstors (%rax)", "xsavec (%rax)", "xsaves (%rax)",
    ".byte 0x0F, 0xFF, 0xC7", "ud1 %eax, %eax", "ud2", "vmcall", "vmfunc", "vmmcall", "vmrun",
    "invept (%rax), %rdi", "invvpid (%rax), %rdi", "sgdt (%rax)", "lidt (%rax)", "smsw %eax",
    "swapgs", "monitor", "mwait", "xgetbv", "invlpg (%rax)", "js .+0x100", "jns .+0x100",
    "sets %al", "setns %al", "bswap %eax", "xadd %al, (%rdi)", "movnti %eax, (%rdi)",
    "mov $0x0F3078C7, %eax",
)


@pytest.mark.parametrize("text", NEIGHBOURS)
def test_its_neighbours_are_not_taken_for_one(text, tmp_path):
    machine_code, _ = assemble(tmp_path, f"{text}\nret")
    assert search(tmp_path, machine_code) == {}


def test_every_opcode_of_its_group_but_two_is_another_instruction(tmp_path):
    """0F C7: SDM Vol. 2D, "Opcode Extensions", group 9; and 0F 01: group 7."""
    taken = {modrm: set(search(tmp_path, bytes([0x90, 0x0F, 0xC7, modrm])).values())
             for modrm in range(256)}
    for modrm, names in taken.items():
        extension, of_memory = modrm >> 3 & 7, modrm >> 6 != 3
        wanted = {6: {"vmptrld"}, 7: {"vmptrst"}}.get(extension, set()) if of_memory else set()
        assert names == wanted, hex(modrm)
    taken = {modrm: search(tmp_path, bytes([0x0F, 0x01, modrm])) for modrm in range(256)}
    assert {modrm: list(names.values()) for modrm, names in taken.items() if names} \
        == {0xC2: ["vmlaunch"], 0xC3: ["vmresume"], 0xC4: ["vmxoff"]}


def test_what_looks_alike_outside_the_code_is_not_looked_at(tmp_path):
    alike = b"\x0F\x01\xC2\xF3\x0F\xC7\x30"
    assert search(tmp_path, b"\x90" * 4, behind=alike, sector=alike) == {}
    assert search(tmp_path, b"\x90\x0F\x01", behind=b"\xC2") == {}, "its end is outside"
    assert search(tmp_path, b"\x90\x0F\x01\xC4", behind=alike) == {ARENA + 1: "vmxoff"}
    assert search(tmp_path, b"\x0F\x01\xC4", sector=b"\xF3" * SECTOR) == {ARENA: "vmxoff"}
    assert search(tmp_path, b"\x0F\x01\xC4\x48") == {ARENA: "vmxoff"}
    assert search(tmp_path, b"\x0F\x01\xC4\x66") == {ARENA: "vmxoff"}


LABS = [each for each in lab.all_labs() if "vmx" in each.needs]


@pytest.mark.parametrize("of", LABS, ids=lambda of: of.name)
def test_the_breakpoints_suffice_for_every_vmx_instruction_of_a_lab(of, tmp_path):
    sources = support.write_sources(of, tmp_path / "sources")
    with grader.locked(support.OUT):  # others build there, too
        built = build.make(of, sources, tmp_path / "work", support.OUT)
    assert not built.error, built.error
    listing = subprocess.run(["objdump", "-d", built.image.with_suffix(".elf")], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    wanted = {int(address, 16): name for address, name in
              re.findall(rf"^ *(\w+):\t[0-9a-f ]+\t{MNEMONIC}\b", listing, re.MULTILINE)}
    symbols = image.read_symbols(built.symbols)
    looking = watch.watch(of, of.rubric(), built.image, symbols)
    assert wanted
    assert wanted.items() <= looking.vmx.items()
    # There may be more than breakpoints: the functions, at which rubrics look, come first.
    first = list(looking.vmx)[:bochs_stops.BREAKPOINTS - len(looking.at)]
    functions = {address for address, name in wanted.items()
                 if 0 <= address - symbols.get(name, address + 1) < watch.FUNCTION}
    assert {"vmxon", "vmxoff", "vmread", "vmwrite"} <= {wanted[address] for address in functions}
    assert functions <= set(first)


SYMBOLS = {"text_end": ARENA + 3, "table": 0x20000, "other": 0x21000, "leave": 0x10300,
           "load": 0x10200, "enter": 0x10100}


def watched(tmp_path, needs=(), symbols=(), **rubric):
    """The Watch of a program that is one VMXOFF; `rubric` has no more than is given."""
    (tmp_path / "disk.img").write_bytes(bytes(SECTOR) + b"\x0F\x01\xC4")
    return watch.watch(SimpleNamespace(needs=needs), SimpleNamespace(**rubric),
                       tmp_path / "disk.img", SYMBOLS if symbols == () else symbols)


def test_a_rubric_that_wants_nothing_gets_nothing(tmp_path):
    assert watched(tmp_path) == Watch()


def test_memory_is_read_at_the_end_and_at_checkpoints(tmp_path):
    looking = watched(tmp_path, MEMORY={"table": 24, "other": 8}, CHECKPOINTS=("load", "enter"))
    assert looking.memory == ((0x20000, 24), (0x21000, 8))
    assert looking.at == (0x10200, 0x10100, 0x10300)
    assert looking.vmx == {}


def test_symbols_that_a_program_does_not_have_are_left_out(tmp_path):
    looking = watched(tmp_path, MEMORY={"table": 24, "gone": 8}, CHECKPOINTS=("load", "gone"))
    assert looking.memory == ((0x20000, 24),)
    assert looking.at == (0x10200, 0x10300)
    symbols = {name: value for name, value in SYMBOLS.items() if name != "leave"}
    assert watched(tmp_path, symbols=symbols, MEMORY={"table": 24}).at == ()


def test_without_memory_there_is_no_reason_to_stop(tmp_path):
    assert watched(tmp_path, MEMORY={"gone": 8}, CHECKPOINTS=("load",)) == Watch()


def test_vmx_instructions_are_looked_at_where_a_lab_needs_vmx(tmp_path):
    assert watched(tmp_path, needs=("vmx",)) == Watch(vmx={ARENA: "vmxoff"})
    assert watched(tmp_path, needs=("vmx",), STEPS={"vmread": 0}).steps == {"vmread": 0}
