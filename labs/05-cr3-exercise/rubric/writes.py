"""Draws the tasks that write CR3: what they write, what they look at, how they end."""

from grading.structures import PS, P
from grading.witness import REGISTERS

from .refused import not_present, outside, refusals
from .challenge import GENERAL
from .machine import BYTES, FIRST, LAST, PAGE_SIZE, PAGES, entry_for, even


def write_tasks(writer):
    """All of them, in order: what may cost a wrong monitor its life comes late."""
    walk(writer)
    change(writer)
    cases = refusals(writer)
    refuse(writer, cases[::2])
    refuse(writer, cases[1::2])
    wrap(writer)
    for stack in outside(writer):
        depart(writer, stack, None)
    for stack in not_present(writer):
        depart(writer, stack, writer.layout.directories[0])
    without_vector(writer)
    walk(writer, rounds=0, but=writer.layout.directories[2])


def look(writer, guest, addresses):
    """Loads what is at these linear addresses, each into another register."""
    for register, linear in zip(writer.rng.sample(GENERAL, len(addresses)), addresses):
        if not guest.machine.certain(linear, 4):
            continue  # the guest has nothing there now
        guest.load_memory(register, linear, writer.rng.choice(guest.reaching(linear)))


def visible(writer, *mappings):
    """A linear address, beyond the code, at which all these mappings have something else."""
    rng = writer.rng
    pages = [page for page in range(FIRST, PAGES)
             if all(mapping[page] is not None for mapping in mappings)]
    changing = [page for page in pages if len({mapping[page] for mapping in mappings}) > 1]
    page = rng.choice(changing or pages)
    both = page + 1 in pages and rng.randrange(4) == 0  # across the end of the page
    linear = page * PAGE_SIZE + (PAGE_SIZE - rng.randrange(1, 4) if both
                                 else rng.randrange(PAGE_SIZE - 3))
    if not writer.machine.certain(linear, 4):
        return visible(writer, *mappings)
    return linear


def show(writer, guest):
    """A read of CR0 or of CR3: the guest's value."""
    take = writer.rng.choice((guest.mov_from_cr0, guest.mov_from_cr3))
    take(writer.rng.choice(GENERAL))


def go_to(writer, guest, directory, register):
    """A write of CR3 that is accepted, with a look at the same addresses before and after."""
    value = directory * PAGE_SIZE
    machine = guest.machine
    addresses = [visible(writer, machine.mapping, machine.mapped_by(value)) for _ in range(3)]
    look(writer, guest, addresses)
    guest.write_cr3(register, value)
    look(writer, guest, addresses)


def other(writer, guest, but=None):
    """A directory that is not the current one."""
    current = None if guest.machine.cr3 is None else guest.machine.cr3 // PAGE_SIZE
    return writer.rng.choice([page for page in writer.layout.directories
                              if page not in (current, but)])


def walk(writer, rounds=1, but=None):
    """From directory to directory, from every register; `but`: one that is not used."""
    guest = writer.new()
    registers = list(REGISTERS) * rounds + writer.rng.choices(REGISTERS, k=3)
    writer.rng.shuffle(registers)
    for number, register in enumerate(registers):
        force = number == 1 and but is None and guest.machine.cr3 != LAST * PAGE_SIZE
        go_to(writer, guest, LAST if force else other(writer, guest, but), register)
        if writer.rng.randrange(2):
            show(writer, guest)
            look(writer, guest, [visible(writer, guest.machine.mapping)])
    writer.load_esp(guest)
    writer.done(guest, True)


def change(writer):
    """A table, then a directory, that the guest changes behind the monitor's back."""
    rng, layout = writer.rng, writer.layout
    guest = writer.new()
    which = rng.randrange(1, 3)
    directory, table = layout.directories[which], layout.tables[which]
    value = directory * PAGE_SIZE
    go_to(writer, guest, directory, rng.choice(REGISTERS))
    mapping = guest.machine.mapping
    harmless = (layout.pair, layout.pair + 1, *layout.spare)
    page = rng.choice([page for page in range(FIRST, LAST)
                       if page != layout.stack and mapping[page] in harmless])
    frame = mapping[page]
    address = page * PAGE_SIZE + rng.randrange(PAGE_SIZE - 3)

    def changed(entry, register, number=page, where=table):
        """The guest changes it, sees no difference, writes CR3; `register` None: in vain."""
        look(writer, guest, [address])
        guest.store_entry(where, number, entry)
        look(writer, guest, [address])
        show(writer, guest)
        look(writer, guest, [address])
        if register:
            guest.write_cr3(register, value)
        else:
            attempt(writer, guest, rng.choice(GENERAL), value)
        look(writer, guest, [address])

    new = rng.choice([each for each in range(FIRST, PAGES) if each != frame])
    changed(entry_for(rng, new), rng.choice(REGISTERS))
    # Outside: the challenge itself is there, and the guest must never see it.
    changed((writer.region & ~0xFFF) | P | 6, None)
    changed(entry_for(rng, frame), rng.choice(REGISTERS))
    changed(entry_for(rng, layout.tables[3 - which], PS), rng.choice(REGISTERS), 0, directory)
    guest.store_entry(directory, 0, entry_for(rng, table, PS))
    guest.write_cr3(rng.choice(GENERAL), value)
    look(writer, guest, [address])
    writer.load_esp(guest)
    writer.done(guest, True)


def refuse(writer, cases):
    """A task that tries each of them, and sees its own #GP."""
    rng, layout = writer.rng, writer.layout
    guest = writer.new()
    for number, case in enumerate(cases):
        if rng.randrange(3) == 0 or not guest.traps:
            go_to(writer, guest, other(writer, guest), rng.choice(REGISTERS))
        which = rng.choice([n for n in range(3) if layout.directories[n] * PAGE_SIZE
                            != guest.machine.cr3])
        directory, table = layout.directories[which], layout.tables[which]
        value, changes = case(directory, table)
        seen = visible(writer, guest.machine.mapping, guest.machine.mapped_by(
            directory * PAGE_SIZE))
        undo = [(page, each, guest.machine.entry(page, each)) for page, each, _ in changes]
        for change_ in changes:
            guest.store_entry(*change_)
        attempt(writer, guest, GENERAL[number % len(GENERAL)], value)
        look(writer, guest, [seen])
        if rng.randrange(2):
            show(writer, guest)
        for change_ in undo:
            guest.store_entry(*change_)
    attempt(writer, guest, "esp", None)
    writer.load_esp(guest)
    writer.done(guest, True)


def attempt(writer, guest, register, value, pops=(4, 2)):
    """One refused write; then the handler takes what was pushed off the stack.

    From ESP, the value is one whose lower half is a stack pointer.
    """
    if register == "esp":
        value = guest.start_values["sp"] | writer.rng.randrange(1, 0x10000) << 16
    elif pops == (4, 2):
        writer.load_esp(guest)
    guest.attempt(register, value, writer.code_segment(guest.start))
    targets = writer.rng.sample(GENERAL, len(pops))
    words = {(4, 2): ("IP and CS", "FLAGS")}.get(pops, ("IP", "CS", "FLAGS"))
    for target, size, word in zip(targets, pops, words):
        if not isinstance(guest.registers[target], int):
            guest.load(target, writer.value())
        guest.pop(target, size, f"{word}, popped from the stack of the handler")


def wrap(writer):
    """SP wraps at 64 KB: SS is 0, and the last page is a spare one."""
    guest = writer.new()
    go_to(writer, guest, other(writer, guest), writer.rng.choice(REGISTERS))
    guest.set_segment("ss", 0, writer.value())
    for sp in writer.rng.sample((0, 2, 4, 6), 4):
        guest.load("esp", writer.rng.randrange(1, 0x10000) << 16 | sp)
        attempt(writer, guest, writer.rng.choice(GENERAL), writer.value() | 0x10000, (2, 2, 2))
    show(writer, guest)
    writer.done(guest, True)


def depart(writer, stack, directory):
    """Ends at a refused write, with nowhere to push; `directory`: goes to it first."""
    guest = writer.new(stack)
    register = writer.rng.choice(GENERAL)
    distance = 6 + 3 + 1
    if directory is not None:
        guest.write_cr3(writer.rng.choice(GENERAL), directory * PAGE_SIZE)
    guest.expect_gp(writer.code_segment(guest.start), distance)
    guest.last_attempt(register, BYTES + writer.value() % (1 << 31))
    guest.emit(0xF4)  # a monitor that goes on in the handler ends here
    writer.done(guest, True, "departure")


def without_vector(writer):
    """Ends at a refused write, with page 0 not present."""
    rng, which = writer.rng, 2
    guest = writer.new()
    guest.emit(0xEB, 1, 0xF4)  # jmp over a hlt, where a monitor that goes on ends
    guest.expect_gp(writer.code_segment(guest.start), -10)
    guest.store_entry(writer.layout.tables[which], 0, int.from_bytes(even(rng, 4), "little"))
    guest.write_cr3(rng.choice(GENERAL), writer.layout.directories[which] * PAGE_SIZE, False)
    guest.last_attempt(rng.choice(GENERAL), BYTES + writer.value() % (1 << 31))
    writer.done(guest, True, "departure")
