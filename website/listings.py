"""A piece of a source, found by the name of what it is: a function, a label, a structure."""

import re

from grading.errors import UsageError

LANGUAGES = {".c": "c", ".h": "c", ".S": "gas", ".py": "python", ".mk": "make", ".json": "json",
             ".toml": "toml", ".js": "javascript", ".css": "css"}


def language(name):
    """What Pygments calls the language of a file."""
    suffix = name[name.rfind("."):] if "." in name else ""
    return "make" if name.startswith("Makefile") else LANGUAGES.get(suffix, "text")


def with_comment(lines, start):
    """The first line of the comment that stands right above line `start`, if one does."""
    if start and lines[start - 1].rstrip().endswith("*/"):
        above = start - 1
        while not lines[above].lstrip().startswith("/*"):
            above -= 1
        return above or start  # the file's own head is nobody's
    return start


def end_in_c(lines, start):
    """The last line of what begins at `start`, in C: one line, or up to the closing brace."""
    if lines[start].startswith("#define"):
        while lines[start].endswith("\\"):
            start += 1
        return start
    for number in range(start, len(lines)):
        if lines[number].startswith("}") or number == start and lines[number].endswith(";"):
            return number
    return len(lines) - 1


def end_in_assembly(lines, start):
    """Up to the next label, comment or directive that stands at a routine's beginning."""
    for number in range(start + 1, len(lines)):
        stop = re.match(r"/\*|[a-zA-Z]\w*:|\s+\.(globl|section|text|bss)\b|#", lines[number])
        if stop and not re.match(r"\s+\.globl\s+while_|while_\w+:", lines[number]):
            while re.match(r"\s*$|\s+\.code", lines[number - 1]):  # of what comes next
                number -= 1
            return number - 1
    return len(lines) - 1


def begins(name, assembly):
    """A pattern for the line on which `name` is defined."""
    name = re.escape(name)
    if assembly:
        return re.compile(rf"{name}:")
    return re.compile(rf"#define\s+{name}\b|(typedef |static )?(struct|enum)\s+{name}\s*\{{|"
                      rf"(?!.*;\s*$)[a-zA-Z_][\w\s*(),]*?\b{name}\s*(\(|\[\]\s*=)")


def piece(text, name, where):
    """The lines that define `name`, with the comment above; UsageError if nothing does."""
    lines = text.split("\n")
    assembly = where.endswith(".S")
    pattern = begins(name, assembly)
    for number, line in enumerate(lines):
        if pattern.match(line):
            end = (end_in_assembly if assembly else end_in_c)(lines, number)
            start = number
            while start and re.match(r"\s+\.(globl|section|code)", lines[start - 1]):
                start -= 1
            return "\n".join(lines[with_comment(lines, start):end + 1]).strip("\n")
    raise UsageError(f"{where} defines no {name}; a page wants to show it")
