"""The challenges of lab @NUMBER@: descriptors whose bases are known."""

import random
import struct
from typing import NamedTuple

COUNT = 16  # CHALLENGE_COUNT of ../testbed.h


class Challenge(NamedTuple):
    """What the student's code is confronted with, and what is known of it."""

    id: int
    content: bytes  # of the region
    descriptors: list
    bases: list


def descriptor(base, limit, access, flags):
    """Eight bytes as one number. SDM Vol. 3A, "Segment Descriptors"."""
    return (limit & 0xFFFF) | (base & 0xFFFFFF) << 16 | access << 40 | (limit >> 16) << 48 \
        | flags << 52 | (base >> 24) << 56


def draw(seed, region):  # pylint: disable=unused-argument  # no address is in this challenge
    """The challenge of that seed, for a region at physical address `region`."""
    rng = random.Random(f"@NAME@ {seed}")
    # No byte of a base is 0, and limit, access and flags are never all 0: a piece that is
    # forgotten shows, and so do bits that do not belong.
    bases = [int.from_bytes(bytes(rng.randrange(1, 256) for _ in range(4)), "little")
             for _ in range(COUNT)]
    descriptors = [descriptor(base, rng.randrange(1 << 20), rng.randrange(1, 256),
                              rng.randrange(1, 16)) for base in bases]
    number = rng.randrange(1, 1 << 32)
    return Challenge(number, pack(number, descriptors), descriptors, bases)


def pack(number, descriptors):
    """The bytes of struct challenge (../testbed.h)."""
    return struct.pack(f"<2I{COUNT}Q", number, 0, *descriptors)
