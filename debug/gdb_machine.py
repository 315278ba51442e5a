"""The machine as GDB's commands see it: its state, its memory, its code, and letting it run.

Addresses in what is printed are linear; GDB reads memory as the CPU would, paging and all.
"""

import os
from pathlib import Path

import gdb  # only there inside GDB

from debug import cpu
from grading.binutils import LONGEST, instructions

SERIAL = os.environ.get("RING_SERIAL", "")  # the file that the serial line goes to


def state():
    """The CPU's state now."""
    try:
        return cpu.parse(gdb.execute("monitor info registers", to_string=True))
    except (gdb.error, ValueError):
        raise gdb.GdbError("no machine: start it with make debug LAB=NN") from None


def memory(address, length):
    """Bytes at a linear address; a gdb.GdbError in words if nothing is mapped there."""
    try:
        return bytes(gdb.selected_inferior().read_memory(address, length))
    except gdb.MemoryError:
        raise gdb.GdbError(f"no memory can be read at {address:#x}") from None


def physical(address, length):
    """Bytes at a physical address, by way of QEMU."""
    said = gdb.execute(f"monitor xp /{length}bx {address:#x}", to_string=True)
    return bytes(int(word, 16) for word in said.replace("\n", " ").split()
                 if word.startswith("0x"))


def readable(address, most):
    """As many bytes as can be read, `most` at most."""
    for length in (most, 1):
        try:
            return bytes(gdb.selected_inferior().read_memory(address, length))
        except gdb.MemoryError:
            continue
    return b""


def code_at(now, count):
    """The next `count` instructions, in lines."""
    code = readable(now.linear, count * LONGEST)
    lines = []
    for address, raw, text in instructions(code, now.linear, now.bits)[:count]:
        mark = "=>" if address == now.linear else "  "
        lines.append(f"{mark} {address:#x}{symbol(address)}  {raw.hex(' '):24} {text}")
    return lines


def symbol(address):
    """ " <isrGPF+6>", or nothing."""
    said = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return f" <{said.split(' in section')[0].replace(' ', '')}>" if " in section" in said else ""


def place(now):
    """One line: the world, the mode, where."""
    selector = now.segments["CS"].selector
    where = f"{now.ip:#x}" if now.mode == cpu.LONG else f"{selector:04x}:{now.ip:04x}"
    return f"[{now.mode}, ring {now.cpl}] {where}, linear {now.linear:#x}"


class Serial:
    """What the serial line has said since we looked last."""

    seen = 0

    @classmethod
    def show(cls):
        """Prints it, each line behind a bar; what a program sends is shown printable."""
        try:
            data = Path(SERIAL).read_bytes()
        except OSError:
            return
        new, cls.seen = data[cls.seen:], len(data)
        for line in new.decode("ascii", "replace").splitlines():
            print("  | " + "".join(c if " " <= c <= "~" else "?" for c in line))


class Quiet:
    """While a command runs and steps, nothing is shown of each stop. GDB knows no way to be
    silent about that, so its output goes nowhere."""

    depth = 0

    def __enter__(self):
        Quiet.depth += 1
        gdb.flush()
        self.terminal = os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)

    def __exit__(self, *_):
        Quiet.depth -= 1
        gdb.flush()
        os.dup2(self.terminal, 1)
        os.close(self.terminal)


def show(*_):
    """What is shown at every stop."""
    if Quiet.depth:
        return
    try:
        now = state()
    except gdb.GdbError:
        return
    Serial.show()
    print(place(now))
    print("\n".join(code_at(now, 1)))


def run_to(addresses):
    """Lets the CPU run until it stands before one of these instructions."""
    points = [gdb.Breakpoint(f"*{address:#x}", gdb.BP_HARDWARE_BREAKPOINT, internal=True)
              for address in addresses]
    try:
        gdb.execute("continue", to_string=True)
    finally:
        for point in points:
            if point.is_valid():
                point.delete()


def in_v86():
    """True if the CPU is in virtual-8086 mode."""
    return bool(int(gdb.parse_and_eval("(int)$eflags")) & cpu.VM)


def address_of(text):
    """The address that a number or a name stands for."""
    for form in ("(unsigned long)({})", "(unsigned long)&{}"):
        try:
            return int(gdb.parse_and_eval(form.format(text))) & 0xFFFFFFFFFFFFFFFF
        except (gdb.error, ValueError):
            continue
    raise gdb.GdbError(f"{text or 'nothing'}: an address or a name is wanted")
