"""grading/judge.py: one real run of lab 01, and what altered copies of it earn."""

from types import SimpleNamespace

import pytest

from grading import emulators, grader, image, judge, lab, log
from grading.rubric import PASSED, UNSEEN, failed
from grading.tests import support

SEED = 1
SAMPLE = 15  # traps that are left out, one at a time


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The reference's run on QEMU, its challenge and its lab."""
    of = lab.find("01")
    folder = tmp_path_factory.mktemp("judge")
    sources = support.write_sources(of, folder / "sources")
    work = folder / "work"
    _, (run, _) = grader.grade(sources, of, emulators.get("qemu"), SEED, support.OUT, work=work)
    rubric = of.rubric()
    region = image.read_symbols(work / f"{of.name}.sym")[rubric.REGION]
    return SimpleNamespace(lab=of, rubric=rubric, run=run, challenge=rubric.draw(SEED, region))


def judged(real, **changes):
    """The verdicts on a copy of the run with these changes."""
    run = real.run._replace(**changes)
    return judge.judge(real.rubric, real.challenge, log.read(run.serial, real.lab.name), run)


def score(verdicts):
    return sum(verdict.score for verdict in verdicts)


def of_status(verdicts):
    return {verdict.status for verdict in verdicts}


def lines(real):
    return real.run.serial.splitlines(keepends=True)


def without(items, number):
    return items[:number] + items[number + 1:]


def in_first_task(real):
    """Numbers of the traps in the first task, in order."""
    guest = real.challenge.tasks[0].guest
    return [number for number, trap in enumerate(real.run.traps)
            if trap.v86 and guest.start <= trap.address < guest.start + len(guest.code)]


def spoil(trap, register):
    return trap._replace(registers=trap.registers | {register: trap.registers[register] ^ 0x410000})


def test_the_whole_run_earns_everything(real):
    verdicts = judged(real)
    assert (score(verdicts), of_status(verdicts)) == (100, {"PASS"})


def test_a_truncated_log_never_earns_more_than_a_longer_one(real):
    all_lines = lines(real)
    scores = []
    for count in range(len(all_lines) + 1):
        verdicts = judged(real, serial=b"".join(all_lines[:count]), powered_off=False)
        assert all(verdict.status != "TODO" for verdict in verdicts)
        assert "CRASH" in of_status(verdicts)
        scores.append(score(verdicts))
    assert scores == sorted(scores)
    assert scores[-1] < 100, "the run said `end`, but the machine went on"
    assert len(set(scores)) > 5, "each step shows in the log"


def test_a_log_cut_within_its_last_line_has_no_end(real):
    verdicts = judged(real, serial=real.run.serial[:-1])
    assert score(verdicts) < 100
    assert verdicts[-1].status == "CRASH"
    assert "the log breaks off" in verdicts[-1].got


@pytest.mark.parametrize("serial", [b"", b"\n\n", bytes(range(256)) * 64, b"\xff\x1b[2J\n" * 999],
                         ids=["empty", "newlines", "binary", "escapes"])
def test_without_a_begin_line_nothing_counts(real, serial):
    verdicts = judged(real, serial=serial)
    assert (score(verdicts), of_status(verdicts)) == (0, {"CRASH"})


@pytest.mark.parametrize(("place", "most"), [(1, 0), (60, 70), (-1, 90), (None, 90)])
def test_a_second_begin_is_a_reset(real, place, most):
    """What counts is what the first one claimed; the CPU's record has both."""
    parts = lines(real)
    cut = len(parts) if place is None else place
    verdicts = judged(real, serial=b"".join(parts[:cut] + parts))
    assert score(verdicts) <= most
    assert judge.most_severe(verdicts) == "CRASH"
    assert "the CPU was reset" in verdicts[-1].got


def test_another_challenge_earns_nothing(real):
    other = b"[01-vm86trap] begin 0x%08x\n" % (real.challenge.id ^ 1)
    verdicts = judged(real, serial=b"".join([other, *lines(real)[1:]]))
    assert (score(verdicts), of_status(verdicts)) == (0, {"FAIL"})
    assert f"{real.challenge.id:#010x}" in verdicts[0].expected


@pytest.mark.parametrize("count", [0, 30, -1, None])
def test_a_run_over_its_budget_hangs(real, count):
    verdicts = judged(real, serial=b"".join(lines(real)[:count]), over_budget="CPU time",
                      powered_off=False)
    assert score(verdicts) < 100
    assert of_status(verdicts) <= {"PASS", "HANG"}
    assert verdicts[-1].status == "HANG"
    assert "CPU time" in verdicts[-1].got


def place(trap):
    """Where a task trapped, as the verdict tells it."""
    return f"in virtual-8086 mode at {trap.segments['cs']:04x}:{trap.ip:04x} (challenge+"


@pytest.mark.parametrize("count", [30, -1, None])
def test_a_reset_crashes_and_explains_the_last_exception(real, count):
    verdicts = judged(real, serial=b"".join(lines(real)[:count]), reset=True, powered_off=False)
    assert score(verdicts) < 100
    assert verdicts[-1].status == "CRASH"
    assert "triple fault" in verdicts[-1].got
    assert f": #GP {place(real.run.traps[-1])}" in verdicts[-1].got


def test_a_run_that_breaks_off_names_the_last_exceptions(real):
    verdicts = judged(real, serial=real.run.serial[:-1], powered_off=False)
    assert verdicts[-1].status == "CRASH"
    *_, one, last = real.run.traps
    assert f"#GP (error code {one.error:#x}) {place(one)}" in verdicts[-1].got
    assert f", then #GP (error code {last.error:#x}) {place(last)}" in verdicts[-1].got


def test_where_the_emulator_cannot_go_on_it_is_a_crash_in_its_words(real):
    verdicts = judged(real, serial=real.run.serial[:-1], powered_off=False,
                      gave_up="invalid tss")
    assert verdicts[-1].status == "CRASH"
    assert verdicts[-1].got.startswith("qemu could not go on (invalid tss); last exceptions: ")


def test_a_log_without_a_witness_earns_nothing(real):
    verdicts = judged(real, traps=[])
    assert score(verdicts) == 0
    assert "PASS" not in of_status(verdicts)


def test_each_trap_is_needed(real):
    traps = real.run.traps
    chosen = sorted({*range(0, len(traps), max(1, len(traps) // SAMPLE)), 1, len(traps) - 1})
    kept = [number for number in chosen if score(judged(real, traps=without(traps, number))) == 100]
    assert kept == []


def test_each_trap_of_the_first_task_shows_every_register(real):
    traps = real.run.traps
    for number in in_first_task(real)[::6]:
        for register in traps[number].registers:
            altered = [*traps]
            altered[number] = spoil(traps[number], register)
            assert score(judged(real, traps=altered)) < 100, (number, register)


@pytest.mark.parametrize("field", ["vector", "ip", "eflags", "cr0", "segments"])
def test_each_trap_of_the_first_task_shows_every_field(real, field):
    altered = {"vector": 6, "ip": 0x1234, "eflags": 0x2, "cr0": 0x10,
               "segments": dict.fromkeys(real.run.traps[0].segments, 0)}
    traps = [*real.run.traps]
    number = in_first_task(real)[5]
    traps[number] = traps[number]._replace(**{field: altered[field]})
    assert score(judged(real, traps=traps)) < 100


def test_a_register_lost_in_a_later_task_hides_no_wrong_answer(real):
    """Real-mode tasks: one register lost, and from then on what CR0 really is."""
    traps = [*real.run.traps]
    for task in real.challenge.tasks:
        if task.personality == 1:
            continue
        seen = [number for number, trap in enumerate(traps) if trap.v86
                and task.guest.start <= trap.address < task.guest.start + len(task.guest.code)]
        names = [want.destination for want in task.guest.traps]
        loses = next(name for name in traps[seen[1]].registers if name not in names[:2])
        for number in seen[1:]:
            traps[number] = spoil(traps[number], loses)
        for number, name in list(zip(seen[1:], names))[1:]:
            traps[number] = traps[number]._replace(
                registers=traps[number].registers | {name: traps[number].cr0})
    assert judged(real, traps=traps)[-1].score == 0


def test_our_own_failure_is_an_error_everywhere(real):
    verdicts = judged(real, problem="QEMU ended with code 3: no memory")
    assert (score(verdicts), of_status(verdicts)) == (0, {"ERROR"})
    assert "no memory" in verdicts[0].got


SENTENCE = "this machine's CPU has no VMX; try another"


def machine_that_cannot(real, said=SENTENCE):
    """The rubric, of a lab that wants something; check() must not be asked then."""
    def check(challenge, seen, run):
        raise AssertionError("there is nothing to check")
    return SimpleNamespace(EXERCISES=real.rubric.EXERCISES, check=check, cannot=lambda run: said)


@pytest.mark.parametrize("changes", [
    {}, {"powered_off": False}, {"reset": True}, {"over_budget": "CPU time"}, {"serial": b""},
    {"serial": b"[01-vm86trap] begin 0x00000bad\n"}, {"traps": []},
], ids=["whole", "broken-off", "reset", "budget", "silent", "other-challenge", "no-traps"])
def test_what_a_machine_cannot_show_is_skipped(real, changes):
    run = real.run._replace(**changes)
    verdicts = judge.judge(machine_that_cannot(real), real.challenge,
                           log.read(run.serial, real.lab.name), run)
    assert [verdict.exercise for verdict in verdicts] == list(real.rubric.EXERCISES)
    assert {(verdict.status, verdict.score, verdict.expected, verdict.got, verdict.hint)
            for verdict in verdicts} == {("SKIP", 0, "", SENTENCE, "")}
    assert judge.most_severe(verdicts) == "SKIP"


def test_an_emulator_that_failed_is_an_error_all_the_same(real):
    run = real.run._replace(problem="QEMU ended with code 3: no memory")
    verdicts = judge.judge(machine_that_cannot(real), real.challenge,
                           log.read(run.serial, real.lab.name), run)
    assert (score(verdicts), of_status(verdicts)) == (0, {"ERROR"})
    assert "no memory" in verdicts[0].got


def test_a_machine_that_can_is_judged(real):
    rubric = SimpleNamespace(EXERCISES=real.rubric.EXERCISES, check=real.rubric.check,
                             cannot=lambda run: None)
    verdicts = judge.judge(rubric, real.challenge, log.read(real.run.serial, real.lab.name),
                           real.run)
    assert (score(verdicts), of_status(verdicts)) == (100, {"PASS"})


@pytest.mark.parametrize(("statuses", "worst"), [
    ([], "ERROR"), (["PASS"], "PASS"), (["PASS", "TODO", "SKIP"], "TODO"),
    (["FAIL", "TODO"], "FAIL"), (["FAIL", "HANG"], "HANG"), (["CRASH", "HANG"], "CRASH"),
    (["ERROR", "CRASH", "PASS"], "ERROR"),
])
def test_the_most_severe_verdict_is_the_labs(statuses, worst):
    verdicts = [judge.Verdict(None, status, 0) for status in statuses]
    assert judge.most_severe(verdicts) == worst


def test_of_two_runs_each_exercise_keeps_the_worse_verdict(real):
    good = judged(real)
    bad = judged(real, traps=real.run.traps[:3])
    assert judge.worst([good, bad]) == judge.worst([bad, good]) == bad
    assert judge.worst([good, good]) == good
    assert judge.worst_run([good, bad]) == 1
    assert judge.worst_run([good, good]) == 0


def test_what_a_failed_step_hides_is_not_blamed(real):
    def verdicts(first, todo=b""):
        rubric = SimpleNamespace(EXERCISES=real.rubric.EXERCISES, check=lambda *_: {
            "01-1": first, "01-2": UNSEEN})
        said = b"".join(lines(real)[:3]) + todo if todo else real.run.serial
        return judge.judge(rubric, real.challenge, log.read(said, real.lab.name), real.run)
    todo = b"[01-vm86trap] TODO(01-3)\n[01-vm86trap] end\n"
    assert verdicts(failed("a", "b"), todo)[1].got == "cannot be seen until 01-1 works"
    assert verdicts(PASSED, todo)[1].got == "nothing, though the run got to TODO(01-3)"
    assert verdicts(failed("a", "b"), todo.replace(b"01-3", b"01-2"))[1].status == "TODO"
    assert verdicts(failed("a", "b"))[1].got == "cannot be seen until 01-1 works"
