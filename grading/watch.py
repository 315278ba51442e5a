"""What to look at in a run, from what the rubric wants and where the program has it."""

import re

from grading.image import ARENA, SECTOR
from grading.witness import Watch

# VMX instructions by their machine code: SDM Vol. 3C, chapter "VMX Instruction Reference".
# The last two need a memory operand (ModRM with mod other than 11).
OPCODES = {
    rb"\x01\xC2": "vmlaunch", rb"\x01\xC3": "vmresume", rb"\x01\xC4": "vmxoff",
    rb"\x78": "vmread", rb"\x79": "vmwrite",
    rb"\xC7[\x30-\x37\x70-\x77\xB0-\xB7]": "vmptrld",
    rb"\xC7[\x38-\x3F\x78-\x7F\xB8-\xBF]": "vmptrst",
}
VMX = re.compile(rb"\x0F(?:" + b"|".join(b"(%s)" % opcode for opcode in OPCODES) + b")")
NAMES = tuple(OPCODES.values())
REP, OPERAND_SIZE = 0xF3, 0x66
PREFIXES = bytes([REP, OPERAND_SIZE, 0xF2, 0x67, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65])
REX = range(0x40, 0x50)  # in 64-bit code, right in front of the opcode
FUNCTION = 128  # bytes of a function vmread(), vmlaunch(), … at most
LEAVE = "leave"  # common/leave.c: the end of every run


def watch(lab, rubric, image, symbols):
    """The Watch for a built program; `image` is its disk image (path), `symbols` its nm.

    A rubric's MEMORY (symbol → bytes) is read at LEAVE and at CHECKPOINTS (symbols of
    instructions), on emulators that cannot read it at the very end. What an unfinished
    program has not is left out: mistyped() looks for names that nothing has.
    """
    memory = tuple((symbols[name], length) for name, length in
                   getattr(rubric, "MEMORY", {}).items() if name in symbols)
    at = tuple(symbols[name] for name in (*getattr(rubric, "CHECKPOINTS", ()), LEAVE)
               if memory and name in symbols)
    return Watch(memory, at, vmx_instructions(image, symbols) if "vmx" in lab.needs else {},
                 getattr(rubric, "STEPS", {}))


def mistyped(lab, rubric, symbols):
    """What a rubric names and the program has not, in lines. Of the solution: in a student's
    program a name may be missing that the student has yet to write."""
    where = f"labs/{lab.name}/rubric"
    memory, tables = (getattr(rubric, name, {}) for name in ("MEMORY", "TABLES"))
    named = [("MEMORY", name) for name in memory] + [("TABLES", name) for name in tables.values()]
    named += [("CHECKPOINTS", name) for name in getattr(rubric, "CHECKPOINTS", ())]
    return [f"{where}: {what} names {name!r}; the program has no such symbol"
            for what, name in named if name not in symbols] \
        + [f"{where}: STEPS names {name!r}; that is no VMX instruction"
           for name in getattr(rubric, "STEPS", {}) if name not in (*NAMES, "vmxon", "vmclear")]


def vmx_instructions(image, symbols):
    """Address → name of what may be a VMX instruction in the program's code.

    A byte in front of an opcode may be its prefix or another instruction's last byte: both
    are here, the likelier one, with all prefixes, first; those in a function of the same
    name before all others. Bytes that only look like an instruction do no harm: the CPU
    never gets there, or the emulator names another one.
    """
    code = image.read_bytes()[SECTOR:SECTOR + symbols["text_end"] - ARENA]
    found = [candidates(code, match.start(), NAMES[match.lastindex - 1])
             for match in VMX.finditer(code)]
    likely = {ARENA + places[0][0]: places[0][1] for places in found if places}
    # There are fewer breakpoints than a program may have such bytes: first the functions.
    likely = dict(sorted(likely.items(), key=lambda item: not 0 <= item[0] - symbols.get(
        item[1], item[0] + 1) < FUNCTION))
    others = {ARENA + start: name for places in found for start, name in places[1:]}
    return likely | {start: name for start, name in others.items() if start not in likely}


def candidates(code, opcode, name):
    """(start, name) of an instruction with and without what may be its prefixes."""
    places, start, seen = [(opcode, name)], opcode - 1, set()
    if start >= 0 and code[start] in REX:
        places.append((start, name))
        start -= 1
    while start >= 0 and code[start] in PREFIXES:
        seen.add(code[start])
        meant = name
        if name == "vmptrld":
            meant = "vmxon" if REP in seen else "vmclear" if OPERAND_SIZE in seen else name
        places.append((start, meant))
        start -= 1
    return places[::-1]
