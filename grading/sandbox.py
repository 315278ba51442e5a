"""A box for what a student's files can reach: compilers, and the emulator they run in.

bubblewrap gives a process namespaces of its own: no network, no processes but its own, no
files but /usr and what it is shown, read-only, and one folder that it may write. Started as
root, it is also another user, one for each grader. Limits of CPU time, memory and files are
set in process.py, in the box or without.
"""

import os
import re
import resource
import shutil
import subprocess
from pathlib import Path

from grading.errors import UsageError

BWRAP = "bwrap"
FIRST_USER = 1 << 30  # from here on no system has users; ours have no name and no file
SYSTEM = ("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin",
          "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
          "--perms", "0755", "--dir", "/etc",
          "--ro-bind-try", "/etc/alternatives", "/etc/alternatives",
          "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
          "--proc", "/proc", "--dev", "/dev")
TEMPORARY_BYTES = 256 * 1024 * 1024  # of /tmp in the box
ENVIRONMENT = {"PATH": "/usr/bin", "LC_ALL": "C", "TERM": "dumb", "TMPDIR": "/tmp"}
DIED = 128  # the shell's code for a signal that ended what it ran, added to its number
# It sets the limit of processes. It says on a pipe of ours that it is there, and at last how much
# CPU time what it ran took. Before that it waits for the box's first process to sleep: only then
# is that one bound to die with its parent. And where we have died meanwhile, the pipe is closed,
# and ends it.
FIRST = ("bash", "-c", 'exec 3>&2 2>/dev/null; ulimit -u "$1" || exit; to=$2; shift 2; '
         'until read -r _ _ state _ </proc/1/stat; [ "$state" = S ]; do :; done; '
         'echo >&$to; "$@" 2>&3 3>&- {to}>&-; code=$?; times >&$to; exit $code', "bash")
SECONDS = re.compile(rb"(\d+)m([\d.]+)s")

SAID_ALOUD = "install it with ./setup.sh, or say --no-sandbox: then a submission can do here " \
    "whatever you can"


def require():
    """UsageError if there can be no box here."""
    if not shutil.which(BWRAP):
        raise UsageError(f"{BWRAP} is not installed; {SAID_ALOUD}")
    done = subprocess.run(wrap(["true"], Path("/"), ()), check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        why = done.stdout.strip().splitlines()[-1:] or ["it says nothing"]
        raise UsageError(f"{BWRAP} cannot make a sandbox here ({why[0]}); {SAID_ALOUD}")


def user():
    """User and group in the boxes of this grader, if it is root's: so that what is counted
    by user, as processes are, is counted for one submission."""
    return FIRST_USER + os.getpid()


def wrap(command, folder, shown, processes=1 << 16, times=1):
    """`command`, in a box that may write `folder`, its working directory, and read `shown`;
    at most so many `processes` (and threads) of its user, counted in the box. What
    seconds() understands is written to file descriptor `times`."""
    # Root needs no user namespace to make the others, and is another user once it is inside.
    _, most = resource.getrlimit(resource.RLIMIT_NPROC)
    if most != resource.RLIM_INFINITY:  # somebody limits us: more cannot be asked for
        processes = min(processes, most)
    spaces, become = ["--unshare-all"], []
    if os.geteuid() == 0:
        spaces = [f"--unshare-{what}" for what in ("ipc", "pid", "net", "uts", "cgroup-try")]
        for capability in ("SETUID", "SETGID", "SETPCAP"):  # for setpriv, which drops them all
            spaces += ["--cap-add", f"CAP_{capability}"]
        become = ["setpriv", f"--reuid={user()}", f"--regid={user()}", "--clear-groups",
                  "--inh-caps=-all", "--bounding-set=-all"]
    places = [word for place in shown
              for word in (*way_to(place), "--ro-bind", str(place), str(place))]
    if shown:  # a build: no terminals, for which a compiler would wait
        places += ["--tmpfs", "/dev/pts"]
    if folder != Path("/"):
        places += [*way_to(folder), "--bind", str(folder), str(folder), "--chdir", str(folder)]
    environment = [word for name, value in ENVIRONMENT.items()
                   for word in ("--setenv", name, value)]
    return [BWRAP, *spaces, "--die-with-parent", "--new-session", "--clearenv", *environment,
            *SYSTEM, "--size", str(TEMPORARY_BYTES), "--perms", "1777", "--tmpfs", "/tmp",
            *places, "--", *become, *FIRST, str(processes), str(times), *command]


def way_to(place):
    """Options that make the folders above `place`, for everybody to pass through."""
    above = [folder for folder in reversed(Path(place).parents) if folder != Path("/")]
    return [word for folder in above for word in ("--perms", "0755", "--dir", str(folder))]


def hand_over(folder):
    """Makes `folder` one that the box may write."""
    if os.geteuid() == 0:
        os.chown(folder, user(), user())


def seconds(said):
    """CPU time of what ran in a box, from what came through the pipe; 0 if nothing came."""
    found = [int(minutes) * 60 + float(rest) for minutes, rest in SECONDS.findall(said)]
    return sum(found[2:4])  # behind the shell's own


def signal_of(code):
    """What an exit code out of the box would have been without it."""
    return DIED - code if code > DIED else code
