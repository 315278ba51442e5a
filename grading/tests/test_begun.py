"""Where the CPU began to run a task, of real runs: both emulators write down all of it, and the
rubrics miss each place."""

import pytest

from grading import emulators, grader, image, lab, log
from grading.guest import behind
from grading.tests import support

SEED = 7
LABS = [lab.find("01"), lab.find("02"), lab.find("05-cr3-exercise")]


def places(task):
    """Where the CPU must begin to run it, if that is looked at, and go on behind its traps."""
    starts = {task.start["cs"] * 16 + task.start["ip"]} if hasattr(task, "start") else set()
    if not getattr(task, "skip", True):  # of lab 02: it does not go on
        return starts
    return starts | {behind(trap) for trap in task.guest.traps[:-1]
                     if not getattr(trap, "refused", None)}


@pytest.fixture(scope="module", name="seen", params=[
    (each, name) for each in LABS for name in each.emulators],
    ids=lambda param: f"{param[0].name}-{param[1]}")
def fixture_seen(request, tmp_path_factory):
    """Of the solution: whether all is right in a run in which the CPU began at these places; the
    run; and the places at which its tasks begin and go on."""
    each, name = request.param
    folder = tmp_path_factory.mktemp("begun")
    sources = support.write_sources(each, folder / "sources")
    _, runs = grader.grade(sources, each, emulators.get(name), SEED, support.OUT,
                           work=folder / "work")
    _, challenge = image.challenge_for(each, runs[0].symbols, SEED)
    wanted = set().union(*map(places, challenge.tasks))
    said = log.read(runs[0].serial, each.name)

    def right(begun):
        findings = each.rubric().check(challenge, said, runs[0]._replace(begun=begun))
        return len(findings) == len(each.rubric().EXERCISES) \
            and all(finding.passed for finding in findings.values())

    return right, runs[0], wanted


def test_the_emulator_writes_down_where_tasks_begin_and_go_on(seen):
    right, run, wanted = seen
    assert len(wanted) > 10 and wanted <= run.begun
    assert right(run.begun) and right(None), "None: nobody wrote it down"


def test_each_place_is_missed(seen):
    """As if somebody had worked out what the CPU would have done from there on."""
    right, run, wanted = seen
    assert not [place for place in wanted if right(run.begun - {place})]
