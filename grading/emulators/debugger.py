"""A conversation with Bochs' internal debugger: commands, and what it says to them."""

import os
import signal

from grading import process


QUESTION = b"Choose one of the actions above: [die] "  # after a panic, on the same stream


class Debugger:
    """The debugger of a Bochs whose input and output are pipes (process.start)."""

    def __init__(self, child, limit):
        """`limit`: how many bytes it may say in all, as if it wrote them to a file."""
        self.child = child
        self.limit = limit
        self.heard = bytearray()  # all of it
        self.start = 0  # of what has not been given out yet
        self.asked = False  # what to do after a panic
        self.answers = 0  # how many were listened to: its prompts are numbered

    def listen(self):
        """What it says up to its next prompt; None if it has ended instead."""
        self.answers += 1
        prompt = b"<bochs:%d> " % self.answers
        at = self.heard.find(prompt, self.start)
        while at < 0:
            searched = max(self.start, len(self.heard) - len(prompt))
            more = os.read(self.child.stdout.fileno(), 65536)
            if not more:
                return None
            self.heard += more
            if self.heard.endswith(QUESTION):
                process.tell(self.child, "die\n" if self.asked else "debug\n")
                self.asked = True
            if len(self.heard) > self.limit:
                os.kill(self.child.pid, signal.SIGXFSZ)
                return None
            at = self.heard.find(prompt, searched)
        text = self.heard[self.start:at].decode(errors="replace")
        self.start = at + len(prompt)
        return text

    def ask(self, *commands):
        """Its answers to `commands`, which it gets all at once; None from where it ended."""
        process.tell(self.child, "".join(command + "\n" for command in commands))
        return [self.listen() for _ in commands]
