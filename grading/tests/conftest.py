"""What is built once for each process that runs tests."""

import pytest

from grading.tests import programs


@pytest.fixture(scope="session", name="program")
def fixture_program(tmp_path_factory):
    """What builds programs.build(…, end, bits), each once: (image, symbols)."""
    built = {}

    def build(end, bits=32):
        if (end, bits) not in built:
            folder = tmp_path_factory.mktemp("programs") / f"program{len(built)}"
            built[end, bits] = programs.build(folder, end, bits)
        return built[end, bits]
    return build
