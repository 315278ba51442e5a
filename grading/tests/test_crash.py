"""grading/crash.py: why a CPU gave up, in words; of runs made by hand."""

import pytest

from grading import crash
from grading.witness import Memory, Run, Tables, Trap, VmExit

DF, TS, NP, SS, GP, PF = 8, 10, 11, 12, 13, 14
V86 = 0x20046

# The program of these runs, and its tables.
GDT, LDT, IDT, CODE = 0x19120, 0x19100, 0x19000, 0x10400
SYMBOLS = {"main": CODE, "while_loading_tr": 0x10767, "install_guest": 0x10750,
           "while_loading_ldtr": 0x10760, "while_turning_paging_on": 0x10780,
           "while_loading_ss": 0x107A0, "while_loading_ds": 0x107A4,
           "while_loading_cs": 0x107B0, "guest_task": 0x13000,
           "v86_segment": 0x1300, "_start": 0x10000, "v86_base": 0x13000, "image_end": 0x14000,
           "gdt": GDT, "ldt": LDT, "idt": IDT}
TABLES = {"gdt": "gdt", "ldt": "ldt", "idt": "idt"}
IN_FORCE = Tables(gdtr=(GDT, 0x17), idtr=(IDT, 0xFF), ldtr=(0x10, LDT, 0x1F),
                  tr=(8, 0x19140, 0x2088), cr3=0, cr4=0)
AVAILABLE_TSS, BUSY_TSS = 0x0000890191402088, 0x00008B0191402088
CODE_32, DATA_32, READ_ONLY = 0x00409A013000FFFF, 0x00409201_3000FFFF, 0x00409001_3000FFFF
ABSENT_LDT = 0x000002019100001F
GATE_13 = 0x00008E0000040033


def memory(gdt=(), ldt=(), idt=None):
    """What was read: the slots of each table, and the gates, by vector."""
    gates = [(idt or {}).get(vector, 0) for vector in range(32)]
    pieces = {GDT: gdt, LDT: ldt, IDT: gates if idt is not None else ()}
    return Memory({start: b"".join(value.to_bytes(8, "little") for value in slots)
                   for start, slots in pieces.items() if slots})


def run(*traps, symbols=None, **fields):
    """A run that ended in a reset."""
    return Run(serial=b"", traps=list(traps), over_budget=None, reset=True, powered_off=False,
               emulator="qemu", cpu_seconds=0,
               symbols=SYMBOLS if symbols is None else symbols, **fields)


def words(*traps, **fields):
    """What is said of it, behind the introduction that all have."""
    said = crash.words(run(*traps, **fields), TABLES)
    assert said.startswith(f"{crash.GAVE_UP}: "), said
    return said.removeprefix(f"{crash.GAVE_UP}: ")


def at(vector, error, ip, **fields):
    """An exception at an instruction; QEMU tells of every one where."""
    return Trap(vector, error, ip=ip, **fields)


def on_the_way(vector, error, **fields):
    """One on the way to the handler of the one before it."""
    return Trap(vector, error, nested=True, **fields)


def v86(vector, error, cs, ip, **fields):
    """An exception of a virtual-8086 task."""
    return Trap(vector, error, ip=ip, segments={"cs": cs}, eflags=V86, **fields)


def vectors(traps):
    return [trap.vector for trap in traps]


def test_the_chain_is_what_happened_at_the_last_instruction():
    again = v86(GP, 0, 0x1300, 0x13)  # the same place and state, but at another time
    chain = [v86(GP, 0, 0x1300, 0x13), on_the_way(TS, 8, ip=0x13), on_the_way(DF, 0, ip=0x13)]
    assert crash.chain([again, again, *chain]) == chain


def test_of_bochs_only_the_last_instruction_is_known():
    chain = [at(GP, 8, 0x10767, base=0), on_the_way(GP, 9, ip=0x10767),
             on_the_way(DF, 0, ip=0x10767), on_the_way(GP, 0x43, ip=0x10767)]
    assert crash.chain([Trap(GP, 0x10), v86(GP, 0, 0x1300, 0x13), *chain]) == chain
    unknown = [trap._replace(ip=None) for trap in chain]
    assert crash.chain([Trap(GP, 0), *unknown]) == unknown


@pytest.mark.parametrize("traps", [[], [Trap(GP, 0)], [on_the_way(DF, 0), on_the_way(GP, 0)]],
                         ids=["none", "one", "no-first"])
def test_a_short_chain_is_whole(traps):
    assert crash.chain(traps) == traps


def test_nothing_recorded():
    assert crash.words(run(), {}) == f"{crash.GAVE_UP}; which one, was not recorded"


def test_the_first_words_say_what_a_triple_fault_is():
    assert crash.GAVE_UP == ("the CPU reset itself (triple fault), because an exception's handler "
                             "could not be reached")


@pytest.mark.parametrize(("trap", "place"), [
    (at(6, 0, 0x10767), "#UD while loading TR"),
    (at(6, 0, 0x10760), "#UD while loading LDTR"),
    (at(6, 0, 0x10780), "#UD while turning paging on"),
    (at(6, 0, 0x10766), "#UD at while_loading_ldtr+0x6 (0x10766)"),
    (at(6, 0, 0x10768), "#UD at while_loading_tr+0x1 (0x10768)"),
    (at(6, 0, 0x10400), "#UD at main+0x0 (0x10400)"),
    (at(6, 0, 0x103FF), "#UD at _start+0x3ff (0x103ff)"),
    (at(6, 0, 0xFFFF), "#UD at 0xffff"),  # v86_segment is a number, not a place
    (at(6, 0, 0x13FFF), "#UD at guest_task+0xfff (0x13fff)"),  # not v86_base, the linker's
    (at(6, 0, 0x14000), "#UD at 0x14000"),
    (at(6, 0, 0x767, base=0x10000), "#UD while loading TR"),
    (at(6, 0, 0x10767, base=0x1000), "#UD at while_loading_cs+0xfb7 (0x11767)"),
    (v86(6, 0, 0x1300, 0x13), "#UD in virtual-8086 mode at 1300:0013 (guest_task+0x13)"),
    (v86(6, 0, 0xF000, 0x10767), "#UD in virtual-8086 mode at f000:10767"),
    (v86(6, 0, 0x1076, 7), "#UD while loading TR"),
    (Trap(6, 0), "#UD in ring 0"),
    (at(77, 0, 0xFFFF), "vector 77 at 0xffff"),
])
def test_where_it_happened(trap, place):
    assert words(trap) == place


def test_without_symbols_there_is_an_address():
    assert words(at(GP, 0, 0x10767), symbols={}) == "#GP at 0x10767"


def test_a_local_address_in_a_64_bit_program_is_whole():
    assert words(at(GP, 0, 0xFFFF800000012345)) == "#GP at 0xffff800000012345"


LOADING_TR, LOADING_LDTR, LOADING_CS, LOADING_SS, LOADING_DS = \
    (SYMBOLS[f"while_loading_{name}"] for name in ("tr", "ldtr", "cs", "ss", "ds"))
TSS_WORDS = "TSS, available, base 0x19140, limit 0x2088, DPL 0"
DATA_WORDS = "32-bit data, writable, base 0x13000, limit 0xffff, DPL 0"


@pytest.mark.parametrize(("trap", "gdt", "ldt", "said"), [
    # The error code: EXT is bit 0, IDT bit 1, TI bit 2.
    (at(GP, 8, CODE), (0, BUSY_TSS), (), "selector 0x08, slot 1 of the GDT, which holds TSS, "
     "busy, base 0x19140, limit 0x2088, DPL 0"),
    (at(GP, 9, CODE), (0, BUSY_TSS), (), "selector 0x08, slot 1 of the GDT, which holds TSS, "
     "busy, base 0x19140, limit 0x2088, DPL 0"),
    (at(NP, 0x0C, CODE), (), (0, DATA_32), f"selector 0x0c, slot 1 of the LDT, which holds "
     f"{DATA_WORDS}"),
    (at(NP, 0x10, CODE), (0, 0, 0), (), "selector 0x10, slot 2 of the GDT, which holds an empty "
     "slot"),
    (at(GP, 0x6B, CODE), (), (), "gate 13 of the IDT, which holds interrupt gate, 0x04:0x33, "
     "DPL 0"),
    (at(GP, 0x72, CODE), (), (), "gate 14 of the IDT, which holds an empty gate"),
    (at(GP, 0, CODE), (0, BUSY_TSS), (), None),
    (at(GP, 1, CODE), (0, BUSY_TSS), (), None),
    (at(6, 8, CODE), (0, BUSY_TSS), (), None),
    # Memory that was not read.
    (at(GP, 8, CODE), (), (), "selector 0x08, slot 1 of the GDT"),
    (at(GP, 0x10, CODE), (0, BUSY_TSS), (), "selector 0x10, slot 2 of the GDT"),
    (at(GP, 8, LOADING_TR), (), (), "selector 0x08, slot 1 of the GDT, which must hold an "
     "available TSS"),
    # What the instruction wants.
    (at(GP, 8, LOADING_TR), (0, DATA_32), (), f"selector 0x08, slot 1 of the GDT, which holds "
     f"{DATA_WORDS}: not an available TSS"),
    (at(GP, 8, LOADING_TR), (0, BUSY_TSS), (), "selector 0x08, slot 1 of the GDT, which holds "
     "TSS, busy, base 0x19140, limit 0x2088, DPL 0: not an available TSS"),
    (at(GP, 8, LOADING_TR), (0, AVAILABLE_TSS), (), f"selector 0x08, slot 1 of the GDT, which "
     f"holds {TSS_WORDS}"),
    (at(NP, 0x10, LOADING_LDTR), (0, 0, ABSENT_LDT), (), "selector 0x10, slot 2 of the GDT, which "
     "holds LDT, base 0x19100, limit 0x1f, DPL 0, not present"),
    (at(GP, 8, LOADING_LDTR), (0, AVAILABLE_TSS), (), f"selector 0x08, slot 1 of the GDT, which "
     f"holds {TSS_WORDS}: not an LDT"),
    (at(GP, 8, LOADING_CS), (0, DATA_32), (), f"selector 0x08, slot 1 of the GDT, which holds "
     f"{DATA_WORDS}: not a code segment"),
    (at(GP, 8, LOADING_CS), (0, CODE_32), (), "selector 0x08, slot 1 of the GDT, which holds "
     "32-bit code, readable, base 0x13000, limit 0xffff, DPL 0"),
    (at(GP, 8, LOADING_SS), (0, READ_ONLY), (), "selector 0x08, slot 1 of the GDT, which holds "
     "32-bit data, read-only, base 0x13000, limit 0xffff, DPL 0: not a writable data segment"),
    (at(GP, 8, LOADING_SS), (0, DATA_32), (), f"selector 0x08, slot 1 of the GDT, which holds "
     f"{DATA_WORDS}"),
    (at(GP, 8, LOADING_DS), (0, 0x0040980000000FFF), (), "selector 0x08, slot 1 of the GDT, which "
     "holds 32-bit code, execute-only, base 0x0, limit 0xfff, DPL 0: not a readable segment"),
    (at(GP, 8, LOADING_DS), (0, CODE_32), (), "selector 0x08, slot 1 of the GDT, which holds "
     "32-bit code, readable, base 0x13000, limit 0xffff, DPL 0"),
    (at(GP, 0, LOADING_TR), (), (), "a null selector"),
    # Where the CPU's own registers are known.
    (at(GP, 0x18, LOADING_LDTR, tables=IN_FORCE), (0, 0, 0, 1), (), "selector 0x18, slot 3 of the "
     "GDT (behind its limit 0x17), which must hold an LDT"),
    (at(GP, 0x10, CODE, tables=IN_FORCE), (0, 0, ABSENT_LDT), (), "selector 0x10, slot 2 of the "
     "GDT, which holds LDT, base 0x19100, limit 0x1f, DPL 0, not present"),
    (at(GP, 0x10, CODE, tables=IN_FORCE._replace(gdtr=(GDT, 0x16))), (0, 0, ABSENT_LDT), (),
     "selector 0x10, slot 2 of the GDT (behind its limit 0x16)"),
    (at(GP, 0x10, CODE, tables=IN_FORCE._replace(gdtr=(0x10068, 0x3F))), (0, 0, ABSENT_LDT), (),
     "selector 0x10, slot 2 of the GDT"),
    (at(GP, 0x24, CODE, tables=IN_FORCE), (), (0, DATA_32), "selector 0x24, slot 4 of the LDT "
     "(behind its limit 0x1f)"),
    (at(GP, 0x0C, CODE, tables=IN_FORCE), (), (0, DATA_32), f"selector 0x0c, slot 1 of the LDT, "
     f"which holds {DATA_WORDS}"),
    (at(GP, 0x103, CODE, tables=IN_FORCE), (), (), "gate 32 of the IDT (behind its limit 0xff)"),
])
def test_what_the_error_code_names(trap, gdt, ldt, said):
    got = words(trap, memory=memory(gdt, ldt, {13: GATE_13}))
    behind = got.split(": ", 1)[1] if ": " in got else None
    assert behind == said


def test_without_tables_nothing_is_said_of_what_they_hold():
    crashed = run(at(GP, 8, LOADING_TR), memory=memory((0, BUSY_TSS)))
    assert crash.words(crashed, {}).endswith(
        "#GP while loading TR: selector 0x08, slot 1 of the GDT, which must hold an available TSS")
    crashed = run(at(GP, 0, CODE, tables=IN_FORCE), on_the_way(NP, None))
    assert crash.words(crashed, {"gdt": "gdt"}).endswith("; on the way to its handler #NP")


@pytest.mark.parametrize(("error", "said"), [
    (0, "no page is present for address 0x401000"), (2, "no page is present for address 0x401000"),
    (1, "address 0x401000 may not be used by ring 0"),
    (3, "address 0x401000 may not be written by ring 0"),
    (7, "address 0x401000 may not be written by ring 3"),
    (5, "address 0x401000 may not be used by ring 3"),
    (0x11, "address 0x401000 may not be executed by ring 0"),
    (9, "a reserved bit is set in an entry for address 0x401000"),
])
def test_what_a_page_fault_tells(error, said):
    assert words(at(PF, error, CODE, cr2=0x401000)) == f"#PF at main+0x0 (0x10400): {said}"


def test_a_page_fault_whose_address_was_not_recorded():
    assert words(at(PF, 0, CODE)).endswith("no page is present for an address")


TASK = "#GP in virtual-8086 mode at 1300:0013 (guest_task+0x13); on the way to its handler"


@pytest.mark.parametrize(("second", "said"), [
    (on_the_way(NP, 0x6B), "#NP: gate 13 of the IDT, which holds interrupt gate, 0x04:0x33, DPL 0"),
    (on_the_way(TS, 1), "#TS (the TSS, or the stack segment that it names): a null selector"),
    (on_the_way(TS, 5), "#TS (the TSS, or the stack segment that it names): selector 0x04, slot 0 "
     "of the LDT, which holds 32-bit code, readable, base 0x13000, limit 0xffff, DPL 0: not a "
     "writable data segment"),
    (on_the_way(SS, 0x0D), f"#SS (the handler's stack): selector 0x0c, slot 1 of the LDT, which "
     f"holds {DATA_WORDS}"),
    (on_the_way(GP, 0x0D), f"#GP: selector 0x0c, slot 1 of the LDT, which holds {DATA_WORDS}: not "
     "a code segment"),
    (on_the_way(GP, 5), "#GP: selector 0x04, slot 0 of the LDT, which holds 32-bit code, readable, "
     "base 0x13000, limit 0xffff, DPL 0"),
    (on_the_way(PF, 0, cr2=0x19068), "#PF: no page is present for address 0x19068"),
])
def test_on_the_way_to_a_handler(second, said):
    """As Bochs tells it: what made the #DF, then the #DF, then what made the triple fault."""
    got = words(v86(GP, 0, 0x1300, 0x13, tables=IN_FORCE), second._replace(ip=0x13),
                on_the_way(DF, 0, ip=0x13), on_the_way(GP, 0x43, ip=0x13),
                memory=memory(ldt=(CODE_32, DATA_32), idt={13: GATE_13}))
    assert got == f"{TASK} {said}"


@pytest.mark.parametrize(("tables", "gates", "gate"), [
    (IN_FORCE, {13: GATE_13},
     " (gate 13 of the IDT, which holds interrupt gate, 0x04:0x33, DPL 0)"),
    (IN_FORCE, {}, " (gate 13 of the IDT, which holds an empty gate)"),
    (IN_FORCE._replace(idtr=(IDT, 0x67)), {13: GATE_13},
     " (gate 13 of the IDT (behind its limit 0x67))"),
    (IN_FORCE._replace(idtr=(0x18020, 0xFF)), {13: GATE_13}, ""),  # the program's own table
    (None, {13: GATE_13}, ""),
])
def test_where_the_second_error_code_was_not_recorded_the_gate_is_shown(tables, gates, gate):
    """As QEMU tells it."""
    got = words(v86(GP, 0, 0x1300, 0x13, tables=tables), on_the_way(NP, None, ip=0x13),
                on_the_way(DF, 0, ip=0x13), memory=memory(idt=gates))
    assert got == f"{TASK}{gate} #NP"


def test_a_chain_of_three():
    got = words(at(6, 0, CODE), on_the_way(GP, 0x33), on_the_way(GP, 0x6B), on_the_way(DF, 0),
                memory=memory(idt={13: GATE_13}))
    assert got == ("#UD at main+0x0 (0x10400); on the way to its handler #GP: gate 6 of the IDT, "
                   "which holds an empty gate; on the way to its handler #GP: gate 13 of the IDT, "
                   "which holds interrupt gate, 0x04:0x33, DPL 0")


def test_tables_of_long_mode_have_wide_entries():
    """SDM Vol. 3A, "64-Bit Mode IDT", "TSS Descriptor in 64-bit mode"."""
    gates = b"".join((vector << 96 | vector << 16 | 0xE << 40 | 1 << 47).to_bytes(16, "little")
                     for vector in range(32))
    slots = (0).to_bytes(8, "little") \
        + (0xFFFF8000 << 64 | 0x0000820191400067).to_bytes(16, "little")
    got = words(at(GP, 8, LOADING_TR, long=True), on_the_way(NP, 0x6B), on_the_way(DF, 0),
                memory=Memory({0x1A000: gates, GDT: slots}),
                symbols=SYMBOLS | {"idt": 0x1A000})
    assert got == ("#GP while loading TR: selector 0x08, slot 1 of the GDT, which holds LDT, base "
                   "0xffff800000019140, limit 0x67, DPL 0: not an available TSS; on the way to its "
                   "handler #NP: gate 13 of the IDT, which holds interrupt gate, 0x0d:0x0, DPL 0")


@pytest.mark.parametrize(("low", "said"), [
    (0, "an empty slot"), (1 << 47, "reserved type 0x0, base 0x0, limit 0x0, DPL 0"),
    (DATA_32, DATA_WORDS)])
def test_in_long_mode_too_other_entries_have_8_bytes(low, said):
    got = words(at(GP, 8, CODE, long=True), memory=memory((0, low, BUSY_TSS)))
    assert got.endswith(f": selector 0x08, slot 1 of the GDT, which holds {said}")


def test_one_exception_briefly():
    assert crash.briefly(at(GP, 0x10, LOADING_TR), run()) \
        == "#GP (error code 0x10) while loading TR"
    assert crash.briefly(on_the_way(NP, None), run()) == "#NP in ring 0"
    guest = run()._replace(vm=(VmExit(5, 0, 0, {}),))
    assert crash.briefly(on_the_way(NP, None), guest) == "#NP in the guest or its monitor"
