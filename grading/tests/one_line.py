"""What the tests of bad input share: a PATH that lacks a program, and the one line."""

import shutil

TOOLS = ("sh", "make", "gcc", "as", "ld", "nm", "ar", "objcopy", "dd", "cat", "mkdir", "rm")


def path_with(folder, tools):
    """A folder for PATH that holds links to these programs and no others."""
    folder.mkdir()
    for tool in tools:
        found = shutil.which(tool)
        if found:
            (folder / tool).symlink_to(found)
    return folder


def assert_one_line(done, *words):
    """It failed as it should: one line on stderr that has these words in it."""
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.endswith("\n")
    for word in words:
        assert word in done.stderr
