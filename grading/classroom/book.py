"""The book of a class's grades: an SQLite database that a kill at any moment leaves whole.

A grade is known by the submission's hash, the grader's and the seed. What is in the book
stays: only an ERROR, which is our fault, is replaced by a later grade of the same.
"""

import json
import sqlite3
from contextlib import closing, contextmanager

from grading.classroom.records import results_in
from grading.errors import UsageError

SCHEMA = """
CREATE TABLE IF NOT EXISTS grades (
    submission TEXT NOT NULL,  -- folder.HandIn.sha256
    grader     TEXT NOT NULL,  -- which grader, tools and options
    seed       INTEGER NOT NULL,
    status     TEXT NOT NULL,  -- GRADED, whatever the grade; or ERROR: we failed
    results    TEXT NOT NULL,  -- JSON: report.result()'s
    PRIMARY KEY (submission, grader, seed)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seeds (seed INTEGER NOT NULL);
"""
VERSION = 1  # of the schema; in the database's user_version


class GradeBook:
    """An open book. Every call is one transaction; UsageError if the file is damaged."""

    def __init__(self, path):
        """Opens the book, or makes one; UsageError if `path` is something else."""
        self.path = path
        with self.whole():
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=60)
            version, = self.connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                raise UsageError(f"{path} is of another version of this course's grader; "
                                 "name another file with --db")
            self.connection.executescript(f"{SCHEMA} PRAGMA user_version = {VERSION};")

    @contextmanager
    def whole(self):
        """What goes wrong in here is the file's fault."""
        try:
            yield
        except OverflowError:
            raise UsageError("SEED: a number below 2**63 is wanted for a class") from None
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise UsageError(f"{self.path} is no book of grades ({error}); name another file "
                             "with --db") from None

    def seed(self, fresh):
        """The seed of this class: the first that it was graded with; `fresh` if there is none."""
        with self.whole():
            self.connection.execute(
                "INSERT INTO seeds SELECT ? WHERE NOT EXISTS (SELECT * FROM seeds)", (fresh,))
            seed, = self.connection.execute("SELECT seed FROM seeds").fetchone()
            if not isinstance(seed, int) or seed < 0:
                raise ValueError("its seed is damaged")
            return seed

    def add(self, submission, grader, seed, results):
        """Enters a grade; one that is there already stays, if it is no ERROR."""
        failed = any(values["verdict"] == "ERROR" for values in results)
        with self.whole():
            self.connection.execute(
                "INSERT INTO grades VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "status = excluded.status, results = excluded.results WHERE status = 'ERROR'",
                (submission, grader, seed, "ERROR" if failed else "GRADED",
                 json.dumps(results)))

    def done(self, grader, seed):
        """The submissions that need no grading any more: all in the book but ERRORs."""
        with self.whole():
            rows = self.connection.execute(
                "SELECT submission FROM grades WHERE grader = ? AND seed = ? "
                "AND status <> 'ERROR'", (grader, seed))
            return {submission for submission, in rows}

    def results(self, submission, grader, seed):
        """What is known of a submission; none if it was not graded."""
        with self.whole():
            row = self.connection.execute(
                "SELECT results FROM grades WHERE submission = ? AND grader = ? AND seed = ?",
                (submission, grader, seed)).fetchone()
            return results_in(row[0]) if row else []

    def close(self):
        """Closes the book; SQLite then tidies up beside it."""
        self.connection.close()


def opened(path):
    """A GradeBook for a `with` statement."""
    return closing(GradeBook(path))
