"""A conversation with Bochs' internal debugger: commands, and what it says to them.

It reads them from a named pipe, as a script that it was told to `source`: at its own prompt
it would echo them, letter by letter, through readline, and in a grade it hears thousands.
Where an answer ends says the answer to one more command, which computes a number.
"""

import os
import secrets
import signal

from grading import process

QUESTION = b"Choose one of the actions above: [die] "  # after a panic; it listens to its input
SCRIPT = "commands"


class Debugger:
    """The debugger of a Bochs that will be started in `folder`."""

    def __init__(self, folder, limit):
        """`limit`: how many bytes it may say in all, as if it wrote them to a file."""
        self.child = None
        self.limit = limit
        self.heard = bytearray()  # all of it
        self.start = 0  # of what has not been given out yet
        self.searched = 0  # up to here there is no end of an answer
        self.asked = False  # what to do after a panic
        self.number = secrets.randbits(30)  # behind the answer that is being listened to
        (folder / SCRIPT).unlink(missing_ok=True)  # of a run that was killed
        os.mkfifo(folder / SCRIPT)
        (folder / SCRIPT).chmod(0o644)  # in a sandbox it is another user
        self.script = os.open(folder / SCRIPT, os.O_RDWR)  # waits for nobody

    def meet(self, child):
        """From now on it is `child`'s, whose input and output are pipes (process.start)."""
        self.child = child
        process.tell(child, f"source {SCRIPT}\n")

    def close(self):
        """No more is said to it; it may be said twice."""
        if self.script is not None:
            os.close(self.script)
            self.script = None

    def listen(self):
        """What it says up to the end of its answer; None if it has ended instead."""
        mark = self.mark()
        self.number += 1
        self.searched = self.start
        while (at := self.heard.find(mark, self.searched)) < 0:
            self.searched = max(self.start, len(self.heard) - len(mark))
            if not self.hear():
                return None
        text = self.heard[self.start:at].decode(errors="replace")
        self.start = at + len(mark)
        return text

    def mark(self):
        """What it says at the end of the answer that is being listened to: the next number."""
        return b"0x%x %d\n" % (self.number, self.number)

    def hear(self):
        """Takes in what it says next; False if it has ended, or has said too much."""
        more = os.read(self.child.stdout.fileno(), 65536)
        if not more:
            return False
        self.heard += more
        if self.heard.endswith(QUESTION):
            process.tell(self.child, "die\n" if self.asked else "debug\n")
            self.asked = True
        if len(self.heard) > self.limit:
            os.kill(self.child.pid, signal.SIGXFSZ)
            return False
        return True

    def ask(self, *commands):
        """Its answers to `commands`, which it gets all at once; None from where it ended."""
        os.write(self.script, "".join(f"{command}\n? {self.number + place}\n" for place, command
                                      in enumerate(commands)).encode("ascii"))
        return [self.listen() for _ in commands]
