"""The students' tree: what the handout packs, and what the grader builds submissions in.

It holds what is named here and nothing else: each lab's handout, its starter (the
solution's sources cut by unifdef), what is given, the rubric that `make grade` needs;
common/, grading/ without their tests; debug/, timeline/; the pages for students of docs/;
the front door.
"""

import functools
import hashlib
import os
import shutil
import subprocess

from grading import build as build_stage
from grading import borrowed, errors, grader, lab, process

TREE = "ring-minus-1"
TOP = ("LICENSE", "ldscript", "setup.sh")
MAKEFILE = """\
# The front door. `make help` lists what can be done here.
SETUP := --student
include common/course.mk
"""
PROGRAMS = ("boot", "grade", "handin")
# Of docs/.
PAGES = ("ten-mistakes.md", "when-it-does-not-work.md", "bochs-debugger.md", "glossary.md")
OURS = ("hidden.py", "tree.py")  # not for students


def files(root):
    """Everything in the tree that is copied as it is; paths relative to `root`."""
    common = [path for pattern in ("*.S", "*.c", "*.h", "*.mk", "x86/*.h")
              for path in (root / "common").glob(pattern)]
    grading = [path for pattern in ("*.py", "emulators/*.py", "formats/*.py")
               for path in (root / "grading").glob(pattern) if path.name not in OURS]
    debug = [path for path in (root / "debug").iterdir() if path.is_file()]
    timeline = [path for pattern in ("*.py", "*.js", "*.css", "page.html", "README.md", "timeline")
                for path in (root / "timeline").glob(pattern)]
    labs = [path for each in lab.all_labs(root) for pattern in ("*.h", "rubric/*.py")
            for path in each.folder.glob(pattern)]
    named = [each.folder / name for each in lab.all_labs(root)
             for name in ("README.md", "Makefile", *each.given)]  # ALSO: another lab's GIVEN
    top = [root / name for name in TOP] + [root / "grading" / name for name in PROGRAMS]
    return sorted(path.relative_to(root) for path in top + common + grading + debug + timeline + labs + named)


ALL = 99  # cut(): every exercise


def cut(source, solved=0):
    """The text of a file that students write with exercises 1 to `solved` done; with none it is
    the starter's."""
    try:
        done = subprocess.run(["unifdef", f"-DSOLVED={solved}", source], check=False,
                              stdout=subprocess.PIPE, encoding="utf-8")
    except FileNotFoundError:
        done = None
    if not done or done.returncode not in (0, 1):  # 1: something was cut
        raise errors.UsageError(f"unifdef cannot cut {source}; is it installed? ./setup.sh")
    return done.stdout


def build_reference(each, out):
    """Builds a lab with the reference's objects; the folder that they are in."""
    build = out / "handout-reference" / each.name
    done = subprocess.run(["make", "-s", "-C", each.folder, "image", "BASE=reference",
                           f"OUT={out}", f"BUILD={build}"], check=False, env=process.plain_environment())
    if done.returncode:
        raise errors.UsageError(f"{each.name} does not build with BASE=reference")
    return build


def add_reference(each, target, out):
    """The solution's objects for the files of other labs that a lab uses; no source in them."""
    if not each.uses:
        return
    (target / "reference").mkdir(parents=True)
    with grader.locked(out):  # others may build there
        build = build_reference(each, out)
        for path in each.uses:
            name = f"{path.split('/')[1]}.o"
            subprocess.run([f"{build_stage.PREFIX}objcopy", "--strip-debug", build / "reference" / name,
                            target / "reference" / name], check=True)


def make_tree(root, target, out=lab.ROOT / "build"):
    """Writes the tree to folder `target`; one that is there already makes way. The solution's
    objects are built in `out`.

    UsageError if something else is there: it would be lost.
    """
    if target.exists() and (not (target / "grading" / "handin").is_file()
                            or (target / ".git").exists() or target.resolve() == lab.ROOT):
        raise errors.UsageError(f"{target} is there, and no students' tree; name another folder, "
                                "or move it away")
    shutil.rmtree(target, ignore_errors=True)
    try:
        fill(root, target, out)
    except BaseException:  # no half of it
        shutil.rmtree(target, ignore_errors=True)
        raise


def fill(root, target, out):
    """Writes all files of the tree."""
    for path in files(root):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, target / path)
    for each in lab.all_labs():
        for name in each.edit:
            (target / "labs" / each.name / name).write_text(cut(each.folder / name))
        add_reference(each, target / "labs" / each.name, out)
    for each in lab.all_labs(target):
        (each.folder / "rubric" / borrowed.STARTER).write_text(borrowed.starters_of(each, target))
    (target / "Makefile").write_text(MAKEFILE)
    shutil.copy(root / "docs" / "handout.md", target / "README.md")
    (target / "docs").mkdir()
    for name in PAGES:
        shutil.copy(root / "docs" / name, target / "docs")


def fingerprint(root=lab.ROOT):
    """The sha256 of all that a grade depends on, submissions and tools apart; hex."""
    state = hashlib.sha256()
    students = [each.folder / name for each in lab.all_labs(root) for name in each.edit]
    for path in sorted([*(root / each for each in files(root)), *students]):
        content = path.read_bytes()
        state.update(b"%s %d\n" % (os.fsencode(path.relative_to(root)), len(content)) + content)
    return state.hexdigest()


@functools.cache  # a grade of many programs asks once
def pristine(out):
    """A students' tree in folder `out`, with all that is given built in its build/.

    It is made once for each fingerprint(); the folder's name tells it. Nothing in it is
    written again: submissions are built elsewhere.
    """
    place = out / "pristine" / fingerprint()[:16]
    target = place / TREE
    with grader.locked(place):
        if not (place / "ready").exists():
            shutil.rmtree(target, ignore_errors=True)  # of a run that was killed
            make_tree(lab.ROOT, target, out)
            for each in lab.all_labs():
                done = subprocess.run(["make", "-s", "-C", target / "labs" / each.name, "given"],
                                      check=False, env=process.plain_environment())
                if done.returncode:
                    raise errors.UsageError(f"{each.name}: what is given does not build")
            (place / "ready").touch()
    return target
