"""Where two runs part. What moves with the link is not compared: two right programs are laid out
differently, and so are their segments, stacks and page tables.

What makes an event the same in another run is its kind, its name and its marks (`marks`):
a task's IP, for it is an offset; which code segment that is, counted as they come; what an exit
was about; and, when a world goes on, which of its registers have changed meanwhile. In the guest's
ring 0 there is code of the student's, too: there no IP is compared, only how far it was moved.
"""

from grading.witness import GENERAL

GUEST3, GUEST0, HOST = range(3)
LOW = 0xFFFFFFFF  # what a return to 16-bit code restores
LANE = ("ring 3", "the guest's ring 0", "the host")
COMPARED = ("trap", "exit", "entry", "return")
KEPT = "kept are the first"  # what is said of a run that has too many events


class Marker:
    """Gives each event its marks; they are asked for in the events' order."""

    def __init__(self):
        self.segments = []  # of tasks, in order of appearance
        self.left = {}  # world → the event that left it last

    def marks(self, event):
        """What is compared of a story.Event, in words; [] for one that is not compared."""
        if event.kind == "vmx":
            result = dict(event.facts).get("result", "VMsucceed")
            return [result] if result != "VMsucceed" else []
        if event.kind not in COMPARED:
            return []
        found = self.place(event, event.lane if event.kind in ("trap", "exit") else event.to)
        found += about(event)
        if event.kind in ("trap", "exit"):
            self.left[event.lane] = event
        else:
            found += self.goes_on(event)
        return found

    def place(self, event, world):
        """Where a task is; in other worlds the place is the student's own affair."""
        ip, cs = event.registers.get("ip"), event.registers.get("cs")
        if world != GUEST3 or ip is None:
            return []
        if cs is not None and cs not in self.segments:
            self.segments.append(cs)
        number = self.segments.index(cs) + 1 if cs is not None else 1
        return [f"IP {ip:x}"] + ([f"code segment no. {number}"] if number > 1 else [])

    def goes_on(self, event):
        """What a world finds changed when it goes on."""
        if event.name == "vmlaunch":
            self.left = {}  # another guest
        left = self.left.pop(event.to, None)
        if left is None or "injected" in dict(event.facts):
            return []
        old, new = left.registers, event.registers
        narrow = event.kind == "return"
        mask = LOW if narrow else ~0
        changed = [f"e{name[1:]}" if narrow else name for name in GENERAL
                   if None not in (old.get(name), new.get(name))
                   and (old[name] ^ new[name]) & mask]
        said = ", ".join(map(str.upper, changed))
        found = [f"{said} changed since the {left.kind}"] if changed else []
        if event.to == GUEST0 and None not in (old.get("ip"), new.get("ip")):
            found.append(f"IP + {new['ip'] - old['ip']:x}")
        return found


def about(event):
    """What a trap, an exit, an entry was about. Addresses are not: they move."""
    facts = dict(event.facts)
    if event.kind == "exit" and event.lane == event.to:
        return [f"qualification {facts['exit qualification']}"]
    known = [facts[name] for name in ("that is", "injected") if name in facts]
    if event.kind == "exit" and "vector" in facts:
        known.append(facts["vector"].split(", ")[-1])
    return known


def departure(record, other):
    """Where two records part: how many are alike, which event of `record` is the first that is
    not (None: its end), and, in words, what comes in each; else "far" says up to where they are alike."""
    mine, theirs = compared(record), compared(other)
    same = 0
    while same < min(len(mine), len(theirs)) and what(mine[same][1]) == what(theirs[same][1]):
        same += 1
    if same == len(mine) == len(theirs) and end_of(record) == end_of(other):
        kept = any(KEPT in each.get("ended", "") for each in (record, other))
        return {"alike": same, "parted": False, "far": "as far as it was kept" if kept else "to the end"}
    one, two = ((each[same] if same < len(each) else None) for each in (mine, theirs))
    differs = [difference(one[1], two[1])] if one and two else []
    if one and record["events"][-1] is one[1] and not ended_well(record):
        differs.append(f"this run ends there: {record['ended']}")
    return {"alike": same, "parted": True, "at": one and one[0], "this": told(one, record),
            "other": told(two, other), "differs": "; ".join(filter(None, differs))}


def end_of(record):
    """How a run ended, as it is compared. Where it was cut is as chance would have it."""
    ended = record.get("ended", "")
    return "cut" if ended.startswith("cut:") else ended


def ended_well(record):
    """True of a run that came to its own end."""
    return "powered" in record.get("ended", "")


COUNTED = "traps, exits, entries, returns and refused VMX instructions"


def said(parting, title):
    """A departure in one sentence, for the terminal."""
    if not parting["parted"]:
        return f"alike {parting['far']}: {parting['alike']} {COUNTED}"
    more = f": {parting['differs']}" if parting["differs"] else ""
    return (f"alike for {parting['alike']} {COUNTED}; then comes, in this run, {parting['this']}; "
            f"in {title}, {parting['other']}{more}")


def compared(record):
    """The (place, event)s of a record that are compared."""
    return [(place, event) for place, event in enumerate(record["events"])
            if event["k"] in COMPARED or event["k"] == "vmx" and event.get("y")]


def what(event):
    """All that is compared of an event of a record."""
    return event["k"], event["n"], event["a"], event["b"], event.get("y", "")


def told(found, record):
    """An event of a record in words."""
    if not found:
        return f"the end: {record.get('ended', 'it is not known how')}"
    event = found[1]
    where = [mark for mark in marks_of(event) if mark.startswith("IP ")][:1]
    if event["k"] == "vmx":
        return f"{event['n']} (refused, {event['y']})"
    kind = f"trap in {LANE[event['a']]}" if event["k"] == "trap" and event["a"] == event["b"] \
        else event["k"]
    return f"{event['n']} ({', '.join([kind, *where])})"


def marks_of(event):
    """The marks of an event of a record."""
    return event["y"].split("|") if event.get("y") else []


def difference(one, two):
    """What differs between two events of records, in words; "" if the names have said it."""
    if (one["k"], one["n"]) != (two["k"], two["n"]):
        if one["k"] in ("trap", "exit") and two["k"] in ("trap", "exit") and one["b"] != two["b"]:
            return f"here the CPU goes to {LANE[one['b']]}, there to {LANE[two['b']]}"
        return ""
    if (one["a"], one["b"]) != (two["a"], two["b"]):
        return (f"here from {LANE[one['a']]} to {LANE[one['b']]}, "
                f"there from {LANE[two['a']]} to {LANE[two['b']]}")
    here, there = marks_of(one), marks_of(two)
    return (f"here {'; '.join(mark for mark in here if mark not in there) or 'not'}, "
            f"there {'; '.join(mark for mark in there if mark not in here) or 'not'}")
