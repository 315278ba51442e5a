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
    """One folder of labs/: one program."""

    name: str  # "01-vm86trap"
    folder: Path
    edit: tuple[str, ...]  # the files a student writes
    uses: tuple[str, ...]  # what a student wrote for other labs: "NN-name/file"
    given: tuple[str, ...]  # the lab's other sources
    emulators: tuple[str, ...]  # which can boot it, the usual one first
    needs: tuple[str, ...]  # what not every emulator's CPU has: "vmx"
    cpus: tuple[str, ...]  # models on which it is graded, in turn; none: the usual one
    bits: str  # "32" or "64"

    @property
    def number(self):
        """ "01"; a lab of several programs has a folder for each, all of one number."""
        return self.name.split("-")[0]

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

    @property
    def sources(self):
        """File → the lab for which a student writes it: all that a submission holds."""
        return {name: self.name for name in self.edit} \
            | dict(reversed(path.split("/")) for path in self.uses)

    def cpu(self, number):
        """The CPU model for the challenge of that number; None for the usual one."""
        return self.cpus[number % len(self.cpus)] if self.cpus else None


def all_labs(root=ROOT):
    """Every lab under root/labs, in order."""
    return [load(folder) for folder in sorted((root / "labs").iterdir())
            if (folder / "Makefile").is_file()]


def find_all(name, root=ROOT):
    """The programs of the lab that "01" or "01-vm86trap" names; UsageError if there is none."""
    labs = all_labs(root)
    found = [lab for lab in labs if name in (lab.name, lab.number)]
    if not found:
        numbers = ", ".join(dict.fromkeys(lab.number for lab in labs))
        raise UsageError(f"LAB={name}: there is no such lab; there is {numbers}")
    return found


def named(names, root=ROOT):
    """The programs that these names mean, each once; all of them if there are no names."""
    return list(dict.fromkeys(lab for name in names or () for lab in find_all(name, root))) \
        or all_labs(root)


def find(name, root=ROOT):
    """The one program that `name` names; UsageError if there is none, or more than one."""
    found = find_all(name, root)
    if len(found) > 1:
        raise UsageError(f"LAB={name}: which of {' and '.join(lab.name for lab in found)}?")
    return found[0]


def load(folder):
    """Reads the plain assignments of a lab's Makefile."""
    text = (folder / "Makefile").read_text().replace("\\\n", " ")
    values = dict(ASSIGNMENT.findall(text))
    return Lab(folder.name, folder, *(tuple(values.get(name, "").split()) for name in
                                      ("EDIT", "USES", "GIVEN", "EMULATORS", "NEEDS", "CPUS")),
               values.get("BITS", ""))
