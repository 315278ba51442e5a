"""Who changed what: the guest between an entry and an exit, the monitor from there to the next.

Both are known only where somebody has looked. `exits` below: how many there have been so far.
"""

from debug.bochs_vmcs import GENERAL

SHARED = (*GENERAL, "RIP", "RFL", "CR0", "CR3", "CR4")  # what both can change


class Watch:
    """The guest (a cpu.State) at the last entry and at the last exit."""

    def __init__(self):
        self.entered = None  # when it was entered last, if that was seen
        self.left = None  # when it was left last, if that was seen and not told yet
        self.left_at = 0  # the number of that exit

    def leave(self, guest, exits):
        """An exit: the guest, or None if it cannot be had. What it was when it was entered."""
        before, self.entered = self.entered, None
        self.left, self.left_at = guest, exits
        return before

    def seen(self, exits):
        """True if the last exit was seen."""
        return self.left_at == exits

    def changed(self, entry, exits):
        """Lines for an entry ("VMLAUNCH"): what the monitor changed since the exit, said once."""
        if not self.left or not self.entered or not self.seen(exits):
            return []
        old, new, self.left = self.left.registers, self.entered.registers, None
        if entry == "VMLAUNCH":  # of another VMCS, or of the same after VMCLEAR
            return [f"VMLAUNCH starts a guest; it does not go on from exit {self.left_at}"]
        found = [f"{name} {old[name]:x} -> {new[name]:x}" for name in SHARED
                 if old[name] != new[name]]
        return [f"since exit {self.left_at} the monitor changed {', '.join(found) or 'nothing'}"]
