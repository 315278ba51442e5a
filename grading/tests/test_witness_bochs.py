"""The parser of Bochs' record, on small texts made by hand."""

import pytest

from grading.emulators import bochs_record
from grading.witness import Tables

GP = (13, 0)
TICK = 1000
CPU_LOG = f"{TICK:011d}d[CPU0  ] exception(0x0d): error_code=0000\n"
STACK_WORDS = [0, 0xA948, 0x06CD, 0x30406, 0x5520, 0xFFFF0DDA, 0x1BAC, 0xA00C, 0xD748, 0x9BD4]
CONTROL = """\
CR0=0x8005003b: PG cd nw AC WP NE ET TS em MP PE
CR2=page fault laddr=0x0000000000000000
CR3=0x00000001b000
    PCD=page-level cache disable=0
    PWT=page-level write-through=0
CR4=0x00000010: pks cet pke smap smep keylock osxsave pcid fsgsbase smx vmx la57 umip PSE vme
CR8: 0x0
EFER=0x00000000: ffxsr nxe lma lme sce
"""
SREG = """\
es:0x1300, dh=0x0000f301, dl=0x3000ffff, valid=7
	Data segment, base=0x00013000, limit=0x0000ffff, Read/Write, Accessed
cs:0x0004, dh=0x00409b01, dl=0x3000ffff, valid=1
	Code segment, base=0x00013000, limit=0x0000ffff, Execute/Read, Non-Conforming, 32-bit
ss:0x000c, dh=0x00409301, dl=0x3000ffff, valid=1
	Data segment, base=0x00013000, limit=0x0000ffff, Read/Write, Accessed
ds:0x0000, dh=0x0000f301, dl=0x3000ffff, valid=0
fs:0x0000, dh=0x0000f300, dl=0x0000ffff, valid=0
gs:0x0000, dh=0x0000f300, dl=0x0000ffff, valid=0
ldtr:0x0010, dh=0x00008201, dl=0x9100001f, valid=1
tr:0x0008, dh=0x12808b01, dl=0x91402088, valid=1
gdtr:base=0x0000000000019120, limit=0x17
idtr:base=0x0000000000019000, limit=0xff
"""
TABLES = Tables(gdtr=(0x19120, 0x17), idtr=(0x19000, 0xFF), ldtr=(0x10, 0x19100, 0x1F),
                tr=(8, 0x12019140, 0x2088FFF), cr3=0x1B000, cr4=0x10)


def general(*first, rip=0x1017A, eflags=0x46, wide=0):
    """What the debugger says to `r`: 16 registers, in its order."""
    names = "rax rbx rcx rdx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()
    values = [*first, *range(len(first) + 1, 17)]
    lines = "".join(f"{name:3}: {wide:08x}_{value:08x}\n" for name, value in zip(names, values))
    return f"CPU0:\n{lines}rip: {rip >> 32:08x}_{rip & 0xFFFFFFFF:08x}\n" \
        f"eflags {eflags:#010x}: id vip vif ac vm rf nt IOPL=0 of df if tf sf ZF af PF cf\n"


def stands(tick, line="(0) [0x00000001017a] 0008:000000000001017a (unk. ctxt): bt eax, 17 ; 0fba"):
    """How a stop opens, when an instruction is next."""
    return f"Next at t={tick}\n{line}\n"


def stop(tick=TICK + 1, words=tuple(STACK_WORDS), tables=""):
    """What the debugger says at a switch to protected mode."""
    stack = "".join(f" | STACK 0x{0x17F24 + 4 * n:08x} [0x{word:08x}] (<unknown>)\n"
                    for n, word in enumerate(words))
    return ("(0) Caught mode switch breakpoint switching to 'protected mode'\n"
            f"{stands(tick)}{general()}{CONTROL}Stack address size 4\n{stack}{tables}")


def test_bochs_exception_with_its_stop():
    trap, = bochs_record.parse(CPU_LOG, [stop()])
    assert (trap.vector, trap.error, trap.ip, trap.eflags, trap.cr0) \
        == (*GP, 0xA948, 0x30406, 0x8005003B)
    assert trap.registers == {"eax": 1, "ecx": 3, "edx": 4, "ebx": 2, "esp": 0x5520, "ebp": 6,
                              "esi": 7, "edi": 8}
    assert trap.segments == {"es": 0x1BAC, "cs": 0x06CD, "ss": 0x0DDA, "ds": 0xA00C,
                             "fs": 0xD748, "gs": 0x9BD4}
    assert trap.tables is None, "it was not asked for them"
    assert trap.address == trap.linear == 0x6CD * 16 + 0xA948


def test_tables_of_bochs():
    trap, = bochs_record.parse(CPU_LOG, [stop(tables=SREG)])
    assert trap.tables == TABLES


@pytest.mark.parametrize("missing", ["ldtr:", "tr:", "gdtr:", "idtr:", "CR3=", "CR4="])
def test_without_one_of_its_lines_bochs_gives_no_tables(missing):
    lines = stop(tables=SREG).splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(missing))
    trap, = bochs_record.parse(CPU_LOG, [text])
    assert trap.tables is None
    assert trap.v86


@pytest.mark.parametrize("witness", [
    "", stop(TICK), stop(TICK + 2), stop(words=STACK_WORDS[:9]),
    stop(words=[*STACK_WORDS[:3], 0x46, *STACK_WORDS[4:]]),  # VM is clear
    stop().replace("CR0=", "CR1="), stop().replace("rdi:", "xdi:"),
    stop().replace("Next at", " Next at"),
], ids=["none", "early", "late", "short", "no-vm", "no-cr0", "no-edi", "indented"])
def test_bochs_exception_without_a_stop_of_its_own(witness):
    trap, = bochs_record.parse(CPU_LOG, [witness])
    assert (trap.vector, trap.registers, trap.v86, trap.linear) == (13, None, False, None)
    assert str(trap) == "#GP (error code 0x0) in ring 0"


def test_a_stop_of_bochs_counts_even_if_the_handler_s_page_is_absent():
    unmapped = stands(TICK + 1, "(0).[1001] ??? (physical address not available)")
    trap, = bochs_record.parse(CPU_LOG, [stop().replace(stands(TICK + 1), unmapped)])
    assert trap.v86


WARNING = "WARNING: Offset 00010592 is out of selector 0028 limit (00000000...00000000)!\n"
VMXON = "0028:00000000000101b0 (unk. ctxt): vmxon qword ptr ds:0x0000000000010d00 ; f30fc7"
JUMP = "0008:000000000001058b (unk. ctxt): jmpf 0x0028:00010592      ; ea920501002800"


@pytest.mark.parametrize(("said", "where"), [
    (f"Next at t=5\n(0) [0x0000000101b0] {VMXON}\n", (0x101B0, "vmxon")),
    (f"s\nNext at t=5\n{WARNING}(0) [0x00000001058b] {JUMP}\n", (0x1058B, "jmpf")),
    (f"Next at t=5\n{WARNING * 2}(0) [0x00000001058b] {JUMP}\n", (0x1058B, "jmpf")),
    ("Next at t=5\n(0).[5] ??? (physical address not available)\n", (None, None)),
    (f"(0).[5] [0x00000001058b] {JUMP}\n", (None, None)),
    ("", (None, None)),
], ids=["plain", "warning", "warnings", "unmapped", "its-end", "nothing"])
def test_what_is_next_at_a_stop_of_bochs(said, where):
    assert bochs_record.place(said) == where


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
    assert bochs_record.parse(cpu_log, [stop()]) == []


def test_bochs_gives_each_exception_its_own_stop():
    logged = CPU_LOG + CPU_LOG.replace("1000d", "2000d") + CPU_LOG.replace("1000d", "3000d")
    switches = [stop(3001, [*STACK_WORDS[:1], 3, *STACK_WORDS[2:]]), stop()]
    assert [trap.ip for trap in bochs_record.parse(logged, switches)] == [0xA948, None, 3]


# A CPU that gave up at time 2000, on the way to the handler of a #PF; before that a #GP.
GAVE_UP = CPU_LOG + """\
00000002000d[CPU0  ] page walk for address 0x0000000000401000
00000002000d[CPU0  ] PDE: entry not present
00000002000d[CPU0  ] page fault for address 0000000000401000 @ 000000000001d948
00000002000d[CPU0  ] exception(0x0e): error_code=0002
00000002000d[CPU0  ] interrupt(): vector = 0e, TYPE = 3, EXT = 1
00000002000d[CPU0  ] exception(0x0b): error_code=0073
00000002000d[CPU0  ] exception(0x08): error_code=0000
00000002000d[CPU0  ] interrupt(): vector = 08, TYPE = 3, EXT = 1
00000002000d[CPU0  ] exception(0x0d): error_code=0043
00000002000p[CPU0  ] >>PANIC<< exception(): 3rd (13) exception with no resolution
"""


def end(tick=2001, **changes):
    """What the debugger says of a CPU that gave up."""
    return ("continue\n(0).[2000] ??? (physical address not available)\n"
            "A PANIC has occurred.  Do you want to:\n  cont       - continue execution\n"
            f"Choose one of the actions above: [die] Next at t={tick}\n"
            "(0).[2001] ??? (physical address not available)\n"
            + general(**{"rip": 0xA948, "eflags": 0x10046} | changes) + CONTROL + SREG)


def test_where_the_cpu_gave_up_its_state_is_known():
    gp, *last = bochs_record.parse(GAVE_UP, [], end())
    assert (gp.ip, gp.nested) == (None, False), "that one was at another time"
    assert [(trap.vector, trap.error, trap.nested) for trap in last] \
        == [(14, 2, False), (11, 0x73, True), (8, 0, True), (13, 0x43, True)]
    assert [trap.cr2 for trap in last] == [0x401000, None, None, None]
    assert {(trap.ip, trap.base, trap.linear) for trap in last} == {(0xA948, 0x13000, 0x1D948)}
    first = last[0]
    assert (first.eflags, first.cr0, first.long, first.tables) \
        == (0x10046, 0x8005003B, False, TABLES)
    assert first.registers == {"eax": 1, "ecx": 3, "edx": 4, "ebx": 2, "esp": 5, "ebp": 6,
                               "esi": 7, "edi": 8}
    assert first.segments == {"es": 0x1300, "cs": 4, "ss": 0xC, "ds": 0, "fs": 0, "gs": 0}
    assert all(trap.registers is trap.segments is trap.eflags is None for trap in last[1:])


def test_a_task_that_traps_for_the_last_time_is_one_trap_of_that_task():
    traps = bochs_record.parse(GAVE_UP, [], end(rip=0x13, eflags=0x30046))
    assert [trap.v86 for trap in traps] == [False, True, False, False, False]


def test_in_long_mode_a_cpu_that_gave_up_has_other_registers():
    said = end(rip=0x1234567890).replace("EFER=0x00000000", "EFER=0x00000500")
    first = bochs_record.parse(GAVE_UP, [], said)[1]
    assert (first.long, first.registers, first.ip) == (True, None, 0x1234567890)
    wanted = said.replace("EFER=0x00000500", "EFER=0x00000100")  # LME alone
    assert not bochs_record.parse(GAVE_UP, [], wanted)[1].long


@pytest.mark.parametrize("said", [
    "", end(tick=2002), end(tick=2000), end().replace("rip:", "xip:"),
    end().replace("cs:0x", "xs:0x"), end().replace("eflags 0x", "flags 0x"),
    end().replace("EFER=", "XFER="), end().replace("CR0=", "CR1="),
    end().replace("[die] ", "[die]\n"),
], ids=["none", "late", "early", "no-rip", "no-cs", "no-eflags", "no-efer", "no-cr0", "no-panic"])
def test_where_the_cpu_gave_up_is_not_known(said):
    traps = bochs_record.parse(GAVE_UP, [], said)
    assert {trap.ip for trap in traps} == {None}
    assert [trap.nested for trap in traps] == [False, False, True, True, True]


BEFORE = ("(0) Breakpoint 2, 0x00000000000101b0 in ?? ()\n"
          + stands(5000, "(0) [0x0000000101b0] 0028:00000000000101b0 (unk. ctxt): vmread rcx, rax")
          + general(0x6800, wide=0xFFFF8000, rip=0x101B0, eflags=0x2)
          + CONTROL.replace("0x8005003b", "0xe0000031").replace("CR4=0x00000010", "CR4=0x2020"))


def after(eflags):
    return (stands(5001, "(0) [0x0000000101b4] 0028:00000000000101b4 (unk. ctxt): jbe .+3 ; 7603")
            + general(0x6801, wide=0x1234, rip=0x101B4, eflags=eflags))


def test_a_vmx_instruction_of_bochs():
    step = bochs_record.parse_step("vmptrst", BEFORE, after(0x46), bochs_record.faults(CPU_LOG))
    assert (step.name, step.time, step.cr0, step.cr4) == ("vmptrst", 5000, 0xE0000031, 0x2020)
    assert (step.flags, step.faulted) == (0x46, None)
    assert len(step.registers) == len(step.registers_after) == 17
    assert step.registers["rax"] == 0xFFFF800000006800
    assert step.registers["r9"] == 0xFFFF80000000000A
    assert (step.registers["rip"], step.registers_after["rip"]) == (0x101B0, 0x101B4)
    assert step.registers_after["rax"] == 0x123400006801


@pytest.mark.parametrize(("said", "told"), [(after(0x7), 0x7), (after(0x46), 0x46), ("", None)],
                         ids=["another", "the-same", "not-changed"])
def test_what_the_cpu_answered_and_what_the_program_was_told(said, told):
    step = bochs_record.parse_step("vmxon", BEFORE, after(0x46), {}, said)
    assert (step.flags, step.told) == (0x46, told)


@pytest.mark.parametrize("name", ["vmread", "vmwrite"])
def test_of_some_the_control_registers_are_not_known(name):
    """Nobody has asked; a number would be believed."""
    step = bochs_record.parse_step(name, BEFORE, after(0x46), {})
    assert (step.cr0, step.cr4, step.flags) == (None, None, 0x46)


@pytest.mark.parametrize(("name", "operands", "field", "value"), [
    ("vmread", "rcx, rax           ; 0f78c1", "rax", "rcx behind it"),
    ("vmread", "qword ptr ds:[rsi], rdi ; 0f783e", "rdi", None),
    ("vmwrite", "rdi, rsi          ; 0f79fe", "rdi", "rsi"),
    ("vmwrite", "rdx, rax", "rdx", "rax"),
    ("vmwrite", "r9, qword ptr ss:[rsp+8] ; 4c0f794c2408", "r9", None),
    ("vmptrst", "qword ptr ds:[rdi] ; 0fc73f", None, None),
])
def test_its_operands_are_those_of_the_instruction(name, operands, field, value):
    """Whatever other registers hold."""
    before = BEFORE.replace("vmread rcx, rax", f"{name} {operands}")
    step = bochs_record.parse_step(name, before, after(0x2), {})
    assert step.field == step.registers.get(field)
    if value:
        register, *behind = value.split(maxsplit=1)
        assert step.value == (step.registers_after if behind else step.registers)[register]
    else:
        assert step.value is None


def test_flags_are_those_of_the_answer():
    """What a program makes Bochs print comes before it."""
    made_up = general(0x6801, wide=0x1234, rip=0x101B4, eflags=0xFFF)
    assert bochs_record.parse_step("vmread", BEFORE, made_up + after(0x46), {}).flags == 0x46


def test_bochs_3_has_a_colon_behind_eflags():
    said = after(0x46).replace("eflags 0x", "eflags: 0x")
    assert said != after(0x46) and bochs_record.parse_step("vmread", BEFORE, said, {}).flags == 0x46


@pytest.mark.parametrize(("time", "vector"), [(5000, 6), (4999, None), (5001, None), (50000, None)])
def test_a_vmx_instruction_that_faults(time, vector):
    logged = CPU_LOG + f"{time:011d}d[CPU0  ] exception(0x06): error_code=0000\n"
    assert bochs_record.parse_step("vmread", BEFORE, after(0x2), bochs_record.faults(logged)).faulted == vector


def test_the_first_exception_of_a_vmx_instruction_is_its_fault():
    logged = "".join(f"00000005000d[CPU0  ] exception({vector}): error_code=0000\n"
                     for vector in ("0x0d", "0x0b", "0x08"))
    assert bochs_record.parse_step("vmread", BEFORE, after(0x2), bochs_record.faults(logged)).faulted == 13


def test_what_an_interrupt_came_for_was_not_executed():
    said = "00000719320d[CPU0  ] interrupt(): vector = 08, TYPE = 0, EXT = 1\n" \
        "00000719333d[CPU0  ] interrupt(): vector = 1c, TYPE = 4, EXT = 0\n" \
        "00000719400d[CPU0  ] interrupt(): vector = 02, TYPE = 2, EXT = 1\n" \
        "00000719500d[CPU0  ] interrupt(): vector = 0d, TYPE = 3, EXT = 0\n"
    assert bochs_record.interrupts(said) == {719320, 719400}


def test_leaves_are_those_in_front_of_the_first_instruction():
    line = "{}i[CPU0  ] CPUID[0x{:08x}]: 0000000d 756e6547 6c65746e 49656e69\n"
    log = (line.format("0" * 11, 0x80000000) + line.format("00000000001", 1)
           + line.format("0" * 11, 2).replace("i[CPU0  ]", "i[XGUI  ]")
           + "0" * 11 + "i[CPU0  ] more\n")
    assert bochs_record.leaves(log) == {0x80000000: (13, 0x756E6547, 0x6C65746E, 0x49656E69)}
