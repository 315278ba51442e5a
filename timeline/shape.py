"""What a saved run must look like before anything of it is believed: whoever saved it, the page,
the terminal and the comparison take these values as they are.

A check is a function that says of a value whether it is right. Python alone: students have no
jsonschema.
"""

import re

MOST = 1 << 53  # of a number: scripts know whole numbers up to here
HEX = re.compile(r"[0-9a-f]{0,32}")
KINDS = ("trap", "exit", "entry", "return", "vmx", "mode")


def text(value):
    """A text."""
    return isinstance(value, str)


def hexadecimal(value):
    """Digits of a number, or bytes, or nothing."""
    return isinstance(value, str) and HEX.fullmatch(value) is not None


def truth(value):
    """True or False."""
    return isinstance(value, bool)


def whole(least=0, most=MOST):
    """A whole number, `most` excluded."""
    return lambda value: type(value) is int and least <= value < most


def maybe(check):
    """That, or nothing."""
    return lambda value: value is None or check(value)


def one_of(*values):
    """One of these texts."""
    return lambda value: isinstance(value, str) and value in values


def many(check):
    """A list of such values."""
    return lambda value: isinstance(value, list) and all(map(check, value))


def row(*checks):
    """A list of so many values, each as its check wants it."""
    return lambda value: isinstance(value, list) and len(value) == len(checks) \
        and all(check(each) for check, each in zip(checks, value))


def table(required, optional=None):
    """An object: all of `required`, what there is of `optional`, and nothing else."""
    checks = required | (optional or {})
    return lambda value: isinstance(value, dict) and required.keys() <= value.keys() \
        and all(name in checks and checks[name](each) for name, each in value.items())


LANE = whole(0, 3)
LISTS = ("registers", "code", "paths", "functions", "files")  # that others count in


def fits(values):
    """True if `values` are what record.of() or record.outline() makes."""
    if not isinstance(values, dict) or not all(isinstance(values.get(name), list) for name in LISTS):
        return False
    registers, code, paths, functions, files = (len(values[name]) for name in LISTS)
    number, state = whole(0, code), row(*[hexadecimal] * registers)
    event = table(
        {"t": whole(), "k": one_of(*KINDS), "n": text, "a": LANE, "b": LANE},
        {"f": many(row(text, text)), "r": state, "s": state, "c": number, "o": whole(),
         "p": whole(0, paths), "v": row(text, maybe(hexadecimal), one_of("read", "write")),
         "w": whole(1, 2), "y": text})
    place = row(hexadecimal, hexadecimal, text, text, whole(0, functions), whole(-1, files), whole())
    return table({
        "version": whole(), "lab": text, "emulator": text, "cpu": maybe(text),
        "seed": maybe(whole(0, 1 << 64)), "base": text, "counted": truth, "exact_log": truth,
        "lanes": row(text, text, text), "registers": many(text), "wide": truth, "ended": text,
        "end": maybe(whole()), "events": many(event), "code": many(place),
        "paths": many(many(number)), "functions": many(text),
        "files": many(table({"name": text, "mine": truth, "text": text})), "log": text})(values)
