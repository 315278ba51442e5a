"""What somebody should look at before the points of a class are published.

    Rows of the Summary -> groups() -> [Group]

A student may be in several groups, and in one of them once for each program.
"""

from typing import NamedTuple

from grading.classroom import summary


class Group(NamedTuple):
    """Students for whom there is the same to be done."""

    name: str  # of a group in the page's style
    title: str  # what is so of these students
    advice: str  # what to do, a sentence
    found: list  # (Row, why: a text, or nothing)

    @property
    def students(self):
        """How many they are."""
        return len({row.number for row, _ in self.found})


def groups(rows):
    """The Groups that have somebody in them, the most urgent first."""
    every = (
        Group("failed", "the grader failed, not the student", "Run the class again.",
              [(row, "") for row in rows if row.verdict == "ERROR"]),
        Group("refused", "refused", "Mend the upload, or ask for another one.",
              [(row, row.student.refused) for row in rows if row.verdict == summary.REFUSED]),
        Group("unbuilt", "0 points for a program that does not build, or lacks a file",
              "Often it is one line. Tell them today.",
              [(row, f"{result['lab']}: {result['exercises'][0]['got']}") for row in rows
               for result in row.student.results if summary.unbuilt(result)
               and all(change.lab != result["lab"] for change in row.student.changes)]),
        Group("notes", "something to know", "Read it.",
              [(row, row.student.note) for row in rows if row.student.note]),
        Group("by-hand", "points set by hand", "Still what you want?",
              [(row, change.told()) for row in rows for change in row.student.changes]),
        Group("absent", "nothing handed in", "Ask, if they are many.",
              [(row, "") for row in rows if row.student.absent]),
    )
    return [group for group in every if group.found]
