"""One site for all tests of a process."""

import pytest

from website.tests import built


@pytest.fixture(scope="session", name="run")
def fixture_run(tmp_path_factory):
    """The process that has built it; its site is in `run.site`."""
    site = tmp_path_factory.mktemp("website") / "site"
    run = built.build(site)
    assert run.returncode == 0, run.stderr
    run.site = site
    return run


@pytest.fixture(scope="session", name="pages")
def fixture_pages(run):
    return built.pages(run.site)
