"""A run as plain values: what --save writes, --compare reads, and the page shows.

Texts of a program (its log, its labels) are hostile: what is invisible and acts is made
visible here, and what could end a script is escaped where the page is made.
"""

import json
import re
from dataclasses import replace

from grading import lab, log
from grading.errors import UsageError
from grading.witness import GENERAL

from timeline import alike, shape
from timeline.alike import GUEST3, Marker

VERSION = 2
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069"
                       "\ufeff\ud800-\udfff]")
SHOWN = (*GENERAL, "ip", "cs", "flags", "cr0", "cr3")
NARROW = (*SHOWN[:8], *SHOWN[16:])  # of a 32-bit program
PATHS = 4000  # different ways that are kept
EVENTS = 50_000  # that are kept
MOST = 1 << 28  # bytes of a saved run that are read; one with so many events has less


class Table:
    """Values, each once, by number."""

    def __init__(self):
        self.values, self.numbers = [], {}

    def number(self, value):
        """The number of a value; a new one if it is new."""
        if value not in self.numbers:
            self.numbers[value] = len(self.values)
            self.values.append(value)
        return self.numbers[value]


def of(seen):
    """The record of a run.Seen."""
    story, program, run = seen.story, seen.program, seen.run
    events = story.events[:EVENTS]
    codes, paths, shown = Table(), Table(), SHOWN if "vmx" in seen.lab.needs else NARROW
    missing = len(story.events) - len(events)
    if run.reset and events and not missing:
        facts = fate(events[-1], run.symbols, program)
        events[-1] = replace(events[-1], facts=events[-1].facts + facts)
    origin = events[0].time if events and story.counted else 0
    marker = Marker()
    rows = [row(event, codes, paths, origin, shown) | marked(marker.marks(event))
            for event in events]
    places = program.lines({code[0] for code in codes.values})
    code, functions, files = place_codes(codes.values, places, program)
    return {
        "version": VERSION, "lab": seen.lab.name, "emulator": seen.release, "cpu": run.cpu,
        "seed": seen.seed, "base": seen.base, "counted": story.counted,
        "exact_log": story.exact_log, "lanes": story.lanes, "registers": shown,
        "wide": "vmx" in seen.lab.needs, "ended": ending(run, seen.lab.name) + (
            f"; {alike.KEPT} {len(events)} of {len(story.events)} events" if missing else ""),
        "end": max(0, story.end - origin) if story.counted else None, "events": rows,
        "code": code, "paths": paths.values, "functions": functions,
        "files": [{"name": name, "mine": program.mine(name), "text": visible(program.texts[name])}
                  for name in files],
        "log": visible(run.serial[:1 << 20].decode("latin-1").replace("\r", "\ufffd")),
    }


def row(event, codes, paths, origin, shown):
    """One event, without what is empty."""
    path = ()
    if event.path:
        path = tuple(codes.number(code) for code in event.path)
    values = {
        "t": event.time - origin, "k": event.kind, "n": visible(event.name), "a": event.lane,
        "b": event.to, "f": [[name, visible(text)] for name, text in event.facts],
        "r": register_row(event.registers, shown), "s": register_row(event.after, shown),
        "c": codes.number(event.code) if event.code else None, "o": event.sent,
        "p": paths.number(path) if path and (path in paths.numbers or
                                             len(paths.values) < PATHS) else None,
        "v": list(event.value) if event.value else None,
        "w": 1 if event.whole else None,
    }
    if values["v"] and values["v"][1] is not None:
        values["v"][1] = f"{values['v'][1]:x}"
    return {name: value for name, value in values.items() if value not in (None, [], "")}


def fate(event, symbols, program):
    """What is told of the last event of a run that a triple fault has ended."""
    facts = []
    ip = event.registers.get("ip") if event.lane != GUEST3 else None  # a task's is an offset
    if ip:
        function, file, line = program.lines([ip]).get(ip) or (program.label(ip), None, 0)
        places = [function] * bool(function) + [f"{file}:{line}"] * bool(file)
        facts.append(("at", ", ".join([f"{ip:#x}", *places])))
    if address := dict(event.facts).get("address (CR2)"):
        facts += [("CR2 is in", name)] if (name := program.label(int(address, 16))) else []
    if cr3 := event.registers.get("cr3"):
        named = [name for name, value in symbols.items() if value == cr3][:1]
        facts.append(("CR3", ", ".join([f"{cr3:#x}", *named])))
    return facts + [("the run ends here", "a triple fault: the CPU could reach no handler")]


def marked(marks):
    """What is compared of an event, as it is saved."""
    return {"y": visible("|".join(marks))} if marks else {}


def register_row(registers, shown):
    """The values in the order of `shown`, hex; "" where one is not known."""
    if not registers:
        return None
    return [f"{registers[name]:x}" if registers.get(name) is not None else "" for name in shown]


def place_codes(codes, places, program):
    """Each code with where it comes from, the functions' names, the files' names."""
    functions, files, rows = Table(), Table(), []
    for address, code, text, where in codes:
        function, file, line = places.get(address) or (program.label(address), None, 0)
        rows.append([f"{address:x}", code, text, where, functions.number(visible(function)),
                     files.number(file) if file else -1, line])
    return rows, functions.values, files.values


def ending(run, lab_name):
    """How the run ended, in words."""
    told = log.read(run.serial, lab_name)
    if run.over_budget:
        return f"cut: it used up its budget, {run.over_budget}"
    if run.reset:
        return "a triple fault: the CPU gave up"
    if run.gave_up:
        return "the emulator could not go on"
    if told.todo:
        return f"the program stopped at TODO({told.todo})"
    if told.exception:
        return told.exception
    return "the program powered the machine off" if run.powered_off else "the run broke off"


def outline(record):
    """The record without what shows anybody's code: counts and order are left."""
    keep = ("t", "k", "n", "a", "b", "y")
    return {**record, "code": [], "paths": [], "functions": [], "files": [], "log": "",
            "events": [{name: event[name] for name in keep if name in event}
                       for event in record["events"]]}


def load(path):
    """A record that was saved, by whomever; UsageError if it is none."""
    try:
        if path.exists() and not path.is_file():
            raise ValueError
        with open(path, "rb") as file:
            values = json.loads(file.read(MOST))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or 'no JSON'}; "
                         "make timeline SAVE=FILE writes such a file") from None
    if not shape.fits(values) or values["version"] != VERSION \
            or values["lab"] not in [each.name for each in lab.all_labs()]:
        raise UsageError(f"{path} is no run that make timeline SAVE=FILE has saved")
    return cleaned(values)


def cleaned(value):
    """The same, with each text visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [*map(cleaned, value)]
    return {name: cleaned(each) for name, each in value.items()} if isinstance(value, dict) else value


def visible(text):
    """A text without what is invisible and acts."""
    return INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", text)
