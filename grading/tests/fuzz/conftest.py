"""The records that all tests of this folder damage."""

import pytest

from grading.tests.fuzz import records
from grading.tests.fuzz.cases import budget


@pytest.fixture(scope="session", name="kept")
def fixture_kept(tmp_path_factory):
    """What gives a record by its name."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "fuzz"
    known = {}

    def kept(name):
        if name not in known:
            known.clear()  # some are large
            with budget():
                known[name] = records.recorded(name, folder)
        return known[name]
    return kept
