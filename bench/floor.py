"""The floor: what an emulator needs at least, for a boot sector that powers off at once.

On the emulator as it is installed, with no more options than a run without a window needs.
The machine that the grader uses is leaner (no sound, no HPET, no wait for a second disk, …):
the lean floor.
"""

import subprocess

from bench import rounds
from grading import emulators, image, lab

SOURCE = lab.ROOT / "common" / "tests" / "programs" / "floor" / "floor.S"


def write_image(folder):
    """Assembles it; folder/disk.img is its disk."""
    object_file, flat = folder / "floor.o", folder / "floor.bin"
    subprocess.run(["gcc", "-m32", "-I", lab.ROOT / "common", "-c", SOURCE, "-o", object_file],
                   check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", object_file, flat], check=True)
    (folder / "disk.img").write_bytes(image.disk_image(b"", flat.read_bytes()))


def timers(name, folder):
    """What takes the time of both floors of an emulator, in a folder of its own."""
    folder.mkdir(parents=True)
    write_image(folder)
    emulator = emulators.get(name)
    stock, lean = emulator.stock(folder), emulator.interactive(folder, False)
    return {"floor": lambda: rounds.seconds(stock), "lean": lambda: rounds.seconds(lean)}
