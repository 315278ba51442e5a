"""The rubric of lab 02: what each step is worth, and how it is seen.

The structures are read out of the machine's memory and decoded here. What the guest
does is in the CPU's record (run.traps), split by address: each task of the challenge
has its own place in memory. The log says what the guest's handler found.
"""

import re

from grading import structures
from grading.rubric import PASSED, Exercise, failed

from . import handler, layout
from .challenge import draw  # noqa: F401 (the contract)
from .layout import MEMORY, Guest

REGION = "challenge"
CHECKPOINTS = ("install_guest",)
TABLES = {"gdt": "guest_gdt", "ldt": "guest_ldt", "idt": "guest_idt"}

STORY = """\
A guest is more than its code: it is the tables in which its CPU looks things up. Here
they are built, and tried without any VMX: the guest says hello from virtual-8086 mode
(CR0=... is what SMSW shows), stops with hlt, and its own #GP handler takes over, in ring
0 of the guest, with the guest's segments and stack (@ handler...). It writes what trapped
to the screen and hands over to the testbed. Then tasks try ports: what the bitmap in
the TSS denies, traps.
"""

EXERCISES = (
    Exercise("02-1", "the TSS", 15,
             "look at guest_tss_init(): the stack for ring 0, and where the I/O map is"),
    Exercise("02-2", "the I/O permission bitmap", 15,
             "look at guest_io_map_init(): port p is bit p % 8 of byte p / 8, and 1 denies"),
    Exercise("02-3", "the GDT", 10,
             "look at guest_gdt_init(): types, bases, limits (the last offset, not the size)"),
    Exercise("02-4", "the LDT", 15,
             "look at guest_ldt_init(): base, limit, type and size of each of the four"),
    Exercise("02-5", "the IDT", 10,
             "look at guest_idt_init(): the picture of a gate, and where its offset counts from"),
    Exercise("02-6", "the page directory", 15,
             "look at guest_paging_init(): one entry, and the three control registers"),
    Exercise("02-7", "the guest's task", 10,
             "look at guest_entry_init() and guest_task: where it starts, what it sends"),
    Exercise("02-8", "the guest's #GP handler", 10,
             "look at guest_isrGPF: segments first, then the address, then the calls"),
)

HELLO = " Hello from Guest VM "
HLT = 0xF4
IN_OR_OUT = {0xEC: "IN", 0xED: "IN", 0xEE: "OUT", 0xEF: "OUT"}  # with the port in DX
MUST_BE_CLEAR = 0x3300  # of EFLAGS: IOPL, IF, TF
STACK_USED = 256  # bytes of its stack that guest_task may have in use at its end


def check(challenge, log, run):
    """Exercise id → Finding, for what this run lets us see."""
    missing = [label for label in (*MEMORY, *layout.LABELS) if label not in run.symbols]
    if missing:
        return {exercise.id: failed(f"a global label or variable {missing[0]} (vmxstep1.h)", "none")
                for exercise in EXERCISES}
    guest = Guest(run)
    v86 = [trap for trap in run.traps if trap.vector == layout.GP and trap.v86
           and trap.segments and trap.registers and not trap.nested]
    own = [trap for trap in v86 if guest.symbols["v86_base"] <= trap.address
           < guest.symbols["image_end"]]
    seen = [[trap for trap in v86 if task.guest.start <= trap.address
             < task.guest.start + len(task.guest.code)] for task in challenge.tasks]
    findings = {
        "02-1": layout.check_tss(guest),
        "02-2": layout.check_io_map(guest),
        "02-3": layout.check_gdt(guest),
        "02-4": layout.check_ldt(guest),
        "02-5": layout.check_idt(guest),
        "02-6": layout.check_page_directory(guest),
        "02-7": layout.check_entry(guest),
    }
    if log.values("task"):  # the guest was started: all of it should have been written
        findings = {exercise: finding or failed(f"{layout.WRITTEN[exercise]}, filled in",
                                                "all zero")
                    for exercise, finding in findings.items()}
    # What the CPU did says something of a structure if what leads to it is right.
    right = {exercise for exercise, finding in findings.items() if finding is PASSED}
    if handler.PORTS_TELL <= right:
        findings["02-2"] = check_ports(challenge, seen)
    if "02-6" in right and own:
        findings["02-6"] = check_paging(guest, own[0])
    if "02-7" in right:
        findings["02-7"] = check_task(guest, log, run, own)
    if reached_by_its_gate(guest, v86):
        findings["02-8"] = handler.check(guest, challenge, log, own, seen, right)
    return {exercise: finding for exercise, finding in findings.items() if finding}


def reached_by_its_gate(guest, v86):
    """True if the CPU's own IDTR, GDTR and LDTR lead from a #GP of the guest to guest_isrGPF."""
    tables = next((trap.tables for trap in v86 if trap.tables), None)
    gate = structures.gate(guest.number("guest_idt", 8 * layout.GP, 8))
    if not tables or (gate.selector, gate.offset) \
            != (layout.LDT_CODE, guest.offset("guest_isrGPF")):
        return False
    return (tables.idtr[0], tables.gdtr[0], tables.ldtr[1]) == tuple(
        guest.symbols[table] for table in ("guest_idt", "guest_gdt", "guest_ldt"))


def check_ports(challenge, seen):
    """02-2: what the CPU did at each port that was tried."""
    for task, traps in zip(challenge.tasks, seen):
        if task.skip or not traps:
            continue
        probe = task.probes[0]
        expected = task.guest.traps[1 if probe.allowed else 0]
        if traps[0].address != expected.address:
            say = ("the CPU traps", "the CPU lets it pass")
            return failed(f"{probe}: {say[probe.allowed]}", say[not probe.allowed])
    return PASSED


def check_paging(guest, trap):
    """02-6: paging on while the guest runs, with its directory."""
    if not trap.cr0 >> 31:
        return failed("paging on while the guest runs", f"CR0 {trap.cr0:#x}")
    directory = guest.symbols["guest_page_directory"]
    if trap.tables and trap.tables.cr3 != directory:
        return failed(f"CR3 {directory:#x} while the guest runs", f"{trap.tables.cr3:#x}")
    return PASSED


def check_task(guest, log, run, own):
    """02-7: the guest's message; its hlt, by the CPU's record."""
    orderly = log.end or log.todo
    if not own:
        if orderly and HELLO.strip() in log.text:
            return failed("a #GP at the hlt of guest_task, by the CPU's record",
                          "none, though its message is in the log")
        return None
    trap, text = own[0], said_by_guest_task(run)
    opcode = run.memory.number(trap.address, 1)
    # If the run is not orderly, a handler may have written over it: its stack is near.
    if orderly and opcode not in (HLT, None):
        return failed("guest_task runs to its hlt", "it traps before that, " + (
            f"at an {IN_OR_OUT[opcode]}: the CPU finds port {trap.registers['edx'] & 0xFFFF:#x} "
            "denied" if opcode in IN_OR_OUT else str(trap)))
    if HELLO.strip() not in text:
        return failed(f'"{HELLO}" on the serial line', "no such line")
    line = next((line for line in reversed(text.split("\n")) if "CR0=" in line), "")
    if not re.search(f"CR0={trap.cr0:08x} ?$", line):
        return failed(f'a line " CR0={trap.cr0:08x} ", as SMSW shows it', f'"{line[:40]}"')
    return check_start(guest, trap) or PASSED


def said_by_guest_task(run):
    """What came over the serial line while it ran: up to a line of the testbed's.

    Where a run breaks off, Bochs loses the two bytes that are still in the UART.
    """
    said = run.serial.decode("ascii", errors="replace").partition("\n@ task 0x0\n")[2]
    return re.split(r"^[@[]", said, maxsplit=1, flags=re.MULTILINE)[0]


def check_start(guest, trap):
    """The CPU at the hlt of guest_task: what guest_cpu can only have set."""
    segment = guest.symbols["v86_base"] >> 4
    for name in ("cs", "ss", "ds", "es"):
        if trap.segments[name] != segment:
            return failed(f"{name.upper()} {segment:04x} at the guest's hlt",
                          f"{trap.segments[name]:04x}")
    top = guest.offset("guest_stack3")
    if not top - STACK_USED <= trap.registers["esp"] <= top:
        return failed(f"ESP {top:#x}, guest_stack3, at the guest's hlt",
                      f"{trap.registers['esp']:#x}")
    if trap.eflags & MUST_BE_CLEAR:
        return failed("IOPL 0, interrupts off at the guest's hlt", f"EFLAGS {trap.eflags:#x}")
    return None
