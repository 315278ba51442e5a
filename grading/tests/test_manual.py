"""manual.py: every name of the tables in common/ is found, and said as the manual says it."""

import pytest

from grading import manual
from grading.lab import ROOT


@pytest.mark.parametrize("file, pattern, entry", [
    ("vmx_names.c", manual.REASON, "[EXIT_REASON_"),
    ("vmcs_names.c", manual.FIELD, "{ VMCS_")])
def test_no_entry_of_a_table_is_left_out(file, pattern, entry):
    entries = (ROOT / "common" / file).read_text().count(entry)
    assert len(manual.table(file, pattern)) == entries > 50


def test_names_are_the_manual_s():
    assert manual.exit_reason(28) == "control-register access" and "77" in manual.exit_reason(777)
    assert manual.vmcs_field(0x681E) == "guest RIP" and manual.vmcs_field(0x6C16) == "host RIP"
    assert manual.vmcs_field(0x2801).endswith("high half") and "0x7777" in manual.vmcs_field(0x7777)


def test_qualifications_are_said_in_words():
    assert manual.qualification(28, 0x213) == "mov CR3 to rdx"
    assert manual.qualification(28, 3) == "mov rax to CR3"
    assert manual.qualification(30, 0x3FD0008) == "in from port 0x3fd, 1 byte"
    assert manual.qualification(10, 1) == ""
