"""GDB's own side: commands that know the machine. debug/debug lets GDB load this file."""

import os
import sys
from pathlib import Path

import gdb  # only there inside GDB

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from debug import cpu, tables  # noqa: E402
from debug.gdb_machine import (Quiet, address_of, code_at, in_v86, memory, physical,  # noqa: E402
                               place, run_to, show, state, symbol)
from grading.binutils import listing  # noqa: E402

MOST_RETURNS = 10_000  # of the monitor, until step86 gives up
TRAP_BYTES = 40  # what the CPU pushes on a #GP from virtual-8086 mode: ten dwords
FRAME = ("error code", "IP", "CS", "EFLAGS", "ESP", "SS", "ES", "DS", "FS", "GS")
PUSHAL = ("EDI", "ESI", "EBP", "ESP (not used)", "EBX", "EDX", "ECX", "EAX")
ELF = os.environ.get("RING_ELF", "")  # the program


class Command(gdb.Command):
    """A command; its docstring is what `help` says of it."""

    NAME = ""

    def __init__(self):
        super().__init__(self.NAME, gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        print("\n".join(self.lines(state(), argument.strip())))

    def lines(self, now, argument):
        """What it prints."""
        raise NotImplementedError


class Cpu(Command):
    """cpu: the mode, the ring, the control registers bit by bit, the segment registers with
the base and the limit that the CPU keeps of them."""

    NAME = "cpu"

    def lines(self, now, argument):
        registers = now.registers
        yield place(now)
        yield f"CR0    {registers['CR0']:08x}  {cpu.names(registers['CR0'], cpu.CR0_BITS)}"
        yield f"CR3    {registers['CR3']:08x}"
        yield f"CR4    {registers['CR4']:08x}  {cpu.names(registers['CR4'], cpu.CR4_BITS)}"
        yield f"EFER   {registers.get('EFER', 0):08x}  " \
              f"{cpu.names(registers.get('EFER', 0), cpu.EFER_BITS)}"
        yield f"EFLAGS {now.flags:08x}  {cpu.names(now.flags, cpu.EFLAGS_BITS)} " \
              f"IOPL={now.flags >> 12 & 3}"
        for name, cached in now.segments.items():
            yield f"{name:4} {cached.selector:04x}  base {cached.base:08x}  " \
                  f"limit {cached.limit:08x}"


class Code(Command):
    """code [N]: the next N instructions (5), read as the CPU will read them."""

    NAME = "code"

    def lines(self, now, argument):
        if argument and not argument.isdecimal():
            raise gdb.GdbError("code N: a number of instructions is wanted")
        return code_at(now, int(argument or 5))


class Frame86(Command):
    """frame86: what the CPU pushed when virtual-8086 code trapped last, slot by slot, and
below it what PUSHAL saved, if the handler got that far. It lies below the TSS's ESP0."""

    NAME = "frame86"

    def lines(self, now, argument):
        task = now.segments["TR"]
        if not task.selector:
            raise gdb.GdbError("TR is empty: no trap can have come from virtual-8086 mode yet")
        top = int.from_bytes(memory(task.base + tables.ESP0, 4), "little")
        start = top - TRAP_BYTES
        words = [int.from_bytes(memory(start + 4 * n, 4), "little") for n in range(10)]
        if not words[3] & cpu.VM:
            raise gdb.GdbError(f"no frame of a virtual-8086 task below ESP0 = {top:#x}: "
                               "VM is clear where its EFLAGS would be")
        below = start - 4 * len(PUSHAL)
        if not now.mode == cpu.V86 and now.sp <= below:
            for number, name in enumerate(PUSHAL):
                value = int.from_bytes(memory(below + 4 * number, 4), "little")
                yield f"{below + 4 * number:#x}  {value:08x}  {name}"
        for number, (name, value) in enumerate(zip(FRAME, words)):
            more = f"  {cpu.names(value, cpu.EFLAGS_BITS)}" if name == "EFLAGS" else ""
            here = "   <- ESP" if now.sp == start + 4 * number and now.mode != cpu.V86 else ""
            yield f"{start + 4 * number:#x}  {value:08x}  {name}{more}{here}"


class Gdt(Command):
    """gdt: each slot of the global descriptor table, and who holds its selector."""

    NAME = "gdt"

    def lines(self, now, argument):
        return tables.descriptors(now, memory, *now.tables["GDT"])


class Ldt(Command):
    """ldt: the same for the local descriptor table."""

    NAME = "ldt"

    def lines(self, now, argument):
        local = now.segments["LDT"]
        if not local.selector & ~3:
            raise gdb.GdbError("LDTR is empty")
        return tables.descriptors(now, memory, local.base, local.limit, local=True)


class Idt(Command):
    """idt: each gate of the interrupt descriptor table, and where it leads."""

    NAME = "idt"

    def lines(self, now, argument):
        for vector, gate in tables.gates(now, memory):
            yield f"{vector:#04x}  {gate}{symbol(gate.offset)}"


class Tss(Command):
    """tss: the task-state segment: the stack for traps, and the ports that are allowed."""

    NAME = "tss"

    def lines(self, now, argument):
        return tables.tss(now, memory)


class PageWalk(Command):
    """pagewalk ADDRESS: from CR3 to the page, entry by entry."""

    NAME = "pagewalk"

    def lines(self, now, argument):
        return tables.walk(now, physical, address_of(argument))


class Step86(gdb.Command):
    """step86: one instruction of the virtual-8086 task. If it traps, the monitor runs, and
we stop at the next instruction of the task."""

    def __init__(self):
        super().__init__("step86", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        state()
        back = [where for where, _, text in listing(ELF) if text.startswith("iret")]
        with Quiet():
            gdb.execute("stepi", to_string=True)
            for _ in range(MOST_RETURNS):  # it trapped, or this is the monitor already
                if in_v86():
                    break
                run_to(back)
                gdb.execute("stepi", to_string=True)
        show()


class RunTo(gdb.Command):
    """run-to PLACE: runs until the CPU stands at a linear address, or at a name. Use this in
16-bit code: there GDB's own breakpoints stop, but it does not get past them again."""

    def __init__(self):
        super().__init__("run-to", gdb.COMMAND_RUNNING, gdb.COMPLETE_SYMBOL)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        state()
        with Quiet():
            run_to([address_of(argument)])
        show()


class UntilTrap(gdb.Command):
    """until-trap: runs until the CPU arrives in a handler of the IDT, and says which."""

    def __init__(self):
        super().__init__("until-trap", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        now = state()
        if now.mode == cpu.REAL:
            raise gdb.GdbError("in real mode there is no IDT yet; go on first, say with "
                               "run-to main")
        handlers = {gate.offset: vector for vector, gate in tables.gates(now, memory)
                    if gate.present}
        with Quiet():
            run_to(handlers)
        vector = handlers.get(state().linear)
        if vector is not None:
            print(f"vector {vector:#x} ({vector})")
        show()


for command in (Cpu, Code, Frame86, Gdt, Ldt, Idt, Tss, PageWalk, Step86, RunTo, UntilTrap):
    command()
gdb.events.stop.connect(show)
