"""The list of who should have handed in: whose each hand-in is, and who handed in nothing.

    FILE -> read() -> [Entry];  hand-ins, [Entry] -> assign() -> hand-ins named as on the list

FILE is a CSV as a learning platform exports it, or a plain list, one name a line. Of what Canvas
and Moodle put into the names of uploads the student's name and number are looked up, too.
"""

import collections
import functools
import re
import sys
import unicodedata
from typing import NamedTuple

from grading.classroom import csv_file
from grading.classroom.folder import readable, stem
from grading.errors import UsageError

# Headers of columns that say who somebody is: our own tables', Canvas', Gradescope's, Moodle's.
KNOWN = ("student", "student name", "name", "full name", "username", "user name", "login", "login id",
         "sis login id", "netid", "student id", "sid", "sis user id", "id number", "id", "email",
         "email address")
NUMBERED = "identifier"  # Moodle's "Participant 123": it names nobody, if anything else does
FIRST, LAST = "first name", ("last name", "surname")
MAXIMA = "points possible"  # of Canvas' table: such a row has no student, but the maxima
NOBODY = (MAXIMA, "student, test")  # nor has that of a pretend student
LATE, OTHER = "handed in late", "not on the list of students"
# Canvas' and Moodle's. The number is the first that can be: what is behind it, a student chooses.
UPLOAD = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<number>\d+)_(?:\d+_.+|assignsubmission_.*)")


class Entry(NamedTuple):
    """Somebody on the list."""

    name: str  # in all tables
    known_as: tuple  # all that the list says of who this is, the name among it
    line: int = 0  # of the list, the last that this one stands on


def read(path):
    """The Entries of a list; UsageError if it is none."""
    rows = csv_file.read(path, "a list of students")
    columns = [cell.casefold() for cell in rows[0][1]] if rows else []
    has_header = any(cell in (*KNOWN, NUMBERED, FIRST) for cell in columns)
    if not has_header and any(any(cells[1:]) for _, cells in rows):
        raise UsageError(f"{path}: its first line says not which column has the names; write "
                         "student above that one, or put a name with a comma in it into quotes")
    known = [(line, said(cells, columns)) for line, cells in rows[1:]] if has_header else rows
    entries = [Entry(each[0], tuple(each), line) for line, each in known if each and each[0]]
    if not entries:
        raise UsageError(f"{path}: no student is on this list")
    return [each._replace(known_as=with_variants((each.name, *each.known_as)))
            for each in told_apart(entries, path)]


def said(row, columns):
    """What a row says of who somebody is, the name first; nothing if it is no student's."""
    cells = [(column, cell) for column, cell in zip(columns, row) if cell]
    if any(cell.casefold() in NOBODY for _, cell in cells) \
            or any(column == "role" and cell.casefold() != "student" for column, cell in cells):
        return []
    found = [cell for column, cell in cells if column in KNOWN]
    first = [cell for column, cell in cells if column == FIRST]
    last = [cell for column, cell in cells if column in LAST]
    if first or last:
        found += [" ".join(first + last), ", ".join(last + first)]
    numbered = [cell for column, cell in cells if column == NUMBERED]
    return [*found, *numbered, *(number for cell in numbered for number in re.findall(r"\d+$", cell)),
            *(cell for cell in row[:1] if cell and columns[0] not in (*KNOWN, NUMBERED, FIRST, *LAST))]


def with_variants(known):
    """The same, with names that begin at another word, and addresses without their domain."""
    turned = [" ".join(words[number:] + words[:number]) for words in map(str.split, known)
              for number in range(1, len(words))]  # of which letters() alone count
    return (*known, *turned, *(cell.partition("@")[0] for cell in known if "@" in cell[1:]))


def told_apart(entries, path):
    """The Entries with names of which none is there twice; UsageError if they cannot be."""
    names = [whole(each.name) for each in entries]
    named = [each if names.count(whole(each.name)) == 1 or not each.known_as[1:]
             else each._replace(name=f"{each.name} ({each.known_as[1]})") for each in entries]
    names = [whole(each.name) for each in named]
    for each in named:
        if names.count(whole(each.name)) > 1:
            raise UsageError(f"{path}: {each.name} is on the list more than once; strike out all "
                             "but one, or tell them apart")
    return named


@functools.cache
def whole(text):
    """A name for comparison: small and capital letters, and the width of gaps, do not count."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


@functools.cache
def letters(text):
    """Its letters and digits alone, as Canvas writes names."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def owners(name, entries):
    """The Entries that an upload's name may mean: by the whole name; else by its letters, or by the
    number and the name that a platform has put into it. If these are different people's, all."""
    found = [each for each in entries if whole(name) in map(whole, each.known_as)]
    if found:
        return found
    put_in = UPLOAD.fullmatch(name)
    numbered = [each for each in entries if put_in and put_in["number"] in each.known_as]
    of_name = letters(put_in["name"] if put_in else name)
    named = [each for each in entries if of_name and of_name in map(letters, each.known_as)]
    both = [each for each in numbered if each in named]
    return both or numbered + named


def assign(hand_ins, entries, path):
    """The hand-ins, named as on the list where they are on it; and the names of those who handed
    in nothing. What matched nothing is told of. UsageError if one may be two students', or two are
    one student's, or if none is on the list: then it is another list, or another column of it."""
    whose = []
    for each in hand_ins:
        found = owners(readable(stem(each.path)), entries)
        if found[1:]:
            raise UsageError(f"{each.name} may be that of {found[0].name} or of {found[1].name} by "
                             f"{path}; rename it")
        whose.append(found[0].name if found else None)
    if not any(whose):
        raise UsageError(f"{path}: no submission is called as anybody on this list, such as "
                         f"{entries[0].name}; is it the right list, and column?")
    require_one_each(hand_ins, whose)
    if others := [each.name for each, owner in zip(hand_ins, whose) if not owner]:
        print(f"not on the list, and graded: {'; '.join(others)}", file=sys.stderr)
    named = [each._replace(name=owner or each.name) for each, owner in zip(hand_ins, whose)]
    return named, [each.name for each in entries if each.name not in whose]


def noted(hand_ins, entries):
    """The hand-ins, named as on the list, if there is one: who is not on it, or late by Canvas' name,
    has a note that says so. The late ones are told of."""
    listed = {entry.name for entry in entries}
    late = {each.path for each in hand_ins if is_late(each)}
    if late:
        print(f"late, by their names: {'; '.join(each.name for each in hand_ins if each.path in late)}",
              file=sys.stderr)
    return [each._replace(note="; ".join(filter(None, (
        each.note, LATE * (each.path in late), OTHER * bool(listed and each.name not in listed)))))
        for each in hand_ins]


def other_names(entries):
    """All that one alone is called on the list, as letters() -> the name."""
    called = [(known, entry.name) for entry in entries for known in set(map(letters, entry.known_as))]
    counts = collections.Counter(known for known, _ in called)
    return {known: name for known, name in called if known and counts[known] == 1}


def require_one_each(hand_ins, whose):
    """UsageError if two hand-ins are one student's: which of them counts?"""
    for each, owner in zip(hand_ins, whose):
        if owner and whose.count(owner) > 1:
            both = [readable(other.path.name) for other, name in zip(hand_ins, whose)
                    if name == owner]
            raise UsageError(f"{both[0]} and {both[1]} are both {owner}'s; take the older one away (of "
                             "Canvas' names the higher number is newer), or put what belongs together "
                             f"into a folder that is called {owner!r}")


def is_late(hand_in):
    """True if Canvas has written into its name that it is, or into that of a file in its folder."""
    inside = hand_in.path.iterdir() if hand_in.path.is_dir() else ()
    found = [UPLOAD.fullmatch(readable(stem(path))) for path in (hand_in.path, *inside)]
    return any(each and each["late"] for each in found)
