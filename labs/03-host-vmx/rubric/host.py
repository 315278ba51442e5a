"""03-6 and 03-7: the host's structures, from the machine's memory."""

from grading.rubric import PASSED, failed, said
from grading.structures import (ACCESSED, DIRTY, INTERRUPT_GATE, P, PS, RW, TSS_AVAILABLE,
                                TSS_BUSY, gate, paging_entry, segment, selector)

from .challenge import PAGE_2M

TABLE_BYTES, ENTRIES = 4096, 512
TSS_BYTES, GATE_BYTES = 104, 16
IO_MAP_BASE = 102
HOST_STACK = 4096
CODE, DATA, TSS = 0x08, 0x10, 0x18
UD, GP = 6, 13


def check_paging(challenge, log, run):
    """03-6: every entry of every table, and a word read through the window."""
    root = run.symbols["host_pml4"]
    if not log.values("cr3") or run.memory.read(root, TABLE_BYTES) is None:
        return None
    if log.value("cr3") != root:
        return failed(f"CR3 {root:#x}, where host_pml4 is", said(log.value("cr3")))
    slots = [challenge.window_va >> shift & 511 for shift in (39, 30, 21)]
    finding = walk(run, root, ("PML4", "PDPT", "page directory"),
                   {0: {0: {page: page * PAGE_2M for page in range(ENTRIES)}},
                    slots[0]: {slots[1]: {slots[2]: challenge.window_pa}}})
    if finding is not PASSED or not log.values("window.word"):
        return finding if finding is not PASSED else None
    if log.value("window.word") != challenge.window_word:
        return failed(f"{challenge.window_word:#x} read through the window",
                      said(log.value("window.word")))
    return PASSED


def walk(run, address, names, wanted, path=""):
    """Compares one table with `wanted`: index → what the entry leads to."""
    content = run.memory.read(address, TABLE_BYTES)
    for index in range(ENTRIES):
        value = int.from_bytes(content[8 * index:8 * index + 8], "little")
        what = f"{path}{names[0]} entry {index}"
        if index not in wanted:
            if value & P:
                return failed(f"{what}: not present", paging_entry(value))
            continue
        if isinstance(wanted[index], int):
            page = wanted[index] | P | RW | PS
            if value & ~(ACCESSED | DIRTY) != page:
                return failed(f"{what}: {paging_entry(page)}", paging_entry(value))
            continue
        table = value & ~0xFFF
        if value & 0xFFF & ~(ACCESSED | DIRTY) != P | RW \
                or run.memory.read(table, TABLE_BYTES) is None:
            return failed(f"{what}: next at a table of new_table(), present, writable, "
                          "supervisor", paging_entry(value))
        finding = walk(run, table, names[1:], wanted[index], f"{what} -> ")
        if finding is not PASSED:
            return finding
    return PASSED


def check_structures(challenge, log, run):
    """03-7: GDT, TSS and IDT field by field, then what the CPU did with them."""
    if not log.values("window.word") or log.todo == "03-7" \
            or None in (run.memory.read(run.symbols["host_gdt"], 40),
                        run.memory.read(run.symbols["host_tss"], TSS_BYTES),
                        run.memory.read(run.symbols["host_idt"], GATE_BYTES * (GP + 1))):
        return None
    for finding in (check_gdt(run), check_tss(run), check_idt(run)):
        if finding is not PASSED:
            return finding
    if not log.values("probe.ud.vector"):
        return None
    return check_loaded(challenge, log, run)


def check_gdt(run):
    """Null, code, data, TSS."""
    slot = lambda which, length=8: run.memory.number(run.symbols["host_gdt"] + which, length)
    if slot(0):
        return failed("GDT slot 0: null", f"{slot(0):#x}")
    code, data, tss = segment(slot(CODE)), segment(slot(DATA)), segment(slot(TSS, 16))
    if not (code.present and code.s and code.type & 0xC == 8 and code.long and not code.big
            and code.dpl == 0):
        return failed("GDT slot 1: 64-bit code, DPL 0, present", str(code))
    if not (data.present and data.s and data.type & 0xE == 2 and data.dpl == 0):
        return failed("GDT slot 2: data, writable, DPL 0, present", str(data))
    want = run.symbols["host_tss"]
    if tss.s or tss.type not in (TSS_AVAILABLE, TSS_BUSY) or not tss.present or tss.dpl:
        return failed("GDT slot 3: TSS, DPL 0, present", str(tss))
    if tss.base != want or tss.last != TSS_BYTES - 1:
        return failed(f"GDT slots 3 and 4: TSS, base {want:#x}, limit {TSS_BYTES - 1:#x}",
                      str(tss))
    return PASSED


def check_tss(run):
    """RSP0, and no I/O map."""
    content = run.memory.read(run.symbols["host_tss"], TSS_BYTES)
    rsp0 = int.from_bytes(content[4:12], "little")
    io_map = int.from_bytes(content[IO_MAP_BASE:IO_MAP_BASE + 2], "little")
    stack = run.symbols["host_stack"] + HOST_STACK
    if rsp0 != stack:
        return failed(f"TSS: RSP0 {stack:#x}, as it was given", f"{rsp0:#x}")
    if io_map < TSS_BYTES:
        return failed("TSS: an I/O map base beyond the limit", f"{io_map:#x}")
    return PASSED


def check_idt(run):
    """The gates of #GP and #UD."""
    for vector, name in ((UD, "#UD"), (GP, "#GP")):
        entry = run.symbols[f"trap_entry_{vector}"]
        got = run.memory.number(run.symbols["host_idt"] + GATE_BYTES * vector, GATE_BYTES)
        wanted = (entry >> 16 << 48 | (0x80 | INTERRUPT_GATE) << 40 | CODE << 16
                  | entry & 0xFFFF)
        if got != wanted:
            reserved = ", reserved bits set" if gate(got) == gate(wanted) else ""
            return failed(f"IDT gate {vector} ({name}): {gate(wanted)}", f"{gate(got)}{reserved}")
    return PASSED


def check_loaded(challenge, log, run):
    """The CPU works with them: its segments, and the two exceptions, which it recorded."""
    for name, want in (("cs", CODE), ("ss", DATA), ("tr", TSS)):
        if log.value("host." + name) != want:
            return failed(f"{name.upper()} {selector(want)}", said(log.value("host." + name)))
    error = challenge.selector & ~3  # the privilege level is not part of it
    if not any(one.vector == GP and one.error == error and other.vector == UD
               for one, other in zip(run.traps, run.traps[1:])):
        return failed(f"a #GP with error code {error:#x}, then a #UD", "no such exceptions")
    for name, want in (("gp.vector", GP), ("gp.error", error), ("ud.vector", UD),
                       ("ud.error", 0)):
        if log.value("probe." + name) != want:
            return failed(f"probe.{name} {want:#x}", said(log.value("probe." + name)))
    return PASSED
