"""What every emulator's Boot is: started frozen, then given its disk, then let go."""

import os
import signal
from pathlib import Path

from grading import process
from grading.image import IMAGE_BYTES
from grading.witness import Watch

# By which an emulator ends that a program has driven mad: it writes to a device what the model
# does not expect. Who is killed from outside ends otherwise.
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)


def crashed(ended):
    """In words, that an emulator ended so; None if it ended otherwise. `ended`: process.Ended."""
    return f"it ended by {signal.Signals(-ended.code).name}" if -ended.code in CRASHES else None


class Frozen:
    """One boot for the grader, up to its first instruction.

    A module's Boot adds __init__(), which starts the emulator on `disk` as `child`;
    let_go(watch), which lets the CPU run; and wait().
    """

    def __init__(self, folder, limits):
        """Makes the disk in `folder`: the size it will have, and nothing on it yet."""
        self.folder = Path(folder)
        self.limits = limits
        self.disk = self.folder / "disk.img"
        self.disk.touch()
        os.truncate(self.disk, IMAGE_BYTES)
        self.disk.chmod(0o666)  # in a sandbox the emulator is another user
        self.child = None

    def cancel(self):
        """Gives it up."""
        process.cancel(self.child)

    def go(self, image, watch=Watch()):
        """Boots `image` (bytes); `watch` says what is wanted beside exceptions."""
        with open(self.disk, "r+b") as disk:  # in place: the emulator has it open
            disk.write(image)
        self.let_go(watch)
        process.guard(self.child)

    def complaint(self, start=""):
        """The last line that the emulator itself said and that begins so; "" if none."""
        lines = (self.folder / "output").read_text(errors="replace").strip().splitlines()
        return next((line for line in reversed(lines) if line.startswith(start)), "")
