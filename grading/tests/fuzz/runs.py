"""Runs that no boot has made, but an emulator's module could have: damaged Run objects."""

from grading.emulators.bochs_record import MANY
from grading.tests.fuzz.damage import NUMBERS, damaged, number, sequence
from grading.witness import Memory, Tables, VmEntry, VmExit, VmxStep

ENDS = ({"powered_off": False}, {"powered_off": False, "reset": True},
        {"powered_off": False, "over_budget": "CPU time"}, {"gave_up": "invalid tss"},
        {"problem": "it is not ours"})
VECTORS = (0, 1, 3, 6, 8, 10, 11, 12, 13, 14, 17, 32, 255)
BARE = dict.fromkeys(("registers", "segments", "ip", "eflags", "cr0", "tables", "base", "cr3"))


def registers(chance, values, bits):
    """One register is another; seldom one is not known at all."""
    values = dict(values)
    if not values or not chance.randrange(20):
        return {}
    name = chance.choice(list(values))
    if chance.randrange(20):
        values[name] = number(chance, values[name], bits)
    else:
        del values[name]
    return values


def trap(chance, was):
    """One exception: another one, of another place, or of which less is known."""
    kind = chance.randrange(9)
    if kind == 0:
        return was._replace(vector=chance.choice(VECTORS))
    if kind == 1:  # what makes a #DF has none, on QEMU, and then nothing else either
        unknown = (None,) if was.segments is None else ()
        return was._replace(error=chance.choice((*unknown, 0, *(n & 0xFFFF for n in NUMBERS))))
    if kind == 2:  # as Bochs has most of them
        return was._replace(**BARE, nested=chance.randrange(2) == 0)
    if was.segments is None:
        return was._replace(nested=True, ip=number(chance), base=number(chance))
    if kind == 3:
        name = chance.choice(("ip", "base", "cr2", "cr3"))
        return was._replace(**{name: number(chance, getattr(was, name))})
    if was.registers is None or kind == 4:
        return was._replace(tables=tables(chance, was.tables))
    if kind == 5:
        return was._replace(segments={name: number(chance, value, 16) if not chance.randrange(4)
                                      else value for name, value in was.segments.items()})
    if kind == 6:
        return was._replace(eflags=number(chance, was.eflags), cr0=number(chance, was.cr0))
    name = chance.choice(list(was.registers))
    return was._replace(registers=was.registers | {name: number(chance, was.registers[name])})


def tables(chance, was):
    """Where the CPU finds its tables: elsewhere, or not known."""
    if not was or not chance.randrange(3):
        return None
    values = [tuple(number(chance, each) for each in value) if isinstance(value, tuple)
              else number(chance, value) for value in was]
    return Tables(*(new if not chance.randrange(3) else old for new, old in zip(values, was)))


def event(chance, was):
    """A VM entry or VM exit: another reason, other registers, or the other of both."""
    kind = chance.randrange(5)
    values = registers(chance, was.registers, 64)
    if kind == 0:
        return VmExit(was.time, number(chance, 10, 16), number(chance, 0, 64), values)
    if kind == 1:
        return VmEntry(was.time, chance.choice(("vmlaunch", "vmresume")), values, number(chance))
    if kind == 2 and isinstance(was, VmExit):
        return was._replace(qualification=number(chance, was.qualification, 64))
    if kind == 3 and isinstance(was, VmEntry):
        return was._replace(flags=number(chance, was.flags))
    return was._replace(registers=values)


NAMES = ("vmxon", "vmxoff", "vmclear", "vmptrld", "vmptrst", "vmread", "vmwrite", "vmlaunch",
         "vmresume")


def step(chance, was):
    """A VMX instruction: another one, another outcome, other registers."""
    kind = chance.randrange(7)
    if kind == 0:  # the control registers in front of it are known, but for some
        name = chance.choice(NAMES)
        known = (None, None) if name in MANY else (was.cr0 or 0, was.cr4 or 0)
        return was._replace(name=name, cr0=known[0], cr4=known[1])
    if kind == 1:
        return was._replace(flags=chance.choice((0, 1, 0x40, 0x41, number(chance))))
    if kind == 2:
        return was._replace(faulted=chance.choice((None, *VECTORS)))
    if kind == 3:
        return was._replace(registers_after=registers(chance, was.registers_after, 64))
    if kind == 4:
        known = (None, None) if was.name in MANY else (number(chance), number(chance))
        return VmxStep(was.name, 0, registers(chance, was.registers, 64), *known, was.flags,
                       was.registers_after, was.faulted)
    if kind == 5:
        return was._replace(told=chance.choice((None, 0, 1, 0x40, 0x41, number(chance))))
    return was._replace(registers=registers(chance, was.registers, 64))


def memory(chance, was):
    """Pieces are damaged, shorter, or were not read."""
    pieces = dict(was.pieces)
    for address in chance.sample(list(pieces), min(len(pieces), chance.choice((1, 1, 9)))):
        if not chance.randrange(6):
            del pieces[address]
            continue
        pieces[address] = damaged(chance, pieces[address])
    return Memory(pieces)


def symbols(chance, was, own):
    """Labels of the student's own are elsewhere, or no more global."""
    was = dict(was)
    for name in chance.sample(own, min(len(own), chance.choice((1, 1, 3)))):
        if chance.randrange(2):
            del was[name]
        else:
            was[name] = number(chance, was[name], chance.choice((32, 64)))
    return was


def run(chance, was, own=()):
    """The Run, with one to three of its parts damaged; `own`: names that a student may change."""
    parts = {"serial": damaged, "memory": memory,
             "traps": lambda chance, each: sequence(chance, each, trap),
             "vmx": lambda chance, each: tuple(sequence(chance, each, step)),
             "vm": lambda chance, each: tuple(sequence(chance, each, event)),
             "symbols": lambda chance, each: symbols(chance, each, own)}
    there = [name for name in parts if getattr(was, name) and (own or name != "symbols")]
    for name in chance.sample(there, min(len(there), chance.choice((1, 1, 1, 2, 3)))):
        was = was._replace(**{name: parts[name](chance, getattr(was, name))})
    return was._replace(**chance.choice(ENDS)) if not chance.randrange(6) else was
