"""Where the programs are built: once for each process that runs tests."""

import pytest

from common.tests import support


@pytest.fixture(scope="session")
def out(tmp_path_factory):
    """A folder that no other process uses."""
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="session")
def loader(out):
    """The path of boot.bin."""
    return support.build_loader(out)
