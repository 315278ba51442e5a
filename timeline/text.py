"""The run on the terminal: a line for each event. For a machine without a window, and for grep.

    KIND NAME: FACT VALUE; FACT VALUE ...
"""

from timeline import alike


def lines(record, other=None):
    """The lines, each with its newline: the run in short, each event, and, beside another
    record, where the two part."""
    yield (f"{record['lab']}: {record['emulator']}, {len(record['events'])} events; "
           f"the end: {record['ended']}\n")
    for event in record["events"]:
        yield line(event) + "\n"
    if other:
        title = other.get("title", "the other run")
        yield f"compared with {title}: {alike.said(alike.departure(record, other), title)}\n"


def line(event):
    """One event."""
    facts = "; ".join(f"{name} {value}" for name, value in event.get("f", []))
    return f"{event['k']} {event['n']}" + (f": {facts}" if facts else "")
