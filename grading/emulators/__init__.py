"""The emulators. Facts about one live in its module, and only there.

Each module has NAME, PROGRAM, PACKAGE, interactive(image, window) and a class
Boot(image bytes, folder, limits) with .wait() → witness.Run.
"""

import shutil
from importlib import import_module

from grading.errors import UsageError

NAMES = ("qemu", "bochs")


def get(name):
    """The module of emulator `name`; UsageError if it is unknown or not installed."""
    if name not in NAMES:
        raise UsageError(f"EMU={name}: there is no such emulator; there are {' and '.join(NAMES)}")
    module = import_module(f"grading.emulators.{name}")
    if not shutil.which(module.PROGRAM):
        raise UsageError(f"{module.PROGRAM} is not installed; ./setup.sh installs it")
    return module


def first_installed(names):
    """The first of `names` that is installed; if none is, the first."""
    for name in names:
        if shutil.which(import_module(f"grading.emulators.{name}").PROGRAM):
            return name
    return names[0]
