"""The run on the terminal: a line for each event. For a machine without a window, and for grep.

    KIND NAME: FACT VALUE; FACT VALUE ...; at PLACE <FUNCTION>: INSTRUCTION
"""

from grading.errors import one_line
from timeline import alike


def lines(record, other=None):
    """The lines, each with its newline, and safe for a terminal: the run in short, each event,
    and, beside another record, where the two part."""
    for each in said(record, other):
        yield one_line(each) + "\n"


def said(record, other):
    """The lines as they are."""
    yield (f"{record['lab']}: {record['emulator']}, {len(record['events'])} events; "
           f"the end: {record['ended']}")
    for event in record["events"]:
        yield line(event, record)
    if other:
        title = other.get("title", "the other run")
        yield f"compared with {title}: {alike.said(alike.departure(record, other), title)}"


def line(event, record):
    """One event of a record."""
    facts = [f"{name} {value}" for name, value in event.get("f", [])]
    if event["k"] not in ("vmx", "entry") and "c" in event:  # of those the name says all
        facts.append(place(*record["code"][event["c"]][:5], record["functions"]))
    return f"{event['k']} {event['n']}" + (f": {'; '.join(facts)}" if facts else "")


def place(address, _, text, where, function, functions):
    """The instruction of an event: "at 1400:0006 <v86_base>: mov %cr0,%edx"."""
    name = f" <{functions[function]}>" if functions[function] else ""
    selector, _, offset = (where or address).rpartition(":")
    return f"at {selector}{selector and ':'}{offset.lstrip('0').rjust(4, '0')}{name}: {text}"
