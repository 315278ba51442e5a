"""Random and damaged logs, records, runs, images and symbols through the modules that read
them: a verdict, or one line that says what is wrong; never a traceback, never a hang.

Hand-ins and the results of a class are in test_files.py, damaged images that are booted
in test_boots.py, what was found and mended in test_found.py.
"""

import pytest

from grading import image, log
from grading.errors import UsageError
from grading.tests.fuzz import records, runs
from grading.tests.fuzz.cases import DEPTHS, run
from grading.tests.fuzz.damage import damaged, number, replace
from grading.tests.fuzz.judging import judged
from grading.watch import watch

SLOW = {"03-host-vmx-bochs", "04-vmlaunch-bochs", "05-cr3-exercise-bochs", "05-cr3-vmx-bochs",
        "behind-cr3", "in-long-mode"}  # whose debugger has said megabytes

# How many cases of each part: in `make check`, in `make check-full`.
RECORDS, SLOW_RECORDS, RUNS, LOGS, IMAGES = (5, 60), (1, 40), (7, 60), (30, 300), (30, 200)


@pytest.mark.parametrize("name", records.NAMES)
def test_a_record_is_read_again_as_it_was(name, kept, tmp_path):
    """Or all that follows would be about nothing."""
    record = kept(name)
    again = records.untouched(record, tmp_path)._replace(symbols=record.run.symbols)
    memory = again.memory.pieces
    assert memory == record.run.memory.pieces
    assert again._replace(memory=record.run.memory) == record.run
    verdicts = judged(record, record.challenge, again, every_format=True)
    assert {verdict.status for verdict in verdicts} == {"PASS"} or record.run.reset


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("name", records.NAMES)
def test_damaged_records(name, depth, kept, tmp_path):
    """What an emulator has left, with parts missing, doubled, wrong."""
    record = kept(name)
    challenge, count = record.challenge, (SLOW_RECORDS if name in SLOW else RECORDS)[depth]

    def case(chance):
        boot = records.damage(chance, record, tmp_path)
        judged(record, challenge, boot, not chance.randrange(8))
    assert run(f"records {name}", count, case) >= count


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("name", records.NAMES)
def test_damaged_runs(name, depth, kept):
    """What no boot has made, though another might."""
    record = kept(name)
    challenge = record.challenge

    def case(chance):
        boot = runs.run(chance, record.run, record.own)
        judged(record, challenge, boot, not chance.randrange(8))
    assert run(f"runs {name}", RUNS[depth], case) >= RUNS[depth]


@pytest.mark.parametrize("depth", DEPTHS)
def test_damaged_logs(depth, kept):
    """Whatever stands in a serial log, it is read, and what is read is of the right kind."""
    record = kept(records.NAMES[0])
    serial = record.files["serial.log"]

    def case(chance):
        data = damaged(chance, serial, 12) if chance.randrange(4) else replace(chance, serial)
        said = log.read(data, record.lab)
        assert all(name.isascii() and 0 <= value < 1 << 64 for name, value in said.facts)
        assert not said.end or said.begins
        for group in said.groups("task").values():
            assert len(group.facts) < len(said.facts)
        assert len(said.numbered("dry.decode", 48)) == 48
        assert said.exception is None or log.printable(said.exception) == said.exception
    assert run("logs", LOGS[depth], case) >= LOGS[depth]


@pytest.mark.parametrize("depth", DEPTHS)
def test_damaged_images_and_symbols(depth, kept, tmp_path):
    """A symbol that is gone is a KeyError for nobody: the linker script makes those we need,
    and a name that is there twice is told before anything is looked up."""
    record = kept("04-vmlaunch-bochs")
    rubric, path = record.of.rubric(), tmp_path / "it.sym"

    def case(chance):
        path.write_bytes(damaged(chance, record.symbols))
        found, forged = image.read_symbols(path), image.forged(path)
        assert all(value >= 0 for value in found.values())
        assert forged is None or len(forged) <= 40
        disk = path.with_suffix(".img")
        disk.write_bytes(damaged(chance, record.image))
        known = record.run.symbols | {name: number(chance, value) for name, value in
                                      record.run.symbols.items() if not chance.randrange(20)}
        looking = watch(record.of, rubric, disk, known)
        assert set(looking.vmx.values()) <= {"vmlaunch", "vmresume", "vmxoff", "vmread",
                                             "vmwrite", "vmptrld", "vmptrst", "vmxon", "vmclear"}
        with_challenge(disk, known[rubric.REGION])
        bootable(chance, disk.read_bytes())
    assert run("images", IMAGES[depth], case) >= IMAGES[depth]


def with_challenge(disk, region):
    """The challenge is in the image, or the one complaint that there is."""
    try:
        data = image.with_challenge(disk, region, b"challenge")
    except ValueError as error:
        assert "outside the image" in str(error)
    else:
        assert len(data) == disk.stat().st_size and b"challenge" in data


def bootable(chance, data):
    """A disk, or the one line that says why not."""
    try:
        disk = image.disk_image(data[:512], data[512:] if chance.randrange(2) else data)
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert len(disk) % image.IMAGE_BYTES == 0 and disk
