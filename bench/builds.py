"""The build: every lab from clean, with two jobs; and once more, when nothing is to be done."""

import shutil

from bench import inner, rounds

TITLE = "The build"
GOALS = {"from clean, -j2": 2, "nothing to do": 0.3}
WANTED = ", ".join(f"{what}: {most} s" for what, most in GOALS.items())
WHY = "Each file is a gcc of its own. How much of the time that takes was not measured."


def measure(folder, quick):
    """A row for each."""
    place = inner.solved_tree(folder / "tree")
    command = ["make", "-s", "-C", str(place), "-j2", "labs"]
    times = rounds.in_turn({
        "from clean, -j2": lambda: rounds.seconds(command, before=lambda: shutil.rmtree(
            place / "build", ignore_errors=True)),
        "nothing to do": lambda: rounds.seconds(command)}, 3 if quick else 9)
    for what, taken in times.items():
        yield {"what": what, "seconds": rounds.figure(taken)}


def reached(rows):
    """Whether both goals are reached."""
    return all(row["seconds"].median <= GOALS[row["what"]] for row in rows)
