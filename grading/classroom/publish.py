"""Last stage: gradebook, report, and what students may have of both, as files in a folder."""

from grading.classroom import filled, gradebook, page
from grading.formats import write


def everything(known, labs, to, table=None):
    """Writes gradebook, report, what students may have of both, and `table`, the platform's own with
    the points in it, if it is wanted; the paths."""
    written = {"grades.csv": gradebook.students(known, [each.name for each in labs]),
               "exercises.csv": gradebook.exercises(known),
               "publish.csv": gradebook.sums(known),
               "report.html": page.render(known)}
    if table is not None:
        written[filled.NAME] = table
    for name, text in written.items():
        write(text, to / name)
    give_feedback(known, to / "feedback")
    return [*(to / name for name in written), to / "feedback"]


def give_feedback(known, to):
    """A file for each student in the folder `to`. What a run before has written there goes; what
    else somebody has put there, stays."""
    to.mkdir(exist_ok=True)
    listed = to / ".written"
    before = listed.read_text(encoding="utf-8", errors="replace").split("\n") if listed.exists() else []
    for name in before:
        if name and "/" not in name:
            (to / name).unlink(missing_ok=True)
    texts = dict(gradebook.feedback(known))
    write("\n".join(texts), listed)
    for name, text in texts.items():
        write(text, to / name)
