"""A CPU's state in lines for a person: the host's, or the guest's as its VMCS has it."""

from debug import cpu, tables
from debug.bochs_vmcs import GENERAL
from grading.binutils import LONGEST, instructions
from grading.structures import PAGE_SIZE


class View:
    """What needs the machine's memory, and the program's names."""

    def __init__(self, machine, source):
        self.machine, self.source = machine, source

    def memory(self, state, length):
        """As many bytes as are mapped at the next instruction of `state`, `length` at most."""
        code, address = b"", state.linear
        while length:
            at = tables.translate(state, self.machine.physical, address)
            size = min(length, PAGE_SIZE - address % PAGE_SIZE)
            piece = self.machine.physical(at, size) if at is not None else b""
            if not piece:
                break
            code += piece
            address, length = address + size, length - size
        return code

    def place(self, state):
        """Lines: the mode, the ring, where; the instruction; the source line, if there is one."""
        selector = state.segments["CS"].selector
        where = f"{state.ip:#x}" if state.mode == cpu.LONG else f"{selector:04x}:{state.ip:04x}"
        code = self.memory(state, LONGEST)
        # The linker's addresses are physical: a task that is mapped elsewhere has its names, too.
        at = tables.translate(state, self.machine.physical, state.linear) if code else state.linear
        name, line = self.source.name(at), self.source.line(at)
        lines = [f"[{state.mode}, ring {state.cpl}] {where}, linear {state.linear:#x}"
                 f"{f' <{name}>' if name else ''}"]
        if code:
            _, raw, text = instructions(code, state.linear, state.bits)[0]
            lines.append(f"=> {raw.hex(' '):24} {text}")
        else:
            lines.append(f"=> the page tables at CR3 {state.registers['CR3']:#x} do not lead there")
        return lines + ([f"   {line}"] if line else [])

    def guest(self, guest, before=None):
        """Lines for a guest; registers that are others than `before` have a star."""
        lines = [f"guest {line}" if not number else f"      {line}"
                 for number, line in enumerate(self.place(guest))]
        wide = guest.bits == 64
        row, shown = [], GENERAL[:16 if wide else 8]
        changed = {name for name in shown
                   if before and before.registers[name] != guest.registers[name]}
        for name in shown:
            value = guest.registers[name] & (~0 if wide else 0xFFFFFFFF)
            row.append(f"{name if wide else 'E' + name[1:]:3} {value:0{16 if wide else 8}x}"
                       f"{'*' if name in changed else ' '}")
        lines += [f"      {'  '.join(row[start:start + 4])}" for start in range(0, len(row), 4)]
        flags = cpu.names(guest.flags, cpu.EFLAGS_BITS)
        return lines + [f"      flags {flags}   CR0 {guest.registers['CR0']:x}   "
                        f"CR3 {guest.registers['CR3']:x}"
                        f"{'   (* changed by the guest)' if changed else ''}"]
