"""On a PC without a serial port: what a program has said is on the screen, when it is over.

On QEMU alone, without the port that powers it off: its monitor shows the memory of the screen
and presses keys.
"""

import pytest

from common.tests import support
from common.tests.session import Session

MORE = "-- a key shows more --"
ROWS = 24
KEPT = 8192  # bytes (common/serial.h)
MAIN = """\
#include "leave.h"
#include "print.h"
#include "report.h"
#include "serial.h"

void main(void)
{
        serial_init();
        report_begin(LAB_NAME, 0);
        %s
        report_end();
        leave();
}
"""
LINES = 'for (unsigned i = 0; i < %d; i++) report("line", i);'
WIDE = 'for (int i = 0; i < 8; i++) { print("0123456789"); } print("\\n"); print("behind\\n");'


def program(out, name, body, bits):
    """The bytes of the image of a program with that in main()."""
    folder = out / f"{name}-{bits}"
    folder.mkdir()
    (folder / "main.c").write_text(MAIN % body)
    (folder / "Makefile").write_text(f"BITS := {bits}\nEMULATORS := qemu\nGIVEN := main.c\n"
                                     f"include {support.PROGRAMS.parents[1]}/lab.mk\n")
    support.run("make", "-s", "-C", folder, "image", f"OUT={folder}/out")
    return (folder / "out" / folder.name / f"{folder.name}.img").read_bytes()


def pc(disk, tmp_path):
    """A Session on a machine where powering off does nothing."""
    return Session("qemu", disk, tmp_path / "boot", can_power_off=False)


def shown(session):
    """The lines on the screen that are not empty."""
    return [line for line in session.screen() if line]


def page(session, before=None):
    """The lines above the question, once they are not those of the page `before`."""
    while (lines := shown(session))[-1:] != [MORE] or lines[-1 - ROWS:-1] == before:
        pass
    return lines[-1 - ROWS:-1]


def read_on(session, pages):
    """The lines of the next `pages` pages, with a key for each."""
    seen, last = [], None
    for _ in range(pages):
        last = page(session, last)
        seen += last
        session.monitor("sendkey spc")
    return seen


def whole_log(name, count):
    """What a program with LINES says."""
    return [f"[{name}] begin 0x00000000", *(f"@ line {n:#x}" for n in range(count)),
            f"[{name}] end"]


@pytest.mark.parametrize("bits", (32, 64))
def test_a_short_log_is_shown_at_once(bits, tmp_path):
    disk = program(tmp_path, "short", LINES % 3, bits)
    with pc(disk, tmp_path) as session:
        serial = session.wait_for(support.REBOOT)
        lines = shown(session)
    wanted = [*whole_log(f"short-{bits}", 3), support.REBOOT.decode().strip()]
    assert lines[-len(wanted):] == wanted
    assert serial.decode().replace("\r", "").splitlines() == wanted


def test_a_long_log_is_shown_page_by_page(tmp_path):
    log = whole_log("long-32", 2 * ROWS + 5)
    disk = program(tmp_path, "long", LINES % (2 * ROWS + 5), 32)
    with pc(disk, tmp_path) as session:
        seen = read_on(session, 2)
        session.wait_for(support.REBOOT)
        lines = shown(session)
    assert seen == log[:2 * ROWS]
    assert lines[2 * ROWS - len(log) - 1:-1] == log[2 * ROWS:]


def test_a_line_as_wide_as_the_screen_takes_two_rows_as_on_any_terminal(tmp_path):
    disk = program(tmp_path, "wide", WIDE, 32)
    with pc(disk, tmp_path) as session:
        session.wait_for(support.REBOOT)
        lines = session.screen()
    at = lines.index("0123456789" * 8)
    assert lines[at + 1:at + 3] == ["", "behind"], lines[at:]


def test_of_a_very_long_log_the_screen_has_the_beginning(tmp_path):
    count = 1000
    log = whole_log("much-32", count)
    kept = "".join(f"{line}\n" for line in log)[:KEPT].split("\n")
    disk = program(tmp_path, "much", LINES % count, 32)
    with pc(disk, tmp_path) as session:
        seen = read_on(session, (len(kept) - 1) // ROWS)
        serial = session.wait_for(support.REBOOT)
    assert seen == kept[:len(seen)]
    assert serial.decode().replace("\r", "").splitlines()[:-1] == log
