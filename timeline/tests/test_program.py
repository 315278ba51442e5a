"""timeline/timeline, as it is called: what it compares, where it writes, what it refuses."""

import subprocess

from grading import lab

PROGRAM = lab.ROOT / "timeline" / "timeline"


def call(*arguments, **options):
    """Runs the program; the finished process."""
    return subprocess.run([PROGRAM, *map(str, arguments)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False, **options)


def test_labs_are_compared_one_after_the_other(tmp_path):
    """They are built in folders of their own: the files of one are not those of another."""
    for name in ("05-cr3-exercise", "01-vm86trap"):
        done = call(name, "--emu", "qemu", "--compare", "reference", "--text", "--out", tmp_path)
        assert done.returncode == 0, done.stderr
        assert "compared with the reference: alike to the end" in done.stdout
