"""What a monitor must refuse: values of CR3, and stacks that are not there."""

from grading.structures import PS

from .challenge import STRUCT
from .machine import BYTES, ENTRIES, LAST, PAGE_SIZE, PAGES, entry_for, hole_below_stack


def refusals(writer):
    """Values of CR3 to refuse: functions of a directory and its table (their pages).

    Each returns the value, and the entries (page, number, value) that must be changed first.
    """
    rng, layout = writer.rng, writer.layout
    number = lambda start: rng.randrange(start + 1, ENTRIES - 1)
    bit = lambda: 1 << rng.randrange(16, 32)
    inside = lambda: entry_for(rng, rng.randrange(PAGES), PS)
    far = lambda: rng.randrange(0x400, 0x100000) * PAGE_SIZE  # where nothing is mapped

    def directory_is(entry):
        return lambda d, t: (d * PAGE_SIZE, [(d, 0, entry(t * PAGE_SIZE))])

    def has(which, entry, value):
        return lambda d, t: (d * PAGE_SIZE, [((d, t)[which], entry, value)])

    low = rng.sample(range(12), 3)
    cases = [lambda d, t, each=each: (d * PAGE_SIZE | 1 << each, []) for each in low]
    cases += [lambda d, t, each=each: (each, []) for each in
              (layout.pair * PAGE_SIZE + layout.misaligned, BYTES, 0xFFFFF000, far())]
    cases += [
        lambda d, t: (d * PAGE_SIZE | bit(), []),
        directory_is(lambda table: table | 6),
        directory_is(lambda table: table | PS | 7),
        directory_is(lambda table: BYTES | 7),
        directory_is(lambda table: table | bit() | 7),
        directory_is(lambda table: far() | 7),
        *(has(0, each, inside()) for each in (1, number(1), ENTRIES - 1)),
        *(has(1, each, inside()) for each in (PAGES, number(PAGES), ENTRIES - 1)),
        has(1, rng.randrange(LAST), BYTES | 7),
        has(1, LAST, inside() | bit()),
        has(1, rng.randrange(PAGES), far() | 7),
    ]
    rng.shuffle(cases)
    return cases


def outside(writer):
    """(SS, SP) of stacks that are not in the guest's memory, one word of it at least."""
    rng = writer.rng
    visible_to_us = writer.region + rng.randrange(STRUCT + 8, PAGE_SIZE)
    stack = writer.layout.stack * PAGE_SIZE // 16
    stacks = []
    for linear in (visible_to_us, BYTES + 1, BYTES + 2 + rng.randrange(4)):
        ss = rng.randrange((linear - 0xFFFF) // 16 + 1, linear // 16)
        stacks.append((ss, linear - ss * 16))
    stacks.append((rng.randrange(0xF000, 0x10000), rng.randrange(8, 0x10000)))
    stacks.append((stack, rng.choice((0, 2, 4))))  # from there on SP wraps
    return stacks


def not_present(writer):
    """(SS, SP) of stacks where directory 0 has nothing, for one word of it at least."""
    rng = writer.rng
    hole = hole_below_stack(writer.layout) * PAGE_SIZE
    tops = [hole + rng.randrange(8, PAGE_SIZE), hole + PAGE_SIZE + 1,
            hole + PAGE_SIZE + rng.choice((2, 4)), hole + 1]
    stacks = []
    for top in tops:
        ss = rng.randrange(max(0, top - 0xFFFF) // 16 + 1, top // 16)
        stacks.append((ss, top - ss * 16))
    return stacks
