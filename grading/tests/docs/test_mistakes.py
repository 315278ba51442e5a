"""docs/ten-mistakes.md: each mistake is planted in a students' tree, and looks as the page says.

A comment `<!-- planted: NAME in lab NN, exercises 1 to N done -->` holds for the blocks behind
it: NAME is one of the lab's tests/mutants.toml. In the lab's folder of that tree,

    ```sh         is typed, and must end with exit code 0. If the comment ends in "; endless",
                  it must not end; what is shown is all that it says, and then comes Ctrl-C
    ```gdb        is typed into make debug
    ```bochs      is typed into make bochs-debug; what the program sends is left out

How what is shown is read: pages.py.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
from typing import NamedTuple

import pytest

from grading import lab
from grading.process import cpu_ticks
from grading.tests import support
from grading.tests.docs.pages import (BLOCK, DOCS, ENVIRONMENT, QUOTED, as_shown, commands,
                                 dead_links)
from grading.tree import TREE, make_tree

PAGE = DOCS / "ten-mistakes.md"
TEXT = PAGE.read_text(encoding="utf-8")
PLANTED = re.compile(r"^<!-- planted: (\S+) in lab (\d\d), exercises 1 to (\d+) done(; endless)? -->$",
                     re.MULTILINE)
ENTRY = re.compile(r"^## (\d+)\. (.*)$", re.MULTILINE)
SECONDS = 600  # by the clock, for one command: longer is a hang
BOCHS = "bochs> "
SILENT = 1  # seconds of CPU time in silence, and it is taken for endless
BOX = ["bwrap", "--die-with-parent", "--unshare-pid", "--dev-bind", "/", "/", "--proc", "/proc"]
TICK = os.sysconf("SC_CLK_TCK")


class Planted(NamedTuple):
    """A mistake at one stage of the work, and what the page shows of it."""

    name: str
    number: str  # the lab's
    solved: int  # exercises that are done
    endless: bool  # its commands do not end
    blocks: list  # of (language, "", body)


def planted():
    """All of the page."""
    starts = list(PLANTED.finditer(TEXT))
    ends = [each.start() for each in starts[1:]] + [len(TEXT)]
    return [Planted(found[1], found[2], int(found[3]), bool(found[4]),
                    BLOCK.findall(TEXT[found.end():end]))
            for found, end in zip(starts, ends)]


@pytest.fixture(name="tree", scope="module")
def fixture_tree(tmp_path_factory):
    """A students' tree."""
    folder = tmp_path_factory.mktemp("mistakes") / TREE
    make_tree(lab.ROOT, folder)
    return folder


def plant(each, tree, spare):
    """Writes the files of a student who has done so much, with the mistake; the lab's folder."""
    of = lab.find(each.number)
    support.write_sources(of, spare, each.solved)
    mutant, = [one for one in support.mutants(of) if one.name == each.name]
    support.apply(mutant, spare)
    for name, owner in of.sources.items():
        target = tree / "labs" / owner / name
        if target.read_bytes() != (spare / name).read_bytes():
            shutil.copyfile(spare / name, target)
    return tree / "labs" / of.name


def typed(command, folder):
    """(exit code, all that it says) of a command."""
    done = subprocess.run(["bash", "-c", command], cwd=folder, check=False, text=True,
                          errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT)
    return done.returncode, done.stdout


def wrong_in_shell(body, folder):
    """What is not as shown."""
    for each in commands(body):
        code, said = typed(each.text, folder)
        if code or not as_shown(each.shown, said):
            yield f"$ {each.text}\nexit code {code}\n{said}"


def wrong_if_it_ends(body, folder):
    """What is not as shown, of a command that shall not end. It is given up when it has used
    CPU time without a word; in a box, so that nothing of it outlives us."""
    each, = commands(body)
    typed("make -s", folder)
    child = subprocess.Popen([*BOX, "bash", "-c", each.text], cwd=folder, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                             env=ENVIRONMENT | {"TMPDIR": str(folder)})
    said, since = "", 0
    try:
        while cpu_ticks(child.pid) < since + SILENT * TICK:
            if select.select([child.stdout], [], [], 0.02)[0]:
                more = os.read(child.stdout.fileno(), 65536).decode(errors="replace")
                if not more:
                    yield f"$ {each.text}\nit ended:\n{said}"
                    return
                said, since = said + more, cpu_ticks(child.pid)
        if not as_shown(each.shown, said):
            yield f"$ {each.text}\n{said}"
    finally:
        os.killpg(child.pid, signal.SIGKILL)  # SIGINT may be ignored, as behind nohup
        child.communicate()


def wrong_in_gdb(body, folder):
    """What is not as shown, of a session with make debug."""
    typed("make -s", folder)
    script = folder / "session"
    wanted = commands(body, "(gdb) ")
    script.write_text("".join(f"echo (gdb) {each.text}\\n\n{each.text}\n" for each in wanted)
                      + "echo (gdb) end\\n\n")
    elf = f"../../build/{folder.name}/{folder.name}.elf"
    code, said = typed(f"{sys.executable} ../../debug/debug {elf} --loader "
                       f"../../build/common32/boot.bin.elf --commands {script}", folder)
    script.unlink()
    parts = [part.partition("\n") for part in said.split("\n(gdb) ")[1:-1]]
    if code or [text for text, _, _ in parts] != [each.text for each in wanted]:
        yield said
    for each, (_, _, shown) in zip(wanted, parts):
        if not as_shown(each.shown, shown):
            yield f"(gdb) {each.text}\n{shown}"


def wrong_in_bochs(body, folder):
    """What is not as shown, of a session with make bochs-debug."""
    script, wanted = folder / "session", commands(body, BOCHS)
    script.write_text("".join(f"{each.text}\n" for each in wanted))
    code, said = typed(f"make -s bochs-debug <{script.name}", folder)
    script.unlink()
    told = "".join(line for line in said.splitlines(True) if not line.startswith("  | "))
    parts = [part.partition("\n") for part in told.split(BOCHS)[1:]]
    if code or [text for text, _, _ in parts] != [*(each.text for each in wanted), ""]:
        yield said  # the last is Ctrl-D
    for each, (_, _, shown) in zip(wanted, parts):
        if not as_shown(each.shown, shown):
            yield f"{BOCHS}{each.text}\n{shown}"


SHOWN = {"sh": wrong_in_shell, "gdb": wrong_in_gdb, "bochs": wrong_in_bochs}


@pytest.mark.parametrize("each", planted(), ids=lambda each: f"{each.number}-{each.name}")
def test_it_looks_as_the_page_says(each, tree, tmp_path):
    folder = plant(each, tree, tmp_path / "sources")
    shown = SHOWN | ({"sh": wrong_if_it_ends} if each.endless else {})
    wrong = [f"{language}: {said}" for language, _, body in each.blocks
             for said in shown[language](body, folder)]
    assert not wrong, "\n".join(wrong)
    assert each.blocks


def test_there_are_ten_and_each_is_planted():
    starts = list(ENTRY.finditer(TEXT))
    ends = [each.start() for each in starts[1:]] + [len(TEXT)]
    assert [int(each[1]) for each in starts] == list(range(1, 11))
    labs = [re.findall(PLANTED, TEXT[each.end():end]) for each, end in zip(starts, ends)]
    assert all(labs) and [found[0][1] for found in labs] == ["01"] * 5 + ["04"] * 5
    for each, end in zip(starts, ends):
        for part in ("**You see**", "**Why.**", "**Find it.**", "**Understand.**"):
            assert TEXT[each.end():end].count(part) == 1, (each[0], part)


def test_the_table_leads_to_every_entry_by_what_is_shown_there():
    rows = re.findall(r"^\| (.*) \| lab .* \| \[(\d+)\]\((#.*)\) \|$", TEXT, re.MULTILINE)
    assert {int(number) for _, number, _ in rows} == set(range(1, 11))
    starts = {int(each[1]): each.end() for each in ENTRY.finditer(TEXT)}
    for seen, number, _ in rows:
        entry = TEXT[starts[int(number)]:starts.get(int(number) + 1)]
        shown = "\n".join(body for _, _, body in BLOCK.findall(entry))
        symptoms = [text for text in QUOTED.findall(seen) if " " in text]
        assert symptoms and all(text in shown for text in symptoms), (number, symptoms)


def test_no_link_is_dead():
    assert not dead_links(PAGE)


def test_what_ends_is_not_endless(tmp_path):
    assert "it ended" in "".join(wrong_if_it_ends("$ echo a\na", tmp_path))


@pytest.mark.parametrize(("shown", "right"), [("a", True), ("b", False)])
def test_what_does_not_end_is_compared(shown, right, tmp_path):
    wrong = list(wrong_if_it_ends(f"$ echo a; while true; do :; done\n{shown}", tmp_path))
    assert bool(wrong) is not right
