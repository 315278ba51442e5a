"""The matrix as people read it: what each cell earned, and whether the facts are the same."""

from collections import Counter

from everywhere.facts import compare

LEGEND = """\
points of the reference / of the starter; facts: first, with which the others of
a lab are compared; = the same, ~ the same, at other addresses, k different as is known (below). "no VMX": the emulator's CPU
has none, every exercise is SKIP, as it must be. BROKEN: below."""


def judge(measured):
    """Compares each cell's facts with those of the lab's first one; a cell whose facts differ
    in a way that nobody knows is broken; with the first itself nothing is compared. Sets `mark`, `differs`, `known`."""
    first = {}
    for cell in measured:
        if cell["status"] != "green":
            continue
        reference = first.setdefault(cell["lab"], cell)
        makers = differing(reference, cell)
        unknown, known, addresses = [], {}, 0
        for cpu, facts in cell["facts"].items():
            base = reference["facts"].get(cpu)
            if base is None:
                unknown.append(f"on CPU {cpu} nothing to compare with")
                continue
            found = compare(cell["lab"], facts, base, makers)
            addresses += found.addresses
            known |= dict.fromkeys(each.why for each in found.known)
            unknown += [f"{line} (CPU {cpu})" if cpu != "None" else line for line in found.unknown]
        cell["known"], cell["addresses"] = list(known), addresses
        cell["mark"] = "first" if cell is reference else "k" if known else "~" if addresses else "="
        if unknown:
            cell["status"] = "broken"
            cell["why"] = f"other facts than on {place(reference)}: {unknown[0]}" + (
                f", and {len(unknown) - 1} more" if unknown[1:] else "")


def differing(one, two):
    """What of two cells is not the same: compiler, qemu, bochs."""
    makers = set() if one["compiler"] == two["compiler"] else {"compiler"}
    if one["emulator"] != two["emulator"]:
        makers |= {each["emulator"].split()[0].split("-")[0] for each in (one, two)}
    return makers


def place(cell):
    """Where a cell is in the matrix, in words."""
    return ", ".join(cell[name] for name in ("system", "compiler", "emulator") if name in cell)


def not_here():
    """Cells that this program never measures, with the reason."""
    return [{"emulator": "KVM", "status": "skipped",
             "why": "keeps no record that could be graded; make qemu-nox EMU=kvm says whether "
             "this CPU's VT-x can be had"}]


def text(measured, labs):
    """All of it."""
    rows = {}
    for cell in measured:
        if "lab" in cell:
            rows.setdefault((cell["system"], cell["compiler"], cell["emulator"]),
                            {})[cell["lab"]] = cell
    heads = ["system", "compiler", "emulator", *(short(lab.name, labs) for lab in labs)]
    lines = [heads] + [[*row, *(entry(cells.get(lab.name)) for lab in labs)]
                       for row, cells in rows.items()]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    parts = ["\n".join("  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip()
                       for line in lines), LEGEND]
    known = dict.fromkeys(f"k: {why}" for cell in measured for why in cell.get("known", ()))
    parts += ["\n".join(known)] if known else []
    for status in ("skipped", "broken"):
        told = [f"{status.upper() if status == 'broken' else status}: {whole_place(cell)}: "
                f"{cell['why']}" for cell in measured if cell["status"] == status]
        parts += ["\n".join(dict.fromkeys(told))] if told else []
    return "\n\n".join([*parts, summary(measured)])


def counted(measured):
    """(green, broken, skipped): how many cells are; a CPU without VMX that says so is green."""
    count = Counter(cell["status"] for cell in measured)
    return count["green"] + count["lacking"], count["broken"], count["skipped"]


def summary(measured):
    """The last line."""
    green, broken, skipped = counted(measured)
    return f"{green} green, {broken} broken, {skipped} skipped"


def whole_place(cell):
    """place(), with the lab."""
    return place(cell) + (f", {cell['lab']}" if "lab" in cell else "")


def short(name, labs):
    """ "01" of a lab, or "05-cr3-vmx" of one of several programs."""
    number = name.split("-")[0]
    return name if sum(lab.number == number for lab in labs) > 1 else number


def entry(cell):
    """One cell of the table."""
    if cell is None:
        return "-"
    if cell["status"] == "broken":
        return "BROKEN"
    if cell["status"] == "lacking":
        return "no VMX"
    return f"{cell['reference'][0]}/{cell['starter'][0]} {cell['mark']}"
