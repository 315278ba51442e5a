"""Every lab, on every emulator: what the reference, the starter, every stage between
them, and every wrong idea earn."""

from zlib import crc32

import pytest

from grading import borrowed
from grading.errors import UsageError
from grading.lab import ROOT, all_labs, find_all
from grading.tests import support
from grading.tests.support import CASE_IDS, CASES, LACKING

def readable(lab):
    """The lab's mutants; none if mutants.toml is damaged: that one test says, not the collection."""
    try:
        return support.mutants(lab)
    except UsageError:
        return []


STAGES = [(lab, emulator, solved) for lab, emulator in CASES
          for solved in range(len(lab.rubric().EXERCISES))]
MUTANTS = [(lab, emulator, mutant) for lab, emulator in CASES
           for mutant in readable(lab)]
FORGERIES = [(lab, emulator, path) for lab, emulator in CASES
             for path in sorted((lab.folder / "tests" / "forgeries").glob("*"))]
FRESH_SEEDS = 5


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_the_rubric_names_what_the_program_has(lab, tmp_path):
    assert not (wrong := support.mistyped(lab, tmp_path)), "\n".join(wrong)


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.name)
def test_the_challenge_is_the_tests_own(lab):
    """No header that the starter includes declares it: who uses it is named to whoever grades."""
    assert lab.rubric().REGION not in borrowed.offered(lab, ROOT)


@pytest.mark.parametrize("number", range(FRESH_SEEDS))
@pytest.mark.parametrize(("lab", "emulator"), CASES, ids=CASE_IDS)
def test_the_reference_earns_everything(lab, emulator, number, tmp_path):
    sources = support.write_sources(lab, tmp_path / "sources")
    values = support.grade(lab, emulator, sources, tmp_path / "work")
    assert values["score"] == values["max"], values
    assert values["verdict"] == "PASS" and not values["borrowed"]


@pytest.mark.parametrize(("lab", "emulator", "solved"), STAGES,
                         ids=[f"{lab.name}-{emulator}-{n}" for lab, emulator, n in STAGES])
def test_each_stage_earns_its_points_and_stops_at_the_next_todo(lab, emulator, solved, tmp_path):
    exercises = lab.rubric().EXERCISES
    sources = support.write_sources(lab, tmp_path / "sources", solved)
    values = support.grade(lab, emulator, sources, tmp_path / "work")
    assert values["score"] == sum(exercise.points for exercise in exercises[:solved]), values
    assert [row["status"] for row in values["exercises"]] \
        == ["PASS"] * solved + ["TODO"] * (len(exercises) - solved)
    assert f"TODO({exercises[solved].id})" in values["exercises"][solved]["got"]


@pytest.mark.parametrize("solved", [0, support.ALL], ids=["starter", "reference"])
@pytest.mark.parametrize(("lab", "emulator"), LACKING, ids=support.ids(LACKING))
def test_where_the_cpu_lacks_what_a_lab_needs_every_exercise_is_skipped(lab, emulator, solved,
                                                                        tmp_path):
    sources = support.write_sources(lab, tmp_path / "sources", solved)
    values = support.grade(lab, emulator, sources, tmp_path / "work")
    assert (values["score"], values["verdict"]) == (0, "SKIP"), values
    assert {row["status"] for row in values["exercises"]} == {"SKIP"}
    said = {row["got"] for row in values["exercises"]}
    assert len(said) == 1 and len(said.pop().split()) > 3, "one sentence, the same everywhere"


@pytest.mark.parametrize(("lab", "emulator", "mutant"), MUTANTS,
                         ids=[f"{lab.name}-{emulator}-{m.name}" for lab, emulator, m in MUTANTS])
def test_each_wrong_idea_loses_its_points_and_is_named_first(lab, emulator, mutant, tmp_path):
    sources = support.write_sources(lab, tmp_path / "sources")
    support.apply(mutant, sources)
    # One challenge for each, always the same: wrong code can do by chance what is right.
    values = support.grade(lab, emulator, sources, tmp_path / "work", crc32(mutant.name.encode()))
    assert not (wrong := support.wrong_with(mutant, values)), f"{mutant.name} {wrong}"
    assert all(name in mutant.substitute for name in values["borrowed"]), values["borrowed"]


@pytest.mark.parametrize("lab", dict.fromkeys(lab for lab, _ in CASES), ids=lambda lab: lab.name)
def test_every_exercise_has_a_mutant(lab):
    ids = {exercise.id for exercise in lab.rubric().EXERCISES}
    assert {mutant.exercise for mutant in support.mutants(lab)} == ids


@pytest.mark.parametrize("number", dict.fromkeys(each.number for each in all_labs()))
def test_a_lab_is_worth_100_points(number):
    assert sum(exercise.points for each in find_all(number)
               for exercise in each.rubric().EXERCISES) == 100


@pytest.mark.parametrize(("lab", "emulator", "forgery"), FORGERIES,
                         ids=[f"{lab.name}-{emulator}-{f.name}" for lab, emulator, f in FORGERIES])
def test_a_forgery_earns_nothing(lab, emulator, forgery, tmp_path):
    sources = support.write_sources(lab, tmp_path / "sources")  # the other files are right
    for file in forgery.iterdir():
        (sources / file.name).write_bytes(file.read_bytes())
    values = support.grade(lab, emulator, sources, tmp_path / "work")
    assert values["score"] == 0, values
    complaint = values["exercises"][0]["got"]  # of what it wanted to take, or to be
    words = {"includes": ("No such file or directory", "which is not given"),
             "usurps": ("that name is given",)}.get(forgery.name.split("-")[0], ())
    refused = any(word in complaint for word in words)
    assert refused == bool(words), complaint
    assert refused or "begin 0x" in values["output"], "it did not even build and boot"
