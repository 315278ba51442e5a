"""The same on QEMU. It records each exception with all registers, but counts no instructions:
the order is all there is, and ways back are not seen. The bytes of the log come into the same
record, by a trace event of QEMU's serial port, so that their place among the exceptions is known.
"""

import re

from grading import process
from grading.binutils import LONGEST
from grading.emulators import qemu
from grading.image import offset_in_image

from timeline import names, story
from timeline.binary import disassemble

WRITE = re.compile(r"^serial\w*_write write addr 0x0([03]) val 0x([0-9a-f]{2})", re.MULTILINE)
DLAB = 0x80  # of the line-control register: writes to 0 are the divisor's


class Recorder(qemu.Boot):
    """One boot whose record has the bytes of the log in it, too."""

    def let_go(self, watch):
        process.tell(self.child, "trace-event serial_write on\n")
        super().let_go(watch)


def story_of(run, lanes, witness, disk):
    """The Story of a Run: an event for each exception. Their code is read from the disk: what
    a program changes in its own code is not seen."""
    begins = [match.start() for match in qemu.BLOCK.finditer(witness) if match[5] == "0"]
    sent, all_sent = sent_before(witness, begins)
    codes = [code_of(trap, disk) for trap in run.traps]
    said = {bits: disassemble([code for code, size in codes if code and size == bits], bits)
            for bits in (16, 32)}
    events = []
    for number, (trap, (code, bits)) in enumerate(zip(run.traps, codes)):
        lane = story.GUEST3 if trap.v86 else story.zero(lanes)
        event = story.Event(number, "trap", names.vector_name(trap.vector), lane,
                            story.zero(lanes), names.fault_facts(trap.vector, trap.error, trap.cr2),
                            story.task_values(trap), sent=sent[number] if number < len(sent) else 0)
        text, length = said[bits].get(code, ("", 0))
        if length:
            place = f"{event.registers.get('cs', 0):04x}:{trap.ip:04x}"
            event.code = (trap.linear, code[:length].hex(), text, place)
        events.append(event)
    return story.Story(events, lanes, False, all_sent == len(run.serial))


def code_of(trap, disk):
    """(bytes at the trap's instruction, or none; their size: 16 or 32)."""
    start = offset_in_image(trap.linear) if trap.linear else -1
    inside = 0 <= start < len(disk) - LONGEST
    return disk[start:start + LONGEST] if inside else b"", 16 if trap.v86 else 32


def sent_before(witness, places):
    """How many bytes of the log were sent before each of `places` in the record; and in all."""
    counts, count, divisor, writes = [], 0, False, list(WRITE.finditer(witness))
    number = 0
    for place in [*places, len(witness)]:
        while number < len(writes) and writes[number].start() < place:
            address, value = writes[number].groups()
            if address == "3":
                divisor = bool(int(value, 16) & DLAB)
            elif not divisor:
                count += 1
            number += 1
        counts.append(count)
    return counts[:-1], counts[-1]
