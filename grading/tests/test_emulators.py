"""What the emulators' Boots see and do, with small programs of these tests' own; and an
emulator that fails on its own account is our error, never the student's."""

import os
import re
import signal
import threading
from types import SimpleNamespace

import pytest

from grading import emulators, image, judge, log, process
from grading.emulators import bochs
from grading.image import IMAGE_BYTES
from grading.process import Limits
from grading.tests import support
from grading.versions import ask
from grading.watch import vmx_instructions
from grading.witness import Watch

PATIENCE = 20  # seconds; only what is broken takes that long
HEADERS = "".join(f'#include "{name}.h"\n' for name in ("cpu", "idt", "report", "serial"))
BEGIN = "serial_init(); report_begin(LAB_NAME, 0); idt_init();"
NO_IDT = "static const struct table_pointer none; lidt(&none);"

# Memory is read where spot() is called; its content is another one each time.
CHANGING = HEADERS + """
void spot(void), bad(void);
char odd[7], table[5000] __attribute__((aligned(16)));
const char constant[] = "of the image";
static void fill(int start)
{
        for (unsigned i = 0; i < sizeof(table); i++)
                table[i] = start + i * 3;
        for (unsigned i = 0; i < sizeof(odd); i++)
                odd[i] = start ^ i;
}
void main(void)
{
        %s
        for (int start = 1; start < 4; start++) {
                fill(start);
                spot();
        }
        %s
}
"""
SPOT = """
        .text
        .globl  spot, bad
spot:   ret
bad:    ud2
        .section .note.GNU-stack, "", @progbits
"""
END, LOOP = "report_end();", "for (;;) spot();"
TRIPLE_FAULT = f'fill(9); {NO_IDT} asm volatile("ud2");'


@pytest.fixture(scope="module", name="program")
def fixture_program(tmp_path_factory):
    """What builds a program that ends so; each is built once: (image, symbols)."""
    built = {}

    def build(end, bits=32):
        if (end, bits) not in built:
            folder = tmp_path_factory.mktemp("programs") / f"program{len(built)}"
            path = support.build_program(folder, {
                "main.c": CHANGING % (BEGIN, end), "spot.S": SPOT}, bits)
            built[end, bits] = path.read_bytes(), image.read_symbols(path.with_suffix(".sym"))
        return built[end, bits]
    return build


def start(name, folder, limits=Limits(), cpu=None):
    """A Boot, frozen."""
    emulator = emulators.get(name)
    folder.mkdir(exist_ok=True)
    return emulator.Boot(folder, limits, ask(emulator.PROGRAM), cpu)


def boot(name, folder, disk, watch=Watch(), limits=Limits(), cpu=None):
    """A whole boot; the Run."""
    frozen = start(name, folder, limits, cpu)
    frozen.go(disk, watch)
    return frozen.wait()


def content(first):
    """What fill(first) leaves: table, odd."""
    return bytes((first + i * 3) & 0xFF for i in range(5000)), bytes(first ^ i for i in range(7))


def wanted(symbols, at=("spot",)):
    """A Watch for the program's memory."""
    return Watch(tuple((symbols[name], length) for name, length in
                       (("table", 5000), ("odd", 7), ("constant", 13))),
                 tuple(symbols[name] for name in at))


# ---- Memory. --------------------------------------------------------------

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
    assert {(step.cr0 & 0x80000021, step.cr4) for step in run.vmx} == {(0x80000021, 0x2020)}
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

CPUID = HEADERS + f"void main(void) {{ {BEGIN} report(\"cpuid\", cpuid(1).eax); report_end(); }}\n"


def test_bochs_has_the_cpu_that_it_is_told_to_have(tmp_path):
    disk = support.build_program(tmp_path / "program", {"main.c": CPUID}).read_bytes()
    models = (None, bochs.CPU, "corei7_haswell_4770", "corei7_icelake_u")
    seen = {}
    for number, model in enumerate(models):
        run = boot("bochs", tmp_path / f"boot{number}", disk, cpu=model)
        assert run.powered_off, run
        assert run.cpu == (model or bochs.CPU)
        seen[model] = re.search(rb"@ cpuid (\w+)", run.serial)[1]
    assert seen[None] == seen[bochs.CPU]
    assert len(set(seen.values())) == 3
    assert boot("qemu", tmp_path / "qemu", disk, cpu="corei7_icelake_u").cpu == ""


def test_a_cpu_that_there_is_not_is_our_error(tmp_path):
    run = boot("bochs", tmp_path / "boot", bytes(IMAGE_BYTES), cpu="no_such_cpu")
    assert run.problem


# ---- Limits, and what stays behind. -------------------------------------------

@pytest.fixture(name="nothing_left", autouse=True)
def fixture_nothing_left(monkeypatch):
    """After each test: no thread, no child, no file is left, and no thread has failed."""
    failed = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    threads, files = set(threading.enumerate()), set(os.listdir("/proc/self/fd"))
    yield
    assert failed == []
    assert set(threading.enumerate()) == threads
    assert set(os.listdir("/proc/self/fd")) == files
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_too_many_stops_are_a_hang(program, tmp_path, monkeypatch):
    disk, symbols = program(LOOP)
    monkeypatch.setattr(bochs, "MAX_STOPS", 20)
    run = boot("bochs", tmp_path / "boot", disk, Watch(((symbols["odd"], 7),), (symbols["spot"],)))
    assert (run.over_budget, run.problem, run.powered_off) == ("traps", None, False)
    assert run.memory.read(symbols["odd"], 7) == content(3)[1]
    said = log.read(run.serial, "program")
    assert judge.how_it_ended(said, run, {})[0] == "HANG"


def test_too_much_to_read_is_a_hang(program, tmp_path):
    disk, symbols = program(LOOP)
    run = boot("bochs", tmp_path / "boot", disk, wanted(symbols), Limits(file_bytes=1_000_000))
    assert (run.over_budget, run.problem) == ("bytes written to a log", None)
    assert (tmp_path / "boot" / "output").stat().st_size < 2_000_000


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_halted_cpu_uses_its_budget_up(name, program, tmp_path):
    disk, _ = program('asm volatile("cli; hlt");')
    run = boot(name, tmp_path / "boot", disk, limits=Limits(cpu_seconds=1))
    assert (run.over_budget, run.problem) == ("CPU time", None)


def test_there_are_as_many_breakpoints_as_the_module_says(tmp_path):
    names = [f"spot{number}" for number in range(bochs.BREAKPOINTS + 1)]
    calls = "".join(f"{name}();" for name in names)
    main = HEADERS + "".join(f"void {name}(void);" for name in names) \
        + f"void main(void) {{ {BEGIN} {calls} {calls} report_end(); }}"
    code = "".join(f".globl {name}\n{name}: ret\n" for name in names)
    path = support.build_program(tmp_path / "program",
                                 {"main.c": main, "spots.S": f".text\n{code}"})
    symbols = image.read_symbols(path.with_suffix(".sym"))
    at = tuple(symbols[name] for name in names)
    run = boot("bochs", tmp_path / "boot", path.read_bytes(), Watch(((at[0], 1),), at))
    assert run.powered_off
    stops = re.findall(r"Breakpoint \d+, 0x([0-9a-f]+) in", (tmp_path / "boot/output").read_text())
    assert [int(stop, 16) for stop in stops if int(stop, 16) != bochs.ENTRY] \
        == [*at[:-1], *at[:-1]]


def in_the_middle(name, folder, program, monkeypatch):
    """A Boot of an endless program that has got somewhere; on Bochs, at its stops."""
    disk, symbols = program(LOOP)
    there = threading.Event()
    note = bochs.Boot.note_memory

    def note_memory(self, *answers):
        there.set()
        return note(self, *answers)

    monkeypatch.setattr(bochs.Boot, "note_memory", note_memory)
    under_way = start(name, folder)
    under_way.go(disk, Watch(((symbols["odd"], 7),), (symbols["spot"],)))
    if name == "bochs":
        assert there.wait(PATIENCE)
    return under_way


def test_a_bochs_that_was_killed_leaves_nothing_behind(program, tmp_path, monkeypatch):
    under_way = in_the_middle("bochs", tmp_path / "boot", program, monkeypatch)
    os.kill(under_way.child.pid, signal.SIGKILL)
    run = under_way.wait()
    assert run.problem.startswith(f"Bochs ended with code {-signal.SIGKILL}: ")
    assert not under_way.talk.is_alive()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_boot_may_be_cancelled_before_it_goes(name, times, tmp_path):
    frozen = start(name, tmp_path / "boot")
    for _ in range(times):
        frozen.cancel()
    assert frozen.child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_boot_may_be_cancelled_when_it_goes(name, number, program, tmp_path, monkeypatch):
    under_way = in_the_middle(name, tmp_path / "boot", program, monkeypatch)
    under_way.cancel()
    under_way.cancel()
    assert under_way.child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_boot_may_be_cancelled_right_away(name, program, tmp_path):
    disk, symbols = program(LOOP)
    under_way = start(name, tmp_path / "boot")
    under_way.go(disk, wanted(symbols))
    under_way.cancel()


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_boot_may_be_cancelled_when_it_is_over(name, program, tmp_path):
    disk, _ = program(END)
    over = start(name, tmp_path / "boot")
    over.go(disk)
    assert over.wait().powered_off
    over.cancel()


@pytest.mark.parametrize("name", emulators.NAMES)
def test_a_failure_of_the_emulator_is_said_to_be_one(name, tmp_path, monkeypatch):
    emulator = emulators.get(name)
    if name == "qemu":
        monkeypatch.setattr(emulator, "MACHINE", ["-machine", "no-such-machine"])
    else:
        monkeypatch.setattr(emulator, "CONFIGURATION",
                            emulator.CONFIGURATION.replace("BIOS-bochs-legacy", "no-such-bios"))
    run = emulators.boot(emulator, bytes(IMAGE_BYTES), tmp_path, Limits())
    assert run.problem, run
    assert not run.traps


# ---- What is asked at a stop. --------------------------------------------------

def stands(address, instruction):
    """The end of what the debugger says at a stop."""
    return f"Next at t=5\n(0) [{address:#014x}] 0008:{address:016x} (unk. ctxt): {instruction}\n"


CAUGHT = "(0) Caught mode switch breakpoint switching to '{} mode'\n"


@pytest.mark.parametrize(("said", "commands", "note"), [
    (CAUGHT.format("protected") + stands(0x900, "bt eax, 17"),
     ["r", "creg", "print-stack 10", "sreg"], "note_switch"),
    (CAUGHT.format("v8086") + stands(0x900, "mov si, 20"), ["r"], "note_world"),
    (CAUGHT.format("long") + stands(0x900, "nop"), ["r"], "note_world"),
    ("(0) Breakpoint 2, in ?? ()\n" + stands(0x900, "nop"), [], None),
    (stands(0x100, "ret"), ["xp /2wx 0x2000", "xp /1wx 0x3001"], "note_memory"),
    (stands(0x200, "vmxon qword ptr ds:[rdi] ; f30fc737"), ["r", "creg"], "note_step"),
    (stands(0x200, "inc eax ; 40"), [], None),
    (stands(0x200, "vmclear qword ptr [rdi] ; 660fc737"), [], None),
    (stands(0x300, "vmxon qword ptr ds:[rdi] ; f30fc737"), [], None),
    ("Next at t=5\n(0).[5] ??? (physical address not available)\n", [], None),
    ("A PANIC has occurred.  Do you want to:\n[die] " + stands(0x100, "hlt"),
     ["xp /2wx 0x2000", "xp /1wx 0x3001", "r", "creg", "sreg"], "note_end"),
], ids=["protected", "v86", "long", "breakpoint", "memory", "vmx", "inc", "other-vmx",
        "vmx-elsewhere", "unmapped", "panic"])
def test_what_is_asked_at_a_stop(said, commands, note):
    watch = Watch(((0x2000, 7), (0x3001, 4)), (0x100,), {0x200: "vmxon"})
    at_stop = SimpleNamespace(watch=watch, switches=["the way to protected mode"],
                              **{name: name for name in ("note_switch", "note_memory", "note_step",
                                                         "note_world", "note_end")})
    asked, noted_by = bochs.Boot.look(at_stop, said)
    assert asked[:-1] == commands
    assert asked[-1] == {"note_step": "s", "note_end": "quit"}.get(note, "continue")
    assert noted_by == note if note else not isinstance(noted_by, str)


def test_the_tables_are_asked_for_at_the_first_trap_alone():
    at_stop = SimpleNamespace(watch=Watch(), switches=[], note_switch=None)
    said = CAUGHT.format("protected") + stands(0x900, "bt eax, 17")
    asked = []
    for _ in range(4):
        asked.append("sreg" in bochs.Boot.look(at_stop, said)[0])
        at_stop.switches.append("")
    assert asked == [True, True, False, False]  # the first is the way to protected mode


def test_a_process_of_pipes_is_closed_at_its_end(tmp_path):
    child = process.start(["cat"], Limits(), tmp_path, piped=True)
    process.tell(child, "said")
    child.stdin.flush()
    assert os.read(child.stdout.fileno(), 100) == b"said"
    assert process.finish(child).code == 0
    assert child.stdout.closed and child.stdin.closed
    assert not (tmp_path / "output").exists()
