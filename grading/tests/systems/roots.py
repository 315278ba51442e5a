"""Fresh roots laid out as Gradescope's and Autolab's, and what is handed in there.

A root has the host's /usr, read-only, and nothing else of the host: its own /etc, /tmp and
/autograder (or home), processes, network. In a "container" there can be no sandbox inside, as
in Docker's; on a "machine" there can. Root's capabilities there are those of the system.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from typing import NamedTuple

from grading import lab
from grading.tests import support

LAB01 = lab.find("01")
SEED = 7
DOCKER = ("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID",
          "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE")
PLACES = {"container": DOCKER, "machine": ("ALL",)}
SANDBOXES = {"container": "bwrap cannot make a sandbox here (bwrap: Creating new namespace "
                          "failed: Operation not permitted)", "machine": "bubblewrap"}
PATIENCE = 120  # seconds; only what is broken takes that long

SYSTEM = """--ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/sbin /sbin
    --symlink usr/lib /lib --symlink usr/lib64 /lib64 --perms 0755 --dir /etc
    --ro-bind /etc/alternatives /etc/alternatives --ro-bind /etc/ld.so.cache /etc/ld.so.cache
    --ro-bind /etc/passwd /etc/passwd --ro-bind /usr/lib/os-release /etc/os-release
    --proc /proc --dev /dev --perms 1777 --tmpfs /tmp --perms 0755 --dir /var
    --perms 0755 --dir /var/lib""".split()
APART = "--die-with-parent --unshare-pid --unshare-net --unshare-ipc --unshare-uts".split()

# What a container cannot be made to do: a machine, with bubblewrap of its own. A root that is
# chroot's may make no user namespaces, hence pivot_root; nor may one with a masked /proc.
MACHINE = """set -e; mount --make-rprivate /; mount --bind "$0" "$0"; cd "$0"
mkdir -p usr proc dev etc tmp old; chmod 1777 tmp
mount --bind /usr usr; mount -o remount,ro,bind usr; mount -t proc proc proc; mount --rbind /dev dev
for link in bin sbin lib lib64; do ln -s usr/$link $link; done
cp -r /etc/alternatives /etc/ld.so.cache /etc/passwd etc
pivot_root . old; cd "$1"; umount -l /old; rmdir /old; shift; exec "$@"
"""

# Says of a command what it said and its code, what is left of it (what has been killed takes
# a moment to be gone), and what it wrote.
WATCHED = """touch /stamp; "$@"; echo "code $?"
left() {{ cat /proc/[0-9]*/comm 2>/dev/null | grep -vxE 'bwrap|sh|cat|grep'; }}
for i in 1 2 3 4 5 6 7 8 9 10; do left >/dev/null || break; sleep 0.1; done
echo left; left
echo written; find / /tmp /dev/shm {} -xdev -newer /stamp -not -type d"""


class Done(NamedTuple):
    """What became of a command in a root."""

    said: str
    code: int
    left: set  # names of processes, those that watch it apart
    written: list  # files


def granted(*names):
    """bwrap's options that give root in a container these capabilities."""
    return [word for name in names
            for word in ("--cap-add", name if name == "ALL" else f"CAP_{name}")]


def watched(folder, command):
    """Runs it in front of WATCHED, which looks at `folder`; the Done."""
    run = subprocess.run([*command[0], "sh", "-c", WATCHED.format(folder), "watch", *command[1]],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False, timeout=PATIENCE)
    found = re.fullmatch(r"(.*)code (\d+)\nleft\n(.*)written\n(.*)", run.stdout, re.DOTALL)
    assert found, run.stdout
    return Done(found[1], int(found[2]), set(found[3].split()), found[4].split("\n")[:-1])


def package(folder, *arguments):
    """Calls grading/package; the folder."""
    subprocess.run([lab.ROOT / "grading" / "package", *arguments, "--to", folder], check=True,
                   stdout=subprocess.DEVNULL, timeout=PATIENCE)
    return folder


def unzip(archive, folder):
    """Unpacks a zip as Gradescope does."""
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            os.chmod(packed.extract(member, folder), member.external_attr >> 16)


# --- what a student hands in: functions of a folder -------------------------------------------

def good(folder):
    support.write_sources(LAB01, folder)


def half(folder):
    support.write_sources(LAB01, folder, solved=3)


def a_tree(folder):
    support.write_sources(LAB01, folder / "ring-minus-1" / "labs" / LAB01.name)


def a_tarball(folder):
    good(folder / "loose")
    with tarfile.open(folder / "handin-01-vm86trap.tar.gz", "w:gz") as tar:
        for name in LAB01.edit:
            tar.add(folder / "loose" / name, f"labs/{LAB01.name}/{name}")
    shutil.rmtree(folder / "loose")


def a_zip(folder):
    good(folder / "loose")
    with zipfile.ZipFile(folder / "My Hand-in (2).zip", "w") as packed:
        for name in LAB01.edit:
            packed.write(folder / "loose" / name, name)
    shutil.rmtree(folder / "loose")


def empty(folder):
    pass


def strangers(folder):
    """Good files, and others that would like to be used."""
    good(folder)
    for name in ("Makefile", "setup.sh", "run_autograder", "results.json", "grading/grade",
                 f"{LAB01.name}/rubric/__init__.py", "autograde.tar", "broken.tar"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text('#!/bin/sh\necho \'{"score": 100}\'\n')
    (folder / "results").symlink_to("/autograder/results")
    (folder / "loop").symlink_to(".")


def claims(folder):
    """Says what a good program says, and what a system would like to hear."""
    good(folder)
    forgery = LAB01.folder / "tests/forgeries/prints-without-entering/vm86trap.c"
    text = forgery.read_text().replace('print("\\n");', "print(CLAIM);")
    assert "CLAIM" in text
    (folder / "vm86trap.c").write_text(
        '#define CLAIM "\\n{\\"scores\\": {\\"lab01\\": 100}}\\n{\\"score\\": 100}\\n"\n' + text)


def takes(folder):
    """Takes in a file of the grader's."""
    good(folder)
    with open(folder / "decode.c", "a", encoding="ascii") as file:
        file.write('asm(".incbin \\"/proc/self/cmdline\\"");\n')


def links(folder):
    good(folder)
    (folder / "decode.c").unlink()
    (folder / "decode.c").symlink_to("/etc/passwd")


def swells(folder):
    """An object of a gigabyte."""
    good(folder)
    with open(folder / "isrGPF.S", "a", encoding="ascii") as file:
        file.write("        .data\n        .fill 1 << 30, 1, 1\n")


def unreadable(folder):
    (folder / "handin.tar.gz").write_bytes(b"\x1f\x8bno")


GOOD = (good, a_tree, a_tarball, a_zip, strangers)
WORDS = {empty: "is missing", takes: "cmdline", links: "regular file", swells: "isrGPF",
         unreadable: "no tarball"}  # that the student is told
HOSTILE = (claims, takes, links, swells, unreadable)


def deserved(handed_in, folder):
    """What grading/grade gives for a hand-in: exercise → (score, status). `folder` is new."""
    handed_in(folder / "it")
    subprocess.run([lab.ROOT / "grading/grade", folder / "it", "--lab", "01", "-o",
                    folder / "result", "--seed", str(SEED), "--out", support.OUT,
                    "--work", folder / "work"], check=True, stdout=subprocess.DEVNULL)
    result, = json.loads((folder / "result").read_text())["results"]
    return {each["id"]: (each["score"], each["status"]) for each in result["exercises"]}
