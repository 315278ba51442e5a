"""A conversation with Bochs' internal debugger: commands, and what it says to them.

It reads them from a named pipe, as a script that it was told to `source`: at its own prompt
it would echo them, letter by letter, through readline, and in a grade it hears thousands.
Where an answer ends says the answer to one more command, which computes a number.

It writes an answer in some dozens of pieces, and who waited for them would be woken by each.
So they go to a file, and we wait for something else: behind its answers it is to source one
more named pipe, which it cannot open before we do. That says that it is our turn.
"""

import os
import secrets

from grading import process

# What to do after a panic, which it asks at its input: the first time it wants to look, the
# next time to end.
ANSWERS = ("debug\n", "die\n")
SCRIPT = "commands"
TURNS = ("turn0", "turn1")  # by turns: one that is just being closed can be opened at once
CHUNK = 1 << 16  # bytes


class Conversation:
    """What has been heard of a debugger, and where its answers end."""

    def __init__(self):
        self.heard = bytearray()  # all of it
        self.start = 0  # of what has not been given out yet
        self.searched = 0  # up to here there is no end of an answer
        self.number = secrets.randbits(30)  # behind the answer that is being listened to

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
        """Takes in what it has said since; False if there is no more."""
        raise NotImplementedError


class Debugger(Conversation):
    """The debugger of a Bochs that will be started in `folder`, for a grade."""

    def __init__(self, folder):
        super().__init__()
        self.turns = tuple(folder / name for name in TURNS)
        self.turn = 0  # whose it is
        for path in (folder / SCRIPT, *self.turns):
            path.unlink(missing_ok=True)  # of a run that was killed
            os.mkfifo(path)
            path.chmod(0o644)  # in a sandbox it is another user
        self.script = os.open(folder / SCRIPT, os.O_RDWR)  # waits for nobody
        self.output = os.memfd_create("output")  # in memory; Bochs' process.Limits go for it too
        self.ours = [self.script, self.output]  # to be closed

    def meet(self, child):
        """From now on it is `child`'s, whose input is a pipe, and whose output is `output`."""
        process.tell(child, "".join((f"source {SCRIPT}\n", *ANSWERS)))

    def ask(self, *commands):
        """Its answers to `commands`, which it gets all at once; None from where it ended."""
        lines = [f"{command}\n? {self.number + place}\n" for place, command in enumerate(commands)]
        os.write(self.script, f"{''.join(lines)}source {TURNS[self.turn]}\n".encode("ascii"))
        self.wait()
        return [self.listen() for _ in commands]

    def wait(self):
        """Waits until it is our turn."""
        os.close(os.open(self.turns[self.turn], os.O_WRONLY))
        self.turn = 1 - self.turn

    def hear(self):
        """As in Conversation."""
        more = os.pread(self.output, CHUNK, len(self.heard)) if self.ours else b""  # not closed
        self.heard += more
        return bool(more)

    def hang_up(self):
        """It has ended: who waits for an answer, now or later, waits no longer."""
        if self.ours:
            self.ours += [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in self.turns]

    def close(self):
        """No more is said to it; it may be said twice."""
        while self.ours:
            os.close(self.ours.pop())
