"""A class: submissions a minute for classes of several sizes, on one core and on two.

One lab, the fastest, so that what a class costs beside grading is seen best. How busy the
cores were is the kernel's count of all that ran, so nothing else may run meanwhile.
"""

import io
import os
import subprocess
import sys
import tarfile
import time

from bench import inner, rounds
from grading import lab

TITLE = "A class"
WANTED = "cost per submission flat, memory flat, the second core worth 1.9, both cores 87 % busy"
WHY = """On two cores up to four emulators run at a time, beside their graders and the class that
keeps the book and looks for files that are alike. What keeps the second core from its worth,
and what the memory is used for, was not measured."""
LAB = "01"
FLAT = 1.1  # the dearest size over the cheapest
SECOND_CORE, BUSY = 1.9, 87
CLASS = [sys.executable, str(lab.ROOT / "grading" / "class")]
PACE = 0.1  # seconds from one look at its memory to the next


def write_class(folder, tree, count):
    """So many submissions, no two of them equal."""
    chosen = lab.find(LAB)
    folder.mkdir(parents=True)
    for number in range(count):
        with tarfile.open(folder / f"student{number:03}.tar.gz", "w:gz") as tar:
            for name in chosen.edit:
                text = (tree / "labs" / chosen.name / name).read_bytes()
                info = tarfile.TarInfo(f"labs/{chosen.name}/{name}")
                content = text + b"/* %d */\n" % number
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return folder


def ticks():
    """CPU time that all processes of this machine have used, in the kernel's ticks."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, soft = map(int, file.readline().split()[1:8])
    return user + nice + system + irq + soft


def peak(number):
    """The most memory that a process has had so far, in KiB; 0 when it is gone."""
    try:
        with open(f"/proc/{number}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def run(command, cores):
    """(wall-clock seconds, percent that `cores` cores were busy, MiB at most) of one class."""
    before, start, most = ticks(), time.monotonic(), 0
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as child:
        while child.poll() is None:
            most = max(most, peak(child.pid))
            time.sleep(PACE)
    taken = time.monotonic() - start
    used = (ticks() - before) / os.sysconf("SC_CLK_TCK")
    return taken, 100 * used / (taken * cores), most / 1024


def measure(folder, quick):
    """A row for each size and number of cores."""
    tree = inner.solved_tree(folder / "tree")
    own = sorted(os.sched_getaffinity(0))
    sizes = (10, 20) if quick else (50, 100, 200)
    for count in sizes:
        submissions = write_class(folder / f"class{count}", tree, count)
        for cores in (1, 2)[:len(own)]:
            rounds.progress(f"{count} submissions, {cores} core{'s' if cores > 1 else ''}")
            chosen = ",".join(map(str, own[:cores]))
            seconds, busy, memory = run(
                ["taskset", "-c", chosen, *CLASS, str(submissions), "--lab", LAB,
                 "--jobs", str(cores), "--to", str(folder / f"to{count}-{cores}")], cores)
            yield {"submissions": count, "cores": cores, "a minute": round(60 * count / seconds, 1),
                   "seconds each": round(seconds / count, 3), "cores busy, %": round(busy),
                   "memory of the class, MiB": round(memory, 1)}
    rounds.progress("")


def reached(rows):
    """Whether costs and memory are flat, and the second core is worth it."""
    for cores in {row["cores"] for row in rows}:
        for what in ("seconds each", "memory of the class, MiB"):
            values = [row[what] for row in rows if row["cores"] == cores]
            if max(values) > FLAT * min(values):
                return False
    largest = [row for row in rows if row["submissions"] == max(each["submissions"] for each in rows)]
    if len(largest) < 2:
        return None
    one, two = largest
    return two["a minute"] >= SECOND_CORE * one["a minute"] and two["cores busy, %"] >= BUSY
