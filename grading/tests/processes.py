"""What the tests share about processes: which there are, and waiting for one without a sleep."""

import os
import select
from pathlib import Path


def processes(place):
    """(pid, command line) of every process but this one that speaks of `place`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(place) in line and int(path.parent.name) != os.getpid():
            found.append((int(path.parent.name), line))
    return found


def until(condition, child):
    """Waits until condition() holds; the child must not end before."""
    handle = os.pidfd_open(child.pid)
    while not condition():
        assert not select.select([handle], [], [], 0.02)[0], "it ended before"
    os.close(handle)


def with_end(pid):
    """Waits for the end of a process that is not ours."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    assert select.select([handle], [], [], 20)[0], "it does not end"
    os.close(handle)
