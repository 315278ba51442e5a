"""The commands that debug/bochs-debug adds to those of Bochs' debugger.

Each is a method do_NAME of Session; what it prints is for a person. What they need, they
ask the debugger for: a stop at each VM exit (vmexitbp), breakpoints at the program's own
VMLAUNCH and VMRESUME, registers, memory; and the CPU's record has the reason of an exit.
"""

import re

from debug.bochs_machine import POWERED_OFF, REFUSED, Ended
from debug.bochs_vmcs import Complaint, Current
from debug.bochs_view import View
from debug.bochs_watch import Watch
from grading import manual
from grading.emulators.bochs_record import place
from grading.witness import VECTOR_NAMES

CARD = """\
  where            the CPU's mode, the instruction, its name, its source line
  until NAME       go on to a name of the program, or to an address: until theVMM
  exits            go on to the next VM exit; what the guest did, and what it changed
  entry            go on to the next VMLAUNCH or VMRESUME; what the monitor changed
  vmcs [WORD]      the VMCS fields that the program wrote; or those with WORD in the name
  s [N]   n        one instruction, or N; n: a call as one            (these are Bochs' own)
  c                go on: to a breakpoint, to Ctrl-C, or to the end
  r  sreg  creg    registers; segments and tables; control registers
  x /8wx 0x10000   memory by linear address; xp: by physical address; u /5: instructions
  q                the end, or Ctrl-D;  card: this card;  help: all that Bochs knows
"""
EXIT = re.compile(r"VMEXIT reason = (\d+) \((.*?)\).*qualification=0x([0-9a-f]+)")
BREAKPOINT = re.compile(r"^ *(\d+) lbreakpoint ", re.MULTILINE)
ADDRESSES = 1 << 64
CAUGHT = "Caught VMEXIT breakpoint"
LONGEST = 200  # letters of a command for Bochs
RUNNING = {"c", "cont", "continue", "s", "step", "stepi", "n", "next", "p", "source"}  # Bochs'
NO_MORE = "and runs no more; look (where, r, creg, vmcs, xp), then q"


class Session:
    """What is known from one command to the next."""

    def __init__(self, machine, source, version):
        """`version`: "bochs 2.7"."""
        self.machine, self.source = machine, source
        self.view = View(machine, source)
        self.vmcs = Current(machine, source, version)
        self.watch = Watch()
        self.told = False  # that the CPU has given up

    def command(self, line):
        """Does one line of input; False if it ends the session."""
        word, _, argument = line.strip().partition(" ")
        if word in ("q", "quit", "exit"):
            return False
        action = getattr(self, f"do_{word}", None)
        try:
            if action:
                action(argument.strip())
            elif not line.isascii() or len(line) > LONGEST:
                raise Complaint(f"Bochs takes ASCII, and {LONGEST} letters at most")
            elif word in RUNNING and self.machine.gave_up:
                raise Complaint(f"the CPU has given up, {NO_MORE}")
            elif word:
                self.machine.say(line.strip(), passing=True)
                self.news()
        except Complaint as complaint:
            self.print(str(complaint))
        return True

    def print(self, *lines):
        """Lines for the terminal."""
        self.machine.write("".join(f"{line}\n" for line in lines))

    def news(self):
        """What the record has since it was last looked at; refusals are told."""
        events = self.machine.forget()
        for _, text in events:
            if text.startswith(("VMFAIL", "VMENTER FAIL")):
                self.print(f"refused: {text}")
        if self.machine.panic not in ("", POWERED_OFF) and not self.told:
            self.print(f"the CPU gave up: {self.machine.panic}", f"here it stands, {NO_MORE}")
            self.told = True
        return events

    def stopped(self, before):
        """Says that it stopped elsewhere: `before` what was asked for."""
        if not self.machine.gave_up:
            self.print(f"stopped before an {before}:")
        self.do_where()

    # ---- where it stands

    def do_where(self, _=""):
        """Where the CPU stands, and whose it is."""
        state = self.machine.state()
        vmx = self.machine.parameters("cpu0.VMX") if self.source.entries else {}
        world = {(1, 1): ["in the guest: VMX non-root operation"],
                 (1, 0): ["in the host: VMX root operation"]}
        self.print(*world.get((vmx.get("in_vmx"), vmx.get("in_vmx_guest")), []),
                   *self.view.place(state))

    def do_card(self, _=""):
        """The ten commands that matter."""
        self.machine.write(CARD)

    def do_help(self, argument):
        """Ours are on the card; of the rest Bochs speaks."""
        if hasattr(self, f"do_{argument}"):
            return self.do_card()
        self.machine.say(f"help {argument}", passing=True)
        return self.print("and `card` shows what matters, and our own commands")

    # ---- on to somewhere

    def go(self, addresses, at_exit=False):
        """Lets it run to one of `addresses`, or to a VM exit; how the stop opens.

        Breakpoints of the student's own stop it, too.
        """
        if self.machine.gave_up:
            raise Complaint(f"the CPU has given up, {NO_MORE}")
        say = self.machine.say
        theirs = self.breakpoints()
        for address in addresses:
            say(f"lb {address:#x}")
        ours = self.breakpoints() - theirs
        enough = len(ours) == len(addresses)
        toggled = enough and at_exit and self.catch_exits()
        said = say("c") if enough else ""
        for number in ours:
            say(f"delete {number}")
        if not enough:
            raise Complaint("there is no breakpoint left: `info break` lists yours, `delete N` "
                            "gives one back")
        if toggled:
            say("vmexitbp")
        return said

    def breakpoints(self):
        """The numbers of all that there are."""
        return set(BREAKPOINT.findall(self.machine.say("info break")))

    def catch_exits(self):
        """Makes the debugger stop at VM exits; False if it did already."""
        if "enabled" in self.machine.say("vmexitbp"):
            return True
        self.machine.say("vmexitbp")
        return False

    def do_until(self, argument):
        """On to a name or an address."""
        address = self.source.address(argument)
        if address is None:
            try:
                address = int(argument, 0)
            except ValueError:
                like = self.source.like(argument) if argument else []
                raise Complaint(f"until {argument}: no such name in the program"
                                f"{'; there is ' + ', '.join(like) if like else ''}; "
                                "a name or an address is wanted") from None
        if not 0 <= address < ADDRESSES:
            raise Complaint(f"until {argument}: an address has 64 bits")
        self.go([address])
        self.news()
        self.do_where()

    def launches(self):
        """The addresses of the program's VMLAUNCH and VMRESUME."""
        if not self.source.entries:
            raise Complaint("this program has no VMLAUNCH and no VMRESUME")
        return list(self.source.entries)

    def at_entry(self, said):
        """The name of the entry instruction at which a stop is; None if it is elsewhere."""
        return self.source.entries.get(place(said)[0])

    def standing(self):
        """The entry instruction before which the CPU stands now, or None."""
        return self.source.entries.get(self.machine.state().linear)

    def to_entry(self):
        """On to the next VMLAUNCH or VMRESUME, and `entered` is what will run; or None."""
        said = self.go(self.launches())
        self.news()
        name = self.at_entry(said)
        self.watch.entered = self.guest() if name else None
        return name

    def do_entry(self, _=""):
        """The next entry."""
        name = self.to_entry()
        if not name:
            return self.stopped("entry")
        state = self.machine.state()
        self.print(f"{name} comes next, at {state.ip:#x} <{self.source.name(state.ip)}>",
                   *indented(self.source.line(state.ip)))
        if self.watch.entered:
            self.print(*self.view.guest(self.watch.entered),
                       *self.watch.changed(name, self.machine.exits))
        if not self.watch.seen(self.machine.exits):
            self.print(f"(exit {self.machine.exits} went by unseen: what the monitor changed since "
                       "is not known; `exits` would have stopped there)")
        return None

    def do_exits(self, _=""):
        """The next exit."""
        inside = self.machine.parameters("cpu0.VMX").get("in_vmx_guest") \
            if self.launches() else 0
        if inside:
            self.watch.entered = None  # it was entered unseen
        elif name := self.standing():
            self.watch.entered = self.guest()
            self.print(*self.watch.changed(name, self.machine.exits))
        elif name := self.to_entry():
            self.print(*self.watch.changed(name, self.machine.exits))
        else:
            return self.stopped("exit")
        said = self.go(self.launches(), at_exit=True)
        events = self.news()
        exits = [found for _, text in events if (found := EXIT.match(text))]
        if CAUGHT not in said or not exits:
            return self.stopped("exit")
        if REFUSED.match(exits[-1][0]):
            return self.show_refusal(exits[-1])
        return self.show_exit(exits[-1])

    def show_refusal(self, event):
        """An entry that the guest's state was refused by; it arrives where an exit does.

        The CPU has written nothing into the guest-state area. SDM Vol. 3C, "VM-Entry
        Failures During or After Loading Guest State".
        """
        basic, self.watch.entered = int(event[1]), None
        self.print(f"no exit: {manual.exit_reason(basic)} ({basic} and bit 31), "
                   f"qualification {int(event[3], 16):#x}")
        self.show_host()

    def show_exit(self, event):
        """An exit, at which the CPU has just arrived."""
        self.vmcs.check()
        reason, qualification = int(event[1]), int(event[3], 16)
        words = self.event() if not reason else manual.qualification(reason, qualification)
        self.print(f"exit {self.machine.exits}: {manual.exit_reason(reason)} ({reason}), "
                   f"qualification {qualification:#x}{f': {words}' if words else ''}")
        guest = self.guest()
        before = self.watch.leave(guest, self.machine.exits)
        if guest:
            self.print(*self.view.guest(guest, before))
        self.show_host()

    def show_host(self):
        """Where the host goes on."""
        host = self.machine.state()
        self.print(f"the host goes on at {host.ip:#x} <{self.source.name(host.ip)}>",
                   *indented(self.source.line(host.ip)))

    # ---- the guest

    def guest(self):
        """The guest as the VMCS and the general registers have it; None if that cannot be had."""
        try:
            return self.vmcs.guest()
        except Complaint as complaint:
            self.print(f"({complaint})")
            return None

    def event(self):
        """The exception that made an exit. SDM Vol. 3C, "Information for VM Exits Due to
        Vectored Events"."""
        fields = self.vmcs.fields()
        info = fields.named("VM_EXIT_INTERRUPTION_INFORMATION")
        vector = info & 0xFF
        error = fields.named("VM_EXIT_INTERRUPTION_ERROR_CODE") if info >> 11 & 1 else None
        return VECTOR_NAMES.get(vector, f"vector {vector}") \
            + (f", error code {error:#x}" if error is not None else "")

    def do_vmcs(self, argument):
        """The fields of the current VMCS."""
        self.print(*self.vmcs.lines(argument))


def indented(line):
    """The line as a list of none or one."""
    return [f"   {line}"] if line else []


def converse(session, lines):
    """Does line after line, until one ends it, or Bochs has ended; True if Bochs ended."""
    try:
        for line in lines:
            if not session.command(line):
                return False
    except Ended as end:
        session.news()
        session.print(f"{end}.")
        return True
    return False
