"""From a Run to its result, as the grader goes, with a look at all that comes out."""

import contextlib
import io
import json

import jsonschema

from grading import crash, formats, judge, lab, log, report
from grading.tests.formats.checks import CHECKS

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((lab.ROOT / "grading" / "result.schema.json").read_text()))


def judged(record, challenge, boot, every_format=False):
    """Takes a Run to its result, as grader.py does, and looks at what comes out."""
    boot = boot if boot.symbols else boot._replace(symbols=record.run.symbols)
    rubric = record.of.rubric()
    verdicts = judge.judge(rubric, challenge, log.read(boot.serial, record.lab), boot)
    assert [verdict.exercise for verdict in verdicts] == list(rubric.EXERCISES)
    assert boot.problem or "ERROR" not in {verdict.status for verdict in verdicts}
    # Twice, for formats' checks know how long the runs of a result took.
    boots = [boot._replace(cpu_seconds=seconds) for seconds in (0.25, 0.5)]
    origin = report.Origin(7, boot.emulator, "an emulator 1.0", "gcc 12", "ab" * 32, "own",
                           ["cd" * 32] * 2)
    values = report.result(record.of, judge.worst([verdicts, verdicts]), boots, origin,
                           boot.text())
    SCHEMA.validate(values)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        report.table(values, said)
        report.show(boot)
    assert not said.getvalue().translate(dict.fromkeys(range(32, 127))).replace("\n", "")
    nested = [number for number, trap in enumerate(boot.traps, 1) if trap.nested]
    for end in (len(boot.traps), *nested[:1], *nested[-1:]):  # as if the CPU had given up there
        crash.words(boot._replace(traps=boot.traps[:end]), getattr(rubric, "TABLES", {}))
    for name in CHECKS if every_format else ():
        CHECKS[name](formats.FORMATS[name]([values]), [values])
    return verdicts
