"""A boot that does not end by itself: the loader waits for a key.

The emulator is the one that people get (interactive()), its serial line a FIFO
that the test reads. Nothing here waits for a time to pass: the test waits for
bytes, or for the emulator's end, and its CPU budget ends every hang, because
neither emulator here lets a halted CPU rest.
"""

import os
import select
import signal

from grading import emulators, process
from grading.emulators import qemu

# Each emulator's file for what comes over the serial line, in the session's folder.
SERIAL = {"qemu": "output", "bochs": "serial"}
# QEMU: time that counts instructions, a screen, and a second monitor for the test.
QEMU = ["-icount", "shift=7,sleep=off", "-vga", "std",
        "-chardev", "pipe,id=monitor,path=monitor", "-mon", "chardev=monitor"]
MONITOR_READY = b"(qemu) "

SCREEN_PA = 0xB8000  # text mode: character and attribute, 25 rows of 80
SCREEN_COLUMNS = 80
SCREEN_BYTES = 2 * SCREEN_COLUMNS * 25


class Session:
    """One boot under way; `with` ends it, whatever happens."""

    def __init__(self, name, image, folder, can_power_off=True):
        """Writes `image` (bytes) to `folder`, a new one, and starts emulator `name` on it.
        A QEMU that cannot be powered off is like a PC."""
        self.folder = folder
        folder.mkdir()
        (folder / "disk.img").write_bytes(image)
        command = emulators.get(name).interactive(folder, window=False)
        if name == "qemu":
            command += QEMU
            if not can_power_off:
                at = command.index(qemu.POWER[0])
                del command[at:at + len(qemu.POWER)]
        self.received = b""  # over the serial line, so far
        self.greeted = False  # QEMU's monitor has told its name and version
        self.serial = self._fifo(SERIAL[name])
        self.monitor_in, self.monitor_out = self._fifo("monitor.in"), self._fifo("monitor.out")
        self.child = process.start(command, process.Limits(), folder,
                                   os.environ | {"TERM": "dumb"})
        self.ended = os.pidfd_open(self.child.pid)

    def _fifo(self, name):
        """Makes one and opens it for both directions, so that no open() has to wait."""
        os.mkfifo(self.folder / name)
        return os.open(self.folder / name, os.O_RDWR | os.O_NONBLOCK)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        # Not child.kill(): it might take the exit status that finish() waits for.
        os.killpg(self.child.pid, signal.SIGKILL)
        process.finish(self.child)
        for descriptor in (self.ended, self.serial, self.monitor_in, self.monitor_out):
            os.close(descriptor)

    def _read(self, fifo):
        """The next bytes from a FIFO; AssertionError if the emulator has ended instead."""
        ready, _, _ = select.select([fifo, self.ended], [], [])
        assert fifo in ready, f"the emulator has ended; over the serial line came {self.received}"
        return os.read(fifo, 65536)

    def wait_for(self, text, times=1):
        """All that came over the serial line, once `text` (bytes) has come `times` times."""
        while self.received.count(text) < times:
            self.received += self._read(self.serial)
        return self.received

    def monitor(self, command):
        """What QEMU's monitor says to one command, once it has carried it out."""
        if not self.greeted:
            self._monitor_says()
            self.greeted = True
        os.write(self.monitor_in, command.encode() + b"\n")
        return self._monitor_says()

    def _monitor_says(self):
        said = b""
        while not said.endswith(MONITOR_READY):
            said += self._read(self.monitor_out)
        return said.decode()

    def screen(self):
        """The lines of text on QEMU's screen, without the blanks at their ends."""
        self.monitor(f"pmemsave {SCREEN_PA:#x} {SCREEN_BYTES} screen")
        text = (self.folder / "screen").read_bytes()[::2].decode("cp437")
        return [text[start:start + SCREEN_COLUMNS].rstrip(" \0")
                for start in range(0, len(text), SCREEN_COLUMNS)]
