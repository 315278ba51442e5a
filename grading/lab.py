"""The labs: where they are, what their Makefiles say, what their rubrics hold."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import NamedTuple

from grading.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = re.compile(r"^(\w+)\s*:=\s*(.*?)\s*$", re.MULTILINE)


class Lab(NamedTuple):
    """One folder of labs/."""

    name: str  # "01-vm86trap"
    folder: Path
    edit: tuple[str, ...]  # the files a student writes
    given: tuple[str, ...]  # the lab's other sources
    emulators: tuple[str, ...]  # which can run it, the usual one first

    def rubric(self):
        """The lab's rubric package: EXERCISES, draw(), check(); see grading/rubric.py."""
        name = "rubric_" + re.sub(r"\W", "_", self.name)
        if name not in sys.modules:
            package = self.folder / "rubric"
            spec = importlib.util.spec_from_file_location(
                name, package / "__init__.py", submodule_search_locations=[str(package)])
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
        return sys.modules[name]


def all_labs(root=ROOT):
    """Every lab under root/labs, in order."""
    return [load(folder) for folder in sorted((root / "labs").iterdir())
            if (folder / "Makefile").is_file()]


def find(number, root=ROOT):
    """The lab that "01" or "01-vm86trap" names; UsageError if there is none."""
    labs = all_labs(root)
    for lab in labs:
        if number and number in (lab.name, lab.name.split("-")[0]):
            return lab
    numbers = ", ".join(lab.name.split("-")[0] for lab in labs)
    raise UsageError(f"LAB={number}: there is no such lab; there is {numbers}")


def load(folder):
    """Reads the plain assignments of a lab's Makefile."""
    values = dict(ASSIGNMENT.findall((folder / "Makefile").read_text()))
    return Lab(folder.name, folder, tuple(values["EDIT"].split()),
               tuple(values["GIVEN"].split()), tuple(values["EMULATORS"].split()))
