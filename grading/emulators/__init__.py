"""The emulators. Facts about one live in its module, and only there.

Each module has NAME, PROGRAM, and OFFERS, which of the things that a lab may need its CPU
has; for people interactive(folder, window, cpu, needs) and show(command, folder), which is
true if the CPU was reset; for the bench stock(folder); for the grader a class Boot(folder,
limits, version, cpu), which starts the emulator frozen, so that its start and the build go
side by side, with .go(image bytes, watch), .wait() → witness.Run, and .cancel(). `cpu` is
one of models(), or None for the usual one.
"""

import shutil
from importlib import import_module

from grading.errors import UsageError

NAMES = ("qemu", "bochs")
FOR_PEOPLE = (*NAMES, "kvm")  # boots, but keeps no record to grade by


def boot(emulator, image, folder, limits):
    """One boot of `image` (bytes) from start to end; the Run."""
    from grading.versions import ask
    under_way = emulator.Boot(folder, limits, ask(emulator.PROGRAM))
    under_way.go(image)
    return under_way.wait()


def get(name, names=NAMES):
    """The module of emulator `name`; UsageError if it is none of `names`, or not installed."""
    if name in FOR_PEOPLE and name not in names:
        raise UsageError(f"EMU={name}: KVM keeps no record to grade by; use {' or '.join(names)}")
    if name not in names:
        raise UsageError(f"EMU={name}: there is no such emulator; there are {' and '.join(names)}")
    module = import_module(f"grading.emulators.{name}")
    if not shutil.which(module.PROGRAM):
        raise UsageError(f"{module.PROGRAM} is not installed; ./setup.sh installs it")
    return module


def can_run(lab):
    """The names of the emulators whose CPU has all that `lab` needs."""
    return [name for name in lab.emulators
            if set(lab.needs) <= set(import_module(f"grading.emulators.{name}").OFFERS)]


def first_installed(names):
    """The first of `names` that is installed; if none is, the first."""
    for name in names:
        if shutil.which(import_module(f"grading.emulators.{name}").PROGRAM):
            return name
    return names[0]
