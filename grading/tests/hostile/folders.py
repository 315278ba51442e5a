"""Hostile submissions that are folders: each function makes one in `folder` from `files`
(name → bytes, the solution of lab 01) and returns its path."""

import os

from grading.tests.hostile.archives import ESCAPES, LAB, WANTED, right, tarball
from grading.tests.hostile.world import MARK


def fill(folder, files):
    """The good submission as a folder."""
    for name, content in right(files):
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "tree"


def folder_with_a_fifo(folder, files):
    tree = fill(folder, files)
    (tree / WANTED).unlink()
    os.mkfifo(tree / WANTED)
    return tree


def folder_with_a_link(folder, files):
    tree = fill(folder, files)
    (folder / "elsewhere.c").write_bytes((tree / WANTED).read_bytes())
    (tree / WANTED).unlink()
    (tree / WANTED).symlink_to(folder / "elsewhere.c")
    return tree


def folder_that_is_a_link(folder, files):
    """labs/01-vm86trap leads to somebody who has done it."""
    tree = fill(folder, files)
    (tree / LAB).rename(folder / "another")
    (tree / LAB.rstrip("/")).symlink_to(folder / "another")
    return tree


def folder_with_a_link_to_an_archive(folder, files):
    """An upload of one tarball, which is another student's."""
    (folder / "upload").mkdir()
    (folder / "upload" / "mine.tar.gz").symlink_to(tarball(folder, right(files)))
    return folder / "upload"


def folder_with_a_fifo_for_an_archive(folder, files):
    (folder / "upload").mkdir()
    os.mkfifo(folder / "upload" / "mine.zip")
    return folder / "upload"


def archive_with_escapes(folder, files):
    (folder / "upload").mkdir()
    (folder / "upload" / f"{ESCAPES}.zip").write_bytes(b"PK")
    return folder / "upload"


def folder_with_escapes(folder, files):
    tree = fill(folder, files)
    inner = folder / "upload" / ESCAPES
    (folder / "upload").mkdir()
    tree.rename(inner)
    (inner / WANTED).unlink()
    return folder / "upload"


def folder_with_a_large_file(folder, files):
    tree = fill(folder, files)
    os.truncate(tree / WANTED, 1 << 40)  # sparse
    return tree


def folder_of_everything(folder, files):
    """What a grader could trip over or believe: none of it is a file that students write."""
    tree = fill(folder, files)
    for name, text in {
            "Makefile": f"$(shell touch /tmp/{MARK})\nall:\n", LAB + "Makefile": "EDIT :=\n",
            LAB + "ldscript": "SECTIONS {}", LAB + "cpu.h": "#error mine", "results.json": "{}",
            LAB + "rubric/__init__.py": f"open('/tmp/{MARK}', 'w')", "setup.sh": "exit 1",
            "sitecustomize.py": f"open('/tmp/{MARK}', 'w')", LAB + "tests/mutants.toml": "x",
            "grading/grade": "#!/bin/sh\necho 100/100", "lock": "", LAB + ".gdbinit": "quit",
            LAB + "vm86trap.c.d": "x", LAB + "bochsrc": "megs: 1"}.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tree
