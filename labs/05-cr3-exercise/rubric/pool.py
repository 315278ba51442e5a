"""The monitor's paging structures: what the machine's memory holds of them at the end."""

from grading.rubric import PASSED, failed
from grading.structures import ACCESSED, DIRTY, PAGE_SIZE, RW, US, P, paging_entry

from .machine import ENTRIES, FRAME, IDENTITY, PAGES

MONITOR, GUEST = P | RW, P | RW | US
KEPT = 0xFFFFFFFF & ~(ACCESSED | DIRTY)  # the CPU sets these two


def entries(run, page):
    """The 1024 entries in a page of the pool; None if they were not read."""
    content = run.memory.read(run.symbols["pool"] + page * PAGE_SIZE, PAGE_SIZE)
    if content is None:
        return None
    return [int.from_bytes(content[at:at + 4], "little") & KEPT
            for at in range(0, PAGE_SIZE, 4)]


def left_alone(tasks, number, started):
    """True if no task that ran later got one of this one's pages."""
    pages = {tasks[number].directory, tasks[number].table}
    return not any(pages & {tasks[later].directory, tasks[later].table}
                   for later in started if later > number)


def check_structures(task, run):
    """All of one task's directory and table, as it was built; None if it was not read."""
    directory, table = entries(run, task.directory), entries(run, task.table)
    if directory is None or table is None:
        return None
    at = run.symbols["pool"] + task.table * PAGE_SIZE
    wanted = shadow(run, IDENTITY) + [page * PAGE_SIZE | MONITOR
                                      for page in range(PAGES, ENTRIES)]
    return compare("directory", directory, [at | GUEST] + [0] * (ENTRIES - 1)) \
        or compare("table", table, wanted) or PASSED


def check_shadow(task, run):
    """The table's entries for the guest's pages at the task's end; None if not read.

    What other flags they have is the monitor's business.
    """
    table = entries(run, task.table)
    if table is None:
        return None
    return compare("at its end, table", [entry & (FRAME | GUEST) for entry in table],
                   shadow(run, task.mapping)) or PASSED


def shadow(run, mapping):
    """The entries that map the guest's pages like that."""
    memory = run.symbols["guest_memory"]
    return [0 if frame is None else memory + frame * PAGE_SIZE | GUEST for frame in mapping]


def compare(name, got, wanted):
    """None, or the first entry that differs. Not present is not present, whatever else."""
    for number, (one, other) in enumerate(zip(got, wanted)):
        if one != other and (one | other) & P:
            return failed(f"{name} entry {number}: {paging_entry(other)}", paging_entry(one))
    return None
