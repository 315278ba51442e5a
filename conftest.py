"""For all tests: the labs' sources, and the closing line `N passed, N failed`."""

import ctypes
import os
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from grading import process  # noqa: E402

# Tests type commands as a person does, whichever make has started us.
for name in process.OF_MAKE:
    os.environ.pop(name, None)

# And whoever sends a signal is heard, though we may be behind nohup, or in the background. Not by
# signal.signal(): a worker imports this in a thread, where that is not allowed.
if "PYTEST_XDIST_WORKER" in os.environ:
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        ctypes.CDLL(None).signal(int(number), None)  # SIG_DFL

# A lab without a Makefile is in work: it does not count yet.
collect_ignore = [str(folder) for folder in (ROOT / "labs").iterdir()
                  if not (folder / "Makefile").exists()]


def pytest_report_header(config):
    """Which tools the tests run with; a warning if one is new."""
    from everywhere import tried
    return tried.header(tried.versions(ROOT / "build"))


def pytest_unconfigure(config):
    """The last line: what was counted, in a form that any script can read."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not reporter or hasattr(config, "workerinput"):
        return
    count = {name: len(reporter.stats.get(name, [])) for name in
             ("passed", "failed", "error", "skipped")}
    print(f"{count['passed']} passed, {count['failed'] + count['error']} failed, "
          f"{count['skipped']} skipped")


@pytest.fixture(scope="session", name="chromium")
def fixture_chromium(tmp_path_factory):
    """The browser of all tests of a process."""
    from grading.tests import browser
    driver = browser.start(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()
