"""What can go wrong with bytes, numbers and values: how the fuzzing tests damage things.

Every function takes a random.Random first and does nothing but by it.
"""

import re

NUMBERS = (0, 1, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 63,
           (1 << 64) - 1)
DIGITS = re.compile(rb"[0-9a-f]+")
ODD = (b"\0", b"\xff", b"\n", b"\r\n", b"\x1b[2J", b"-1", b"0x", b"ffffffffffffffffff", b" ",
       "\u0661\u202e\ud7ff".encode(), b"\n0x10 16\n", b"(0) Caught mode switch breakpoint ",
       b"A PANIC has occurred.", b"Next at t=1\n", b"v=0d e=0000 i=0 ", b"@ a 0x1\n", b"%s{}\\")


def span(chance, data):
    """(start, end) of a piece of up to 4096 bytes; short ones are likelier."""
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.randrange(1 << chance.randrange(13)))


def lines(chance, data):
    """(start, end) of up to five whole lines."""
    start = data.rfind(b"\n", 0, chance.randrange(len(data) + 1)) + 1
    end = start
    for _ in range(chance.randrange(1, 6)):
        end = data.find(b"\n", end) + 1 or len(data)
    return start, max(start, end)


def cut(chance, data):
    """It breaks off, or has lost its beginning."""
    at = chance.randrange(len(data) + 1)
    return data[:at] if chance.randrange(4) else data[at:]


def drop(chance, data):
    """A piece is missing."""
    start, end = chance.choice((span, lines))(chance, data)
    return data[:start] + data[end:]


def repeat(chance, data):
    """A piece is there again, somewhere."""
    start, end = lines(chance, data)
    at = chance.choice((end, lines(chance, data)[0]))
    times = chance.choice((1, 1, 1, 2, 50)) if end - start < 10_000 else 1
    return data[:at] + data[start:end] * times + data[at:]


def swap(chance, data):
    """Two pieces have changed places."""
    (a, b), (c, d) = sorted((lines(chance, data), lines(chance, data)))
    return data if b > c else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def flip(chance, data):
    """Single bits are wrong."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64)) if data else 0):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def renumber(chance, data):
    """A number is another one: what a parser takes, and may not expect."""
    at = chance.randrange(len(data) + 1)
    found = DIGITS.search(data, at)
    if not found:
        return data
    width = found.end() - found.start()
    new = chance.choice((b"%x" % chance.choice(NUMBERS), b"%0*x" % (width, chance.getrandbits(
        4 * min(width, 16))), b"0" * width, b"f" * width, b""))
    return data[:found.start()] + new + data[found.end():]


def insert(chance, data):
    """There is something that does not belong there."""
    at = chance.randrange(len(data) + 1)
    new = chance.choice(ODD) if chance.randrange(3) else chance.randbytes(chance.randrange(200))
    return data[:at] + new + data[at:]


def replace(chance, data):
    """All of it is something else."""
    return chance.choice((b"", b"\n", chance.randbytes(chance.randrange(3000)),
                          chance.choice(ODD) * chance.randrange(300)))


HARMS = (cut, drop, drop, repeat, swap, flip, flip, renumber, renumber, renumber, renumber,
         insert, insert)


def damaged(chance, data, most=4):
    """The bytes, damaged up to `most` times; seldom nothing is left of them."""
    if not chance.randrange(40):
        return replace(chance, data)
    for _ in range(chance.randrange(1, most + 1)):
        data = chance.choice(HARMS)(chance, data)
    return data


def number(chance, old=0, bits=32):
    """A number that may be near another one, or anything of that many bits."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.choice(NUMBERS) & (1 << bits) - 1
    if kind == 1:
        return chance.getrandbits(bits)
    return (old or 0) ^ 1 << chance.randrange(bits) if kind == 2 else \
        (old or 0) + chance.choice((-4, -1, 1, 4)) & (1 << bits) - 1


def sequence(chance, values, change):
    """A list damaged once: an element is gone, doubled, moved or change()d, or it breaks off."""
    values = list(values)
    if not values:
        return values
    at, to = chance.randrange(len(values)), chance.randrange(len(values))
    kind = chance.randrange(7)
    if kind == 0:
        del values[at:at + chance.choice((1, 1, 3, 50))]
    elif kind == 1:
        values.insert(to, values[at])
    elif kind == 2:
        values[at], values[to] = values[to], values[at]
    elif kind == 3:
        del values[at:]
    else:
        for _ in range(chance.choice((1, 1, 1, 5))):
            at = chance.randrange(len(values))
            values[at] = change(chance, values[at])
    return values


def any_json(chance, depth=0):
    """A value that JSON can hold."""
    kind = chance.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [any_json(chance, depth + 1) for _ in range(chance.randrange(3))]
    if kind == 7:
        return {chance.choice(("lab", "score", "x", "")): any_json(chance, depth + 1)}
    return (None, True, chance.choice(NUMBERS), -1.5, chance.choice(("", "PASS", "01-1", "<b>")),
            "\u202e\ud800\0\n")[kind]


def harm_json(chance, values):
    """Changes one place in a JSON value, however deep: another value there, or none."""
    if isinstance(values, (dict, list)) and values and chance.randrange(6):
        keys = list(values) if isinstance(values, dict) else range(len(values))
        key = chance.choice(keys)
        if chance.randrange(5):
            values[key] = harm_json(chance, values[key])
        else:
            del values[key]
        return values
    return any_json(chance)
