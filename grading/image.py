"""The disk image: its symbols, and the challenge that is written into it."""

import re
from pathlib import Path

from grading.errors import UsageError

ARENA = 0x10000  # where the loader puts the program (common/start.S)
SECTOR = 512  # the loader's; the program follows it in the image
IMAGE_BYTES = 16 * 63 * SECTOR  # of a disk image: one cylinder (common/lab.mk)
SYMBOL = re.compile(r"^([0-9a-f]{8,16}) [A-Z] (\S+)$", re.MULTILINE)  # global ones


def read_symbols(path):
    """Name → address of the global symbols, from the output of nm beside an image.

    A name that is there twice counts at its first place: a linker never leaves two, but a
    hostile name may have a line break in it. See forged().
    """
    symbols = {}
    for address, name in SYMBOL.findall(Path(path).read_text(errors="replace")):
        symbols.setdefault(name, int(address, 16))
    return symbols


def forged(path):
    """A name that is there twice, or that no compiler makes; None if all is well."""
    seen = set()
    for line in Path(path).read_text(errors="replace").split("\n")[:-1]:
        fields = line.split(" ")
        if len(fields) != 3 or fields[1].isupper() and fields[2] in seen \
                or not fields[2].isascii():
            return line[:40]
        if fields[1].isupper():
            seen.add(fields[2])
    return None


def offset_in_image(address):
    """Where the byte of physical address `address` lies in the image."""
    return SECTOR + address - ARENA


def challenge_for(lab, symbols, seed):
    """The address of a lab's challenge region, and its challenge of that seed.

    UsageError if the rubric is wrong: no student can change what is given. The region ends
    where its section does (ldscript).
    """
    rubric = lab.rubric()
    if rubric.REGION not in symbols:
        raise UsageError(f"labs/{lab.name}/rubric: REGION names {rubric.REGION!r}; the program has "
                         "no such symbol")
    region = symbols[rubric.REGION]
    challenge = rubric.draw(seed, region)
    room = symbols.get("challenge_end", region) - region
    if 0 < room < len(challenge.content):
        raise UsageError(f"labs/{lab.name}/rubric: the challenge of seed {seed} has "
                         f"{len(challenge.content)} bytes; at {rubric.REGION!r} there is room for {room}")
    return region, challenge


def with_challenge(image, region, content):
    """The image's bytes with `content` at physical address `region`."""
    data = bytearray(Path(image).read_bytes())
    start = offset_in_image(region)
    if not SECTOR <= start <= len(data) - len(content):
        raise ValueError(f"challenge region {region:#x} is outside the image")
    data[start:start + len(content)] = content
    return bytes(data)


def needs_loader(program):
    """True of a flat binary of the boot contract (bytes): its first word says so."""
    return program[:2] == b"\xcd\xab"


def disk_image(loader, program):
    """A bootable image of any program of the boot contract: loader, program, zeros.

    `loader` and `program` are bytes; UsageError if it is no such program.
    """
    if needs_loader(program):
        data = loader + program
    elif program[510:512] == b"\x55\xaa":
        data = program  # has a boot sector of its own
    else:
        raise UsageError("the image starts neither with the word 0xABCD nor with a boot sector; "
                         "name a .b or .img file that make built")
    return data + bytes(-len(data) % IMAGE_BYTES)
