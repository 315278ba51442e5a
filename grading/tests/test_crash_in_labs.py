"""grading/crash.py: labs with one wrong structure, on both emulators."""

import re
from typing import NamedTuple

import pytest

from grading import crash, emulators, grader, image, lab
from grading.tests import support

LAB = lab.find("02")
EMULATORS = ("qemu", "bochs")
GUEST_TASK = "#GP in virtual-8086 mode at …:… (guest_task+…)"
CODE_SEGMENT = "32-bit code, readable, base {v86_base}, limit 0xffff, DPL 0"
FIRST_FETCH = "#PF while fetching the first instruction with paging on: no page is present for " \
    "address …"
NO_CODE = "selector 0x08, slot 1 of the GDT, which holds {tss}: not a code segment"
SS0 = "#TS (the TSS, or the stack segment that it names)"


class Wrong(NamedTuple):
    """One wrong structure, and what the report says of it: … stands for anything, {name} for
    a symbol's address. QEMU does not tell the error code of what made the #DF."""

    name: str
    old: str  # in vmxstep1.c
    new: str
    fails: set  # exercises that have their own verdict
    crashes: set  # exercises of which nothing could be seen
    first: str
    qemu: str  # on the way to its handler
    bochs: str


WRONG = [
    Wrong("tss-descriptor-of-an-ldt", "DESC_P | TYPE_TSS)", "DESC_P | TYPE_LDT)",
          {"02-3"}, {"02-7", "02-8"},
          "#GP while loading TR: selector 0x08, slot 1 of the GDT, which holds LDT, base "
          "{guest_tss}, limit 0x2088, DPL 0: not an available TSS", " #GP",
          " #GP: " + NO_CODE.replace("{tss}", "LDT, base {guest_tss}, limit 0x2088, DPL 0")),
    Wrong("ldt-absent", "DESC_P | TYPE_LDT)", "TYPE_LDT)", {"02-3"}, {"02-7", "02-8"},
          "#NP while loading LDTR: selector 0x10, slot 2 of the GDT, which holds LDT, base "
          "{guest_ldt}, limit 0x1f, DPL 0, not present", " #GP",
          " #GP: " + NO_CODE.replace("{tss}", "TSS, available, base {guest_tss}, limit 0x2088, "
                                     "DPL 0")),
    Wrong("gdt-too-short", "guest_cpu.gdtr_limit = sizeof(guest_gdt) - 1",
          "guest_cpu.gdtr_limit = 15", {"02-3"}, {"02-7", "02-8"},
          "#GP while loading LDTR: selector 0x10, slot 2 of the GDT (behind its limit 0xf), which "
          "must hold an LDT", " #GP", " #GP: …: not a code segment"),
    Wrong("gate-13-absent", "DESC_P | TYPE_INT_GATE)", "TYPE_INT_GATE)", {"02-5"}, {"02-8"},
          GUEST_TASK, " (gate 13 of the IDT, which holds interrupt gate, 0x04:…, DPL 0, not "
          "present) #NP", " #NP: gate 13 of the IDT, which holds interrupt gate, 0x04:…, DPL 0, "
          "not present"),
    Wrong("gate-13-empty", "guest_idt[VECTOR_GP] =", "guest_idt[VECTOR_GP - 1] =",
          {"02-5"}, {"02-8"}, GUEST_TASK,
          " (gate 13 of the IDT, which holds an empty gate) #GP",
          " #GP: gate 13 of the IDT, which holds an empty gate"),
    Wrong("ss0-null", "guest_tss.ss0 = LDT_DATA", "guest_tss.ss0 = 0", {"02-1"}, {"02-8"},
          GUEST_TASK, f" (gate 13 of the IDT, which holds interrupt gate, 0x04:…, DPL 0) {SS0}",
          f" {SS0}: a null selector"),
    Wrong("ss0-is-code", "guest_tss.ss0 = LDT_DATA", "guest_tss.ss0 = LDT_CODE",
          {"02-1"}, {"02-8"}, GUEST_TASK,
          f" (gate 13 of the IDT, which holds interrupt gate, 0x04:…, DPL 0) {SS0}",
          f" {SS0}: selector 0x04, slot 0 of the LDT, which holds {CODE_SEGMENT}: not a writable "
          "data segment"),
    Wrong("page-directory-without-ps", " | PAGE_PS", "", {"02-6"}, {"02-7", "02-8"},
          FIRST_FETCH, " #…", " #…"),  # a page table is where the BIOS has its vectors
    Wrong("page-directory-without-p", "PAGE_P | PAGE_RW", "PAGE_RW", {"02-6"}, {"02-7", "02-8"},
          FIRST_FETCH, " #PF", " #PF: no page is present for address …"),
    Wrong("page-of-ring-0", "PAGE_RW | PAGE_US", "PAGE_RW", {"02-6"}, {"02-7", "02-8"},
          "#PF in virtual-8086 mode at …:0000 (guest_task+0x0): address {v86_base} may not be "
          "used by ring 3", " (gate 14 of the IDT, which holds an empty gate) #GP",
          " #GP: gate 14 of the IDT, which holds an empty gate"),
]


def grade(tmp_path, emulator, old, new, of=LAB, file="vmxstep1.c"):
    """Grades a lab's solution with a change in one file; exercise → row, and the symbols."""
    sources = support.write_sources(of, tmp_path / "sources")
    path = sources / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    values = support.grade(of, emulator, sources, tmp_path / "work")
    return ({row["id"]: row for row in values["exercises"]},
            image.read_symbols(tmp_path / "work" / f"{of.name}.sym"))


def of_status(rows, status):
    return {name for name, row in rows.items() if row["status"] == status}


@pytest.mark.parametrize("emulator", EMULATORS)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_wrong_structure_is_named_and_what_it_costs_is_explained(wrong, emulator, tmp_path):
    rows, symbols = grade(tmp_path, emulator, wrong.old, wrong.new)
    assert of_status(rows, "FAIL") == wrong.fails, rows
    assert of_status(rows, "CRASH") == wrong.crashes
    assert of_status(rows, "PASS") == set(rows) - wrong.fails - wrong.crashes
    said = f"{crash.GAVE_UP}: {wrong.first}; on the way to its handler{getattr(wrong, emulator)}"
    said = said.format(**{name: hex(address) for name, address in symbols.items()})
    for exercise in wrong.crashes:
        assert re.fullmatch(re.escape(said).replace("…", ".+"), rows[exercise]["got"]), \
            f"{rows[exercise]['got']}\n{said}"


@pytest.mark.parametrize(("emulator", "where"), [("qemu", "while entering the guest"),
                                                 ("bochs", "in ring 0")])
def test_an_iret_frame_without_vm_is_an_exception_of_the_program(emulator, where, tmp_path):
    """Its handler, the guest's, can be reached: no triple fault."""
    rows, _ = grade(tmp_path, emulator, "EFLAGS_VM | EFLAGS_FIXED", "EFLAGS_FIXED")
    assert (of_status(rows, "FAIL"), of_status(rows, "CRASH")) == ({"02-7"}, {"02-8"})
    assert rows["02-8"]["expected"] == "no exception"
    assert rows["02-8"]["got"].startswith("unexpected exception: #")
    assert f"last exceptions: #GP (error code 0x1300) {where}, then " in rows["02-8"]["got"]


def test_where_qemu_cannot_go_on_it_is_the_program_s_doing(tmp_path):
    """QEMU loads a null TR, which a CPU refuses, and aborts when a task traps."""
    rows, _ = grade(tmp_path, "qemu", "guest_cpu.tr = GUEST_TSS", "guest_cpu.tr = 0")
    assert (rows["02-3"]["status"], rows["02-8"]["status"]) == ("FAIL", "CRASH")
    assert rows["02-8"]["got"].startswith(
        "qemu could not go on (invalid tss); last exceptions: #GP (error code 0x0) in virtual-8086")


def test_in_long_mode_too(tmp_path):
    """Lab 03's host, whose TSS descriptor is an LDT's."""
    rows, symbols = grade(tmp_path, "bochs", "DESC_P | TYPE_TSS)", "DESC_P | TYPE_LDT)",
                          lab.find("03"), "vmxstep2.c")
    assert of_status(rows, "FAIL") == {"03-7"}
    assert of_status(rows, "CRASH") == {"03-8", "03-9", "03-10"}
    assert ("#GP while loading TR: selector 0x18, slot 3 of the GDT, which holds LDT, base "
            f"{symbols['host_tss']:#x}, limit 0x67, DPL 0: not an available TSS") \
        in rows["03-10"]["got"]


@pytest.mark.parametrize("exits", [2, 26, 61, 151])
def test_a_monitor_that_gives_up_where_its_exits_lead(exits, tmp_path):
    """Behind so many I/O exits of lab 04 the host's CR3 leads nowhere, and so the next exit."""
    of = lab.find("04")
    sources = support.write_sources(of, tmp_path / "sources")
    text = (sources / "io.c").read_text()
    start = "enum handled emulate_io(void)\n{\n"
    assert text.count(start) == 1
    (sources / "io.c").write_text(text.replace(start, f"""{start}
        static int exits;

        if (++exits == {exits})
                vmcs_write(VMCS_HOST_CR3, 0x1F00000);
"""))
    values, (run,) = grader.grade(sources, of, emulators.get("bochs"), 7, support.OUT,
                                  work=tmp_path / "work", demands=grader.Demands(1))
    assert (run.reset, run.over_budget) == (True, None)
    assert run.traps[-1].base is not None  # the debugger has looked at it
    crashed = [each for each in values["exercises"] if each["status"] == "CRASH"]
    assert crashed and "triple fault" in crashed[0]["got"] and "host_entry" in crashed[0]["got"]
