"""The commands in the labs' handouts, typed in a students' tree in which all is done."""

import re
import subprocess

import pytest

from bench.inner import solved_tree
from grading import lab
from grading.tests.docs.pages import ENVIRONMENT

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Of a shell, of make, of Bochs' debugger and of binutils, where a command is not right.
WRONG = re.compile(r"not found|No such|syntax error|PANIC|can not|[Ee]rror:|:\d+: ")
SECONDS = 300  # by the clock; longer is a hang

# What they show, among much else.
SHOWN = {
    "01-vm86trap": ["v=0d e=0000 i=0 cpl=3 IP=1400:", "<isrGPF>\n", "Caught mode switch breakpoint", "| STACK 0x"],
    "02-guest-resources": ["cpl=3 IP=1300:", "GDT[0x0010]=LDT", "i/o map: 0x"],
    "03-host-vmx": ["VMXON: not expected (", "PS g pat d a pcd pwt S W P",
                    "linear page 0xffff923440000000 maps to physical page 0x000000400000",
                    "rdi: 00000000_00000c02"],
    "04-vmlaunch": ["VMEXIT reason", "VMLAUNCH"],
    "05-cr3-exercise": ["cr3: 0x", "0x0000000000010000-0x00000000003fffff -> 0x000000010000"],
    "05-cr3-vmx": ["VMEXIT reason"],
}


@pytest.fixture(scope="module", name="tree")
def fixture_tree(tmp_path_factory):
    return solved_tree(tmp_path_factory.mktemp("handouts") / "ring-minus-1")


@pytest.mark.parametrize("name", [each.name for each in lab.all_labs()])
def test_they_show_what_the_handout_says(tree, name):
    folder = tree / "labs" / name
    blocks = BLOCK.findall((folder / "README.md").read_text(encoding="utf-8"))
    assert blocks or name not in SHOWN
    subprocess.run(["make", "-s", "-C", folder], check=True, env=ENVIRONMENT)
    said = ""
    for block in blocks:
        done = subprocess.run(["bash", "-c", block], cwd=folder, check=False, text=True,
                              errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT)
        # Where there is no sound, Bochs' library for it complains.
        here = re.sub(r"^ALSA .*\n", "", done.stdout, flags=re.MULTILINE)
        assert not WRONG.search(here), (block, WRONG.search(here)[0], here)
        said += here
    for text in SHOWN.get(name, ()):
        assert text in said, (text, said)
