"""What the fuzzing tests have found, each as small as it gets; and how many cases they have."""

import sqlite3
from types import SimpleNamespace

import pytest

from grading import intake, judge, lab, log
from grading.classroom import work
from grading.classroom.book import opened
from grading.emulators import bochs_record, qemu
from grading.errors import UsageError
from grading.tests.fuzz import records, test_boots, test_files, test_records
from grading.witness import Memory


def again(record, run):
    """What a Run that differs from a record's is judged."""
    return judge.judge(record.of.rubric(), record.challenge,
                       log.read(run.serial, record.lab), run)


# ---- Records. -------------------------------------------------------------------

def gave_up(record):
    """What the debugger said of a CPU that gave up, in a record."""
    said = record.files["output"].decode()
    return said[said.rindex("Next at t="):]


def test_a_task_in_which_the_cpu_gave_up_has_cr3(kept):
    """Lab 05 compares it: on Bochs, a TSS without a stack for ring 0 was a traceback."""
    record = kept("behind-cr3")
    assert [trap.cr3 for trap in record.run.traps if trap.v86] \
        == [record.run.symbols["pool"] + record.challenge.tasks[0].directory * 4096]


@pytest.mark.parametrize("line", ["gs:0x", "rax: ", "rip: ", "CR0=", "EFER=", "eflags 0x"])
def test_a_state_that_lacks_a_line_is_no_state(line, kept):
    text = gave_up(kept("behind-cr3"))
    assert bochs_record.parse_end(text) and line in text
    assert bochs_record.parse_end(text.replace(line, "?")) is None


def test_a_block_that_is_cut_off_before_cr3_is_no_exception(kept):
    text = kept("01-vm86trap-qemu").files["witness.log"].decode()
    end = text.rindex(" CR3=")
    assert len(qemu.parse(text[:end])) == len(qemu.parse(text[:text.rindex("v=0d")]))


def test_lab_05_without_cr3(kept):
    """Where the debugger's answer lacked it."""
    record = kept("05-cr3-exercise-bochs")
    run = record.run._replace(traps=[trap._replace(cr3=None) for trap in record.run.traps])
    assert again(record, run)[0].got.startswith("not recorded")


@pytest.mark.parametrize("name", ["host_gdt", "host_tss", "host_idt"])
def test_lab_03_with_a_structure_that_was_not_read(name, kept):
    record = kept("03-host-vmx-bochs")
    pieces = dict(record.run.memory.pieces)
    del pieces[record.run.symbols[name]]
    assert again(record, record.run._replace(memory=Memory(pieces)))[6].status != "PASS"


# ---- Files. -----------------------------------------------------------------------

def test_a_name_with_a_line_break_is_told_in_one_line(tmp_path):
    (tmp_path / "a\n\x1b[2Jall: 100 of 100.zip").write_bytes(b"PK")
    with pytest.raises(UsageError) as error:
        intake.labs_in(tmp_path, lab.all_labs())
    assert str(error.value).isprintable()


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"{}", b'{"results": 1}', b"\xff", b"[" * 9999,
                                  b'[{"lab": 1}]', b'{"results": [{}]}'])
def test_a_damaged_result_is_told_in_one_line(text, tmp_path):
    (tmp_path / "key.json").write_bytes(text)
    with pytest.raises(UsageError, match="key.json"):
        work.result(SimpleNamespace(spool=tmp_path), "key")


@pytest.mark.parametrize("statement", ["UPDATE grades SET results = '{'", "DELETE FROM seeds",
                                       "UPDATE grades SET results = x'ff'", "DROP TABLE grades",
                                       "UPDATE grades SET results = '1.5'",
                                       "UPDATE grades SET results = '[{}]'",
                                       "UPDATE grades SET results = printf('%.9999c', '[')",
                                       "UPDATE grades SET results = CAST(x'ff' AS TEXT)"])
def test_a_damaged_book_is_told_in_one_line(statement, tmp_path):
    with opened(tmp_path / "book") as book:
        book.add("ab", "grader", book.seed(7), [{"verdict": "PASS"}])
        book.connection.execute(statement)
        book.connection.execute("CREATE TRIGGER no BEFORE INSERT ON seeds "
                                "BEGIN SELECT RAISE(IGNORE); END")
        with pytest.raises(UsageError) as error:
            book.seed(7)
            book.results("ab", "grader", 7)
    assert "\n" not in str(error.value)


def test_a_seed_that_sqlite_does_not_hold(tmp_path):
    with opened(tmp_path / "book") as book, pytest.raises(UsageError, match="SEED"):
        book.add("ab", "grader", 1 << 63, [{"verdict": "PASS"}])


def test_a_book_with_a_page_missing(tmp_path):
    path = tmp_path / "book"
    with opened(path) as book:
        for number in range(500):
            book.add(f"{number:064x}", "grader", 7, [{"verdict": "PASS"}])
    path.write_bytes(path.read_bytes()[:8192] + bytes(path.stat().st_size - 8192))
    with pytest.raises(UsageError, match="book"), opened(path) as book:
        book.done("grader", 7)
    sqlite3.connect(path).close()


@pytest.mark.parametrize("seed", ["x", -1, 1.5])
def test_a_book_with_a_damaged_seed(tmp_path, seed):
    path = tmp_path / "book"
    with opened(path) as book:
        book.seed(7)
        book.connection.execute("UPDATE seeds SET seed = ?", (seed,))
        with pytest.raises(UsageError, match="its seed is damaged"):
            book.seed(7)


# ---- How many. -------------------------------------------------------------------

@pytest.mark.parametrize(("depth", "least"), [(0, 300), (1, 2000)], ids=["short", "long"])
def test_how_many_cases_there_are(depth, least):
    """The tests themselves fail if they do fewer."""
    names = len(records.NAMES)
    parts = {
        "records": sum((test_records.SLOW_RECORDS if name in test_records.SLOW
                        else test_records.RECORDS)[depth] for name in records.NAMES),
        "runs": names * test_records.RUNS[depth],
        "boots": (test_boots.SHORT, test_boots.LONG)[depth],
        **{name.lower(): getattr(test_records, name)[depth] for name in ("LOGS", "IMAGES")},
        **{name.lower(): getattr(test_files, name)[depth] for name in
           ("ARCHIVES", "FOLDERS", "SPOOLS", "BOOKS", "PAGES")}}
    print(parts, sum(parts.values()))
    assert sum(parts.values()) >= least, parts
