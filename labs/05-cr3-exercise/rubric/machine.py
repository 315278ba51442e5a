"""The guest's machine as the rubric knows it: 64 KB of memory, CR3, and what they map.

All addresses are the guest's. A mapping is a list: for each of the 16 pages of linear
addresses the number of its frame, or None.
"""

from itertools import compress
from typing import NamedTuple

from grading.structures import PAGE_SIZE, PS, P

PAGES = 16
BYTES = PAGES * PAGE_SIZE
ENTRIES = 1024
FRAME = 0xFFFFF000
IDENTITY = list(range(PAGES))

CODE_PAGES = range(1, 5)  # of all tasks; page 0 has the vectors
FIRST = 5  # from this page on: stack, data, directories, tables
LAST = PAGES - 1
CODE_FILL = 0xF4  # hlt
VECTOR = 13 * 4  # where #GP finds IP and CS of its handler
EVEN = bytes(byte & 0xFE for byte in range(256))
PRESENT = bytes(byte & P for byte in range(256))
IDLE = CODE_PAGES.stop * PAGE_SIZE - 16  # CS is 0: a hlt, until a task has a handler


class Layout(NamedTuple):
    """What the pages from FIRST on are for. Numbers of pages."""

    directories: list  # three; LAST is one of them
    tables: list  # the table of each
    stack: int  # its page of linear addresses; nobody's structure is ever behind it
    spare: list  # three frames that may be behind it
    pair: int  # this page and the next hold even bytes, and one entry: see misaligned
    misaligned: int  # the offset in `pair` of what would be a directory, were it aligned


class Machine:
    """Memory, CR3 and mapping, as the guest changes them."""

    def __init__(self, memory):
        self.memory = memory  # bytearray
        self.uncertain = set()  # physical addresses: a monitor may have pushed there, or not
        self.start()

    def start(self):
        """As a task finds it: one to one, with the monitor's own CR3."""
        self.mapping = list(IDENTITY)
        self.cr3 = None

    def physical(self, linear):
        """Where a linear address is; ValueError if nothing is mapped there."""
        frame = self.mapping[linear // PAGE_SIZE] if 0 <= linear < BYTES else None
        if frame is None:
            raise ValueError(f"nothing is mapped at {linear:#x}")
        return frame * PAGE_SIZE + linear % PAGE_SIZE

    def read(self, linear, length):
        """`length` bytes at a linear address."""
        return bytes(self.memory[self.physical(linear + n)] for n in range(length))

    def write(self, linear, content):
        """Changes memory at a linear address."""
        for number, byte in enumerate(content):
            self.memory[self.physical(linear + number)] = byte

    def certain(self, linear, length):
        """True if something is mapped there, and what it holds is known."""
        try:
            return not self.uncertain & {self.physical(linear + n) for n in range(length)}
        except ValueError:
            return False

    def doubt(self, linear):
        """What that byte holds is not known any more, if there is one."""
        if linear < BYTES and self.mapping[linear // PAGE_SIZE] is not None:
            self.uncertain.add(self.physical(linear))

    def alias(self, physical):
        """A linear address behind which a physical one is."""
        return self.mapping.index(physical // PAGE_SIZE) * PAGE_SIZE + physical % PAGE_SIZE

    def entry(self, page, number=0):
        """Entry `number` of a directory or table that fills that page."""
        start = page * PAGE_SIZE + 4 * number
        return int.from_bytes(self.memory[start:start + 4], "little")

    def refusal(self, cr3):
        """Why the monitor must refuse this value of CR3, in words; None if it must not."""
        if cr3 % PAGE_SIZE:
            return "is no page's address"
        if cr3 >= BYTES:
            return "is outside the guest's memory"
        first = self.entry(cr3 // PAGE_SIZE)
        if not first & P:
            return "is a directory whose entry 0 is not present"
        if first & PS:
            return "is a directory whose entry 0 is a large page"
        if first & FRAME >= BYTES:
            return "is a directory whose table is outside the guest's memory"
        for number, _ in self.present(cr3 // PAGE_SIZE)[1:]:
            return f"is a directory whose entry {number} is present"
        for number, entry in self.present(first // PAGE_SIZE):
            if number >= PAGES:
                return f"has a table whose entry {number} is present"
            if entry & FRAME >= BYTES:
                return f"has a table whose entry {number} is outside the guest's memory"
        return None

    def present(self, page):
        """(number, entry) of those that are present, in the directory or table in that page."""
        start = page * PAGE_SIZE
        lowest = self.memory[start:start + PAGE_SIZE:4]  # byte of each entry
        return [(number, self.entry(page, number))
                for number in compress(range(ENTRIES), lowest.translate(PRESENT))]

    def mapped_by(self, cr3):
        """The mapping that a CR3 stands for which is not refused."""
        table = self.entry(cr3 // PAGE_SIZE) // PAGE_SIZE
        entries = [self.entry(table, number) for number in range(PAGES)]
        return [entry // PAGE_SIZE if entry & P else None for entry in entries]

    def load_cr3(self, cr3):
        """The guest writes CR3, successfully."""
        if self.refusal(cr3):
            raise ValueError(f"{cr3:#x} {self.refusal(cr3)}")
        self.mapping = self.mapped_by(cr3)
        self.cr3 = cr3


def even(rng, length):
    """Random bytes whose bit 0 is clear: nowhere in them is an entry present."""
    return rng.randbytes(length).translate(EVEN)


def entry_for(rng, page, clear=0):
    """An entry that is present, with any other flags but `clear`."""
    return page * PAGE_SIZE | rng.randrange(PAGE_SIZE) & ~clear | P


def draw_layout(rng):
    """Which page is what."""
    pair = rng.randrange(FIRST, LAST - 1)
    pages = [page for page in range(FIRST, LAST) if page not in (pair, pair + 1)]
    rng.shuffle(pages)
    directories = [LAST, *pages[:2]]
    rng.shuffle(directories)
    step = rng.choice([1 << rng.randrange(12), rng.randrange(1, PAGE_SIZE - 4)])
    return Layout(directories, pages[2:5], pages[5], pages[5:], pair, step)


def draw_mapping(rng, layout, hole=None):
    """Code and vectors where they are; all else permuted, with one or two pages not present.

    Behind the stack and the last page are spare frames. `hole`: a page not to be present.
    """
    mapping = list(IDENTITY)
    spare = rng.sample(layout.spare, 3)
    mapping[layout.stack], mapping[LAST] = spare[:2]
    slots = [page for page in range(FIRST, LAST) if page != layout.stack]
    rng.shuffle(slots)
    if hole:
        slots.remove(hole)
        slots.append(hole)
    frames = [*layout.directories, *layout.tables, spare[2], layout.pair, layout.pair + 1]
    holes = slots[-1:] + rng.sample(slots[-3:-1], rng.randrange(2))
    for page, frame in zip(slots, frames):
        mapping[page] = None if page in holes else frame
    return mapping


def hole_below_stack(layout):
    """A page that may be not present and has one above it that pushes may change."""
    return LAST - 1 if layout.stack != LAST - 1 else LAST - 2


def draw_machine(rng):
    """Memory with three directories and tables, and nothing in it for code yet."""
    layout = draw_layout(rng)
    memory = bytearray(even(rng, BYTES))
    code = slice(CODE_PAGES.start * PAGE_SIZE, CODE_PAGES.stop * PAGE_SIZE)
    memory[code] = bytes([CODE_FILL]) * len(memory[code])

    def put(where, value):
        memory[where:where + 4] = value.to_bytes(4, "little")

    for number, (directory, table) in enumerate(zip(layout.directories, layout.tables)):
        put(directory * PAGE_SIZE, entry_for(rng, table, PS))
        mapping = draw_mapping(rng, layout, hole_below_stack(layout) if number == 0 else None)
        for page, frame in enumerate(mapping):
            if frame is not None:
                put(table * PAGE_SIZE + 4 * page, entry_for(rng, frame))
    put(VECTOR, IDLE)
    put(layout.pair * PAGE_SIZE + layout.misaligned, entry_for(rng, layout.tables[0], PS))
    return Machine(memory), layout
