"""An example of a hidden check: an emulated instruction must not take the guest's time.

The CPU's record (run.vm) has each VM exit and each VM entry, with the number of
instructions since the CPU's reset.
"""

from grading.rubric import PASSED, failed
from grading.witness import VmEntry, VmExit

EXCEPTION = 0  # exit reason: the guest's mov %cr0, reg
MOST = 2000  # instructions from such an exit to the entry behind it; the solution takes 152


def check(challenge, log, run):
    """04-6 fails if one takes more. (A launch is no answer to the exit in front of it.)"""
    taken = [entry.time - before.time for before, entry in zip(run.vm, run.vm[1:])
             if isinstance(before, VmExit) and before.reason == EXCEPTION
             and isinstance(entry, VmEntry) and entry.how == "vmresume"]
    if max(taken, default=0) <= MOST:
        return {"04-6": PASSED}
    return {"04-6": failed(f"at most {MOST} instructions from exit to entry", str(max(taken)))}
