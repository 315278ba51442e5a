"""A debugger of Bochs that is played: by a list of answers."""

from grading.emulators.bochs_stops import Stops
from grading.witness import Watch

WATCH = Watch(((0x2000, 7), (0x3001, 9)), (0x100,), {0x200: "vmxon", 0x400: "vmwrite"})


def stands(address, instruction):
    """The end of what the debugger says at a stop."""
    return f"Next at t=5\n(0) [{address:#014x}] 0008:{address:016x} (unk. ctxt): {instruction}\n"


class Script:
    """A debugger that gives these answers, whatever it is asked; and keeps what it was."""

    def __init__(self, *answers):
        self.answers, self.told = list(answers), []

    def ask(self, *commands):
        self.told.append(commands)
        return [self.answers.pop(0) if self.answers else None for _ in commands]


def stops(watch=WATCH, answers=(), **state):
    """Stops in that state."""
    made = Stops()
    made.watch, made.debugger = watch, Script(*answers)
    for name, value in state.items():
        setattr(made, name, value)
    return made


def rip(address):
    """What is said to `r`, as far as it matters."""
    return f"rip: 00000000_{address:08x}\n"
