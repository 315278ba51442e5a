"""What the CPU's tables hold, in lines for people; `memory(address, length)` → bytes.

SDM Vol. 3A, "Protected-Mode Memory Management", "Task-State Segment", "Paging".
"""

from grading import structures
from debug.cpu import CR0_PG, CR4_PAE, CR4_PSE, LONG, COMPATIBILITY

SLOT = 8  # bytes of a descriptor; in long mode some have two
PORTS = 65536
ESP0, IO_MAP_BASE = 4, 0x66  # in a TSS; RSP0 lies at 4 too, in 8 bytes


def is_long(state):
    """True if tables are those of long mode, whatever the code is."""
    return state.mode in (LONG, COMPATIBILITY)


def descriptors(state, memory, base, limit, local=False):
    """The lines for a GDT or an LDT: its slots, and which registers hold their selectors."""
    loaded = {}
    for name, cached in state.segments.items():
        if bool(cached.selector & 4) == local and not (local and name in ("LDT", "TR")):
            loaded.setdefault(cached.selector >> 3, []).append(name)
    lines, address = [], base
    while address + SLOT - 1 <= base + limit:
        slot = (address - base) // SLOT
        value = int.from_bytes(memory(address, SLOT), "little")
        found = structures.segment(value)
        double = is_long(state) and not found.s and found.type
        if double:
            found = structures.segment(int.from_bytes(memory(address, 2 * SLOT), "little"))
        users = f"   <- {', '.join(loaded[slot])}" if slot in loaded and slot + local else ""
        lines.append(f"{slot * SLOT + 4 * local:#06x}  {value:016x}  {found}{users}")
        address += SLOT * (2 if double else 1)
    return lines


def gates(state, memory):
    """(vector, Gate) of each gate of the IDT that is not empty."""
    base, limit = state.tables["IDT"]
    size = 16 if is_long(state) else SLOT
    found = []
    for vector in range(min(256, (limit + 1) // size)):
        gate = structures.gate(int.from_bytes(memory(base + vector * size, size), "little"))
        if any(gate):
            found.append((vector, gate))
    return found


def tss(state, memory):
    """The lines for the TSS that TR names: the stack of ring 0, the ports that are allowed."""
    task = state.segments["TR"]
    if task.limit < IO_MAP_BASE + 1:
        return [f"TR {task.selector:#x}: base {task.base:#x}, limit {task.limit:#x}: too short"]
    size = 8 if is_long(state) else 4
    stack = int.from_bytes(memory(task.base + ESP0, size), "little")
    at = int.from_bytes(memory(task.base + IO_MAP_BASE, 2), "little")
    lines = [f"TR {task.selector:#x}: base {task.base:#x}, limit {task.limit:#x}",
             f"{'RSP0' if size == 8 else 'ESP0'}  {stack:#x}   the stack on which a trap arrives"]
    if at + 1 > task.limit:
        return lines + [f"I/O bitmap at {at:#x}: behind the limit, so no port is allowed"]
    bitmap = memory(task.base + at, min(task.limit - at, PORTS // 8 + 1))
    ports = [port for port in range(min(PORTS, (len(bitmap) - 1) * 8))
             if not bitmap[port // 8] >> port % 8 & 1]
    return lines + [f"I/O bitmap at {at:#x}; allowed ports: {ranges(ports) or 'none'}"]


def ranges(numbers):
    """Numbers in words: "0x3f8-0x3ff, 0x402"."""
    runs = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{first:#x}" if first == last else f"{first:#x}-{last:#x}"
                     for first, last in runs)


def walk(state, physical, address):
    """The lines of a page walk for a linear address; `physical`: memory() of physical ones."""
    if not state.registers["CR0"] & CR0_PG:
        return [f"paging is off: linear {address:#x} is physical {address:#x}"]
    control = state.registers["CR4"]
    if is_long(state):
        levels, size, large = (("PML4E", 39), ("PDPTE", 30), ("PDE", 21), ("PTE", 12)), 8, True
    elif control & CR4_PAE:
        levels, size, large = (("PDPTE", 30), ("PDE", 21), ("PTE", 12)), 8, True
    else:
        levels, size, large = (("PDE", 22), ("PTE", 12)), 4, control & CR4_PSE
    table, lines, above = state.registers["CR3"] & ~0xFFF, [], 48 if is_long(state) else 32
    lines.append(f"CR3 {state.registers['CR3']:#x}")
    for name, shift in levels:
        index = (address & ((1 << above) - 1)) >> shift
        where = table + index * size
        entry = int.from_bytes(physical(where, size), "little")
        lines.append(f"{name}[{index}] at {where:#x}: {structures.paging_entry(entry)}")
        if not entry & structures.P:
            return lines + [f"linear {address:#x}: #PF, nothing is mapped there"]
        is_page = shift == 12 or large and entry & structures.PS and name != "PML4E"
        table, above = entry & structures.ADDRESS, shift
        if is_page:
            frame = table & ~((1 << shift) - 1)
            return lines + [f"linear {address:#x} is physical "
                            f"{frame + (address & ((1 << shift) - 1)):#x}"]
    return lines


def translate(state, physical, address):
    """The physical address of a linear one; None if nothing is mapped there."""
    last = walk(state, physical, address)[-1]
    return int(last.rpartition(" is physical ")[2], 16) if " is physical " in last else None
