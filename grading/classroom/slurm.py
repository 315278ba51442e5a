"""The second stage on a cluster: the same work, cut into parts for a Slurm job array.

Each task of the array is a `grading/class --part FILE` on some node, which grades the
submissions of one part and puts the results into the spool, on the disk that all nodes
share. A task that Slurm starts again, because its node died, goes on where it was; if the
dead was not quite dead, both write the same.
"""

import json
import os
import select
import shlex
import shutil
import subprocess
import sys

from grading import process
from grading.classroom import work
from grading.errors import UsageError
from grading.lab import ROOT

CLASS = ROOT / "grading" / "class"
LOOK_SECONDS = 1  # how often we look into the spool, while the cluster works


def require():
    """UsageError if there is no cluster to ask."""
    if not shutil.which("sbatch"):
        raise UsageError("sbatch is not installed; without --slurm this machine does the work")
    done = subprocess.run(["sinfo", "--noheader"], check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise UsageError(f"no Slurm answers ({done.stdout.strip().splitlines()[-1:]}); "
                         "without --slurm this machine does the work")


def run(tasks, way, jobs, size, done=lambda task: None):
    """Grades `tasks`, `size` of them in each task of the array, `jobs` at a time on a node.

    done(task) is called for each whose result has arrived. What has not arrived when the
    array has ended is tried again.
    """
    for _ in range(work.TRIES):
        missing = [task for task in tasks if task.key not in work.spooled(way)]
        if missing:
            submit(missing, way, jobs, size, done)
    for task in tasks:
        if task.key not in work.spooled(way):
            print(f"{task.path}: no result came from the cluster; {way.spool} has the logs",
                  file=sys.stderr)


def submit(tasks, way, jobs, size, done):
    """Runs one job array to its end."""
    parts = [tasks[start:start + size] for start in range(0, len(tasks), size)]
    for number, part in enumerate(parts):
        write_part(way.spool / f"part{number}", part, way, jobs)
    command = ["sbatch", "--parsable", "--wait", f"--array=0-{len(parts) - 1}",
               "--requeue", "--open-mode=append", f"--cpus-per-task={jobs}",
               "--job-name=ring-minus-1", f"--output={way.spool}/part%a.log",
               f"--chdir={ROOT}", "--wrap",
               f"exec {shlex.quote(sys.executable)} {shlex.quote(str(CLASS))} "
               f"--part {shlex.quote(str(way.spool))}/part$SLURM_ARRAY_TASK_ID"]
    with process.begin(command, text=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE) as child:
        job = child.stdout.readline().strip().split(";")[0]
        try:
            follow(child, tasks, way, done)
        finally:
            if child.poll() is None:  # Slurm may take minutes to see that a node is dead
                subprocess.run(["scancel", job], check=False)
                child.terminate()
    if not job:
        raise UsageError("sbatch took no job; its words are above")


def follow(child, tasks, way, done):
    """Tells what arrives, until all of it has, or the array has ended."""
    waiting = {task.key: task for task in tasks}
    handle = os.pidfd_open(child.pid)
    ended = False
    try:
        while waiting and not ended:
            ended = bool(select.select([handle], [], [], LOOK_SECONDS)[0])
            for key in waiting.keys() & work.spooled(way):
                done(waiting.pop(key))
    finally:
        os.close(handle)


def write_part(path, tasks, way, jobs):
    """Writes down what one task of the array shall do."""
    path.write_text(json.dumps({"tasks": tasks, "jobs": jobs, "seed": way.seed,
                                "out": str(way.out), "spool": str(way.spool),
                                "options": way.options}))


def run_part(path, scratch):
    """Does it, on a node: all of it that has no result yet."""
    part = json.loads(path.read_text())
    way = work.Way(part["seed"], work.Path(part["out"]), work.Path(part["spool"]),
                   tuple(part["options"]))
    tasks = [work.Task(*values) for values in part["tasks"]]
    there = work.spooled(way)
    work.run([task for task in tasks if task.key not in there], way, part["jobs"], scratch)
