"""Why a CPU gave up, in words: the exceptions of its last instruction.

An exception whose handler cannot be reached raises another, and so on to the third,
which resets the CPU (SDM Vol. 3A, "Interrupt 8--Double Fault Exception (#DF)"). All of
them happen at one instruction; the first one says what was wrong.

Where that instruction stands, the program's symbols say: a label while_loading_tr is
read as "while loading TR".
"""

from grading.structures import CALL_GATE, LDT, TSS_AVAILABLE, TSS_BUSY, gate, segment
from grading.witness import vector_name

GAVE_UP = "the CPU reset itself (triple fault), because an exception's handler could not be reached"
REGISTERS = {"cs", "ss", "ds", "tr", "ldtr", "gdtr", "idtr", "cr0", "cr3", "cr4"}
LINKER_S = ("_base", "_start", "_end")  # symbols that mark a place, and name no code
DF, TS, SS, GP, PF = 8, 10, 12, 13, 14
WIDE = (LDT, TSS_AVAILABLE, TSS_BUSY, CALL_GATE)  # in long mode they fill two slots
WITH_SELECTOR = (TS, 11, SS, GP)  # 11 is #NP: the error code names a descriptor
# Whose selector it is, on the way to a handler.
OWNERS = {TS: " (the TSS, or the stack segment that it names)", SS: " (the handler's stack)"}

# What a segment register wants: in words, and whether a Segment is that.
CODE = ("a code segment", lambda it: it.s and it.type & 8)
STACK = ("a writable data segment", lambda it: it.s and it.type & 10 == 2)
WANTED = {
    "while_loading_tr": ("an available TSS", lambda it: not it.s and it.type in
                         (TSS_AVAILABLE, TSS_AVAILABLE & 7)),
    "while_loading_ldtr": ("an LDT", lambda it: not it.s and it.type == LDT),
    "while_loading_cs": CODE,
    "while_loading_ss": STACK,
    "while_loading_ds": ("a readable segment", lambda it: it.s and it.type & 10 != 8),
}
WANTED_BY_A_HANDLER = {GP: CODE, TS: STACK}


def chain(traps):
    """The exceptions of the last instruction, the first one first."""
    start = len(traps) - 1
    while start > 0 and traps[start].nested:
        start -= 1
    return traps[start:]


def words(run, tables):
    """What happened, for people. `tables`: "gdt", "ldt", "idt" → the symbol of each."""
    last = chain(run.traps)
    if not last:
        return f"{GAVE_UP}; which one, was not recorded"
    first = last[0]
    said = f"{name(first)} {where(first, run)}{about(first, first, run, tables)}"
    for trap in last[1:]:
        if trap.vector == DF:
            break  # what is behind it says nothing new
        said += (f"; on the way to its handler{through(first, trap, run, tables)} {name(trap)}"
                 f"{OWNERS.get(trap.vector, '')}{about(trap, first, run, tables)}")
    return f"{GAVE_UP}: {said}"


def briefly(trap, run):
    """One exception in words: which, and where."""
    error = "" if trap.error is None else f" (error code {trap.error:#x})"
    return f"{name(trap)}{error} {where(trap, run)}"


def name(trap):
    """The manual's name of an exception."""
    return vector_name(trap.vector)


def label_at(trap, run):
    """The label while_... at the instruction, or None."""
    return next((label for label, address in run.symbols.items()
                 if address == trap.linear and label.startswith("while_")), None)


def where(trap, run):
    """Where the instruction stands."""
    label = label_at(trap, run)
    if label:
        return " ".join(word.upper() if word in REGISTERS else word for word in label.split("_"))
    if trap.linear is None:
        # Bochs tells no more of what a handler has lived through; nor whose it is under VMX.
        return "in the guest or its monitor" if run.vm else "in ring 0"
    near = nearest(trap.linear, run.symbols)
    if trap.v86 and trap.segments:
        at = f"in virtual-8086 mode at {trap.segments['cs']:04x}:{trap.ip:04x}"
        return f"{at} ({near})" if near else at
    return f"at {near} ({trap.linear:#x})" if near else f"at {trap.linear:#x}"


def nearest(address, symbols):
    """The symbol before an address in the program, and how far before; None elsewhere."""
    before = [(place, not symbol.endswith(LINKER_S), symbol)
              for symbol, place in symbols.items() if place <= address]
    if not before or not symbols.get("_start", 0) <= address < symbols.get("image_end", 0):
        return None  # what is below the program is a number, as v86_segment
    place, _, symbol = max(before)
    return f"{symbol}+{address - place:#x}"


def about(trap, first, run, tables):
    """What the error code tells.

    SDM Vol. 3A, "Error Code": EXT, IDT and TI are bits 0 to 2, the index is above.
    """
    if trap.error is None:
        return ""
    if trap.vector == PF:
        return page_fault(trap)
    if trap.vector not in WITH_SELECTOR:
        return ""
    if not trap.error & ~1:
        loading = trap.vector == GP and label_at(trap, run) in WANTED and not trap.nested
        return ": a null selector" if trap.vector == TS or loading else ""
    if trap.error & 2:
        return f": {entry(first, run, tables, 'idt', trap.error >> 3)[0]}"
    text, found = entry(first, run, tables, "ldt" if trap.error & 4 else "gdt", trap.error >> 3)
    return f": selector {trap.error & ~3:#04x}, {text}{unfit(trap, found, run)}"


def unfit(trap, found, run):
    """What a descriptor should have been instead: `found`, or None if that is not known."""
    known = WANTED_BY_A_HANDLER.get(trap.vector) if trap.nested else \
        WANTED.get(label_at(trap, run))
    if not known or found and known[1](found):
        return ""
    wanted = known[0]
    return f": not {wanted}" if found else f", which must hold {wanted}"


def page_fault(trap):
    """What a #PF tells. SDM Vol. 3A, "Interrupt 14--Page-Fault Exception (#PF)"."""
    address = "an address" if trap.cr2 is None else f"address {trap.cr2:#x}"
    if trap.error & 8:
        return f": a reserved bit is set in an entry for {address}"
    if not trap.error & 1:
        return f": no page is present for {address}"
    how = "executed" if trap.error & 16 else "written" if trap.error & 2 else "used"
    return f": {address} may not be {how} by ring {3 if trap.error & 4 else 0}"


def through(first, trap, run, tables):
    """The gate on the way, where the error code that names it was not recorded."""
    if trap.error is not None or not first.tables or "idt" not in tables \
            or first.tables.idtr[0] != run.symbols.get(tables["idt"]):
        return ""
    return f" ({entry(first, run, tables, 'idt', first.vector)[0]})"


def entry(first, run, tables, table, index):
    """(in words, decoded or None) of an entry of a table, as the CPU found it."""
    text = f"gate {index} of the IDT" if table == "idt" else f"slot {index} of the {table.upper()}"
    size = 16 if table == "idt" and first.long else 8
    start = run.symbols.get(tables.get(table))
    if first.tables:
        *_, base, limit = getattr(first.tables, f"{table}r")
        if size * index + size - 1 > limit:
            return f"{text} (behind its limit {limit:#x})", None
        start = start if base == start else None  # another table was in use
    value = None if start is None else run.memory.number(start + size * index, size)
    if value is None:
        return text, None
    found = gate(value) if table == "idt" else segment(value)
    if table == "gdt" and first.long and not found.s and found.type in WIDE:
        wide = run.memory.number(start + 8 * index, 16)
        found = found if wide is None else segment(wide)
    return f"{text}, which holds {found}", found
