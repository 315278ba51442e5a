"""Other systems: each a root folder that debootstrap makes, and this tree's setup.sh fills.

A root is entered through bubblewrap: with processes, /dev and mounts of its own, so that
nothing stays behind when a run is ended, however it ends.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from grading.errors import UsageError
from grading.lab import ROOT

SYSTEMS = {  # name → suite, mirror, components
    "debian-12": ("bookworm", "http://deb.debian.org/debian", "main"),
    "debian-13": ("trixie", "http://deb.debian.org/debian", "main"),
}
CLANG = "clang lld"
INSIDE, RESULT = "/ring", "measured.json"


def why_not():
    """What keeps this machine from having roots; None if nothing does."""
    if os.geteuid():
        return "only root can make and enter a root folder; sudo make matrix"
    for tool in ("debootstrap", "bwrap"):
        if not shutil.which(tool):
            return f"{tool} is not installed; apt-get install {package(tool)}"
    return None


def package(tool):
    """The package that a tool comes in."""
    return {"bwrap": "bubblewrap"}.get(tool, tool)


def enter(root, out, command, network=False):
    """`command` as root's in `root`, with this tree, read-only, and folder `out` as /out."""
    for place in (INSIDE, "/out"):
        (root / place[1:]).mkdir(exist_ok=True)
    spaces = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent"]
    network = ["--ro-bind", "/etc/resolv.conf", "/etc/resolv.conf"] if network \
        else ["--unshare-net"]
    return ["bwrap", *spaces, "--cap-add", "ALL", "--bind", root, "/", "--dev", "/dev",
            "--proc", "/proc", "--tmpfs", "/tmp", *network, "--ro-bind", ROOT, INSIDE,
            "--bind", out, "/out", "--clearenv", "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin",
            "--setenv", "LC_ALL", "C.UTF-8", "--setenv", "PYTHONDONTWRITEBYTECODE", "1",
            "--chdir", INSIDE, "--", *command]


def place(name, out):
    """Its root folder. What it is made by is part of the name: when that changes, so does this."""
    made_by = repr((SYSTEMS[name], CLANG)).encode() + (ROOT / "setup.sh").read_bytes()
    return out / "systems" / f"{name}-{hashlib.sha256(made_by).hexdigest()[:12]}"


def make_root(name, root):
    """Makes and fills it, once; UsageError with the reason if that cannot be."""
    suite, mirror, components = SYSTEMS[name]
    ready = root / "ready"
    if ready.exists():
        return
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    # Mounts of debootstrap's end with it: `make clean` shall find nothing mounted here.
    logged(root, ["unshare", "--mount", "debootstrap", "--variant=minbase",
                  f"--components={components}", suite, root, mirror], name)
    for command in (["./setup.sh", "--student"],
                    ["sh", "-c", "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "
                     f"--no-install-recommends {CLANG}"]):
        logged(root, enter(root, root, command, network=True), name)
    ready.touch()


def logged(root, command, name):
    """Runs a command, its words in a file beside the root; UsageError if it fails."""
    path = root.with_suffix(".log")
    with open(path, "ab") as log:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                              check=False)
    if done.returncode:
        last = path.read_text(errors="replace").strip().splitlines()[-1:]
        raise UsageError(f"{name} could not be made ({''.join(last)}); {path} has all of it")


def measure(root, out, labs):
    """The cells of the system in `root`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / RESULT).unlink(missing_ok=True)
    names = [word for lab in labs for word in ("--lab", lab.name)]
    done = subprocess.run(enter(root, out, ["/usr/bin/python3", "everywhere/matrix", "--here",
                                            "--out", "/out", "--measure", f"/out/{RESULT}",
                                            *names]), stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise UsageError(f"the measurement in {root} failed with code {done.returncode}")
    return json.loads((out / RESULT).read_text())


def release(root=Path("/")):
    """Its own name, such as "Debian GNU/Linux 12 (bookworm)"."""
    try:
        lines = (root / "etc/os-release").read_text().splitlines()
    except OSError:
        return "this machine"
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    name = values.get("PRETTY_NAME", "this machine").strip('"')
    return name.replace(" GNU/Linux", "").split(" (")[0].split(" LTS")[0]
