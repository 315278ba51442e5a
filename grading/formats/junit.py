"""JUnit XML, for a CI."""

import xml.etree.ElementTree as ElementTree

from grading.formats.text import all_exercises, flat, for_students, named, seconds, why

ELEMENTS = {"SKIP": "skipped", "TODO": "skipped", "FAIL": "failure", "HANG": "failure",
            "CRASH": "failure", "ERROR": "error"}  # JUnit's; PASS has none


def junit(results):
    """JUnit XML: a suite for each program, a case for each exercise.

    A failure is the program's, an error ours; TODO and SKIP are skipped. Points are
    properties of the suite ("01-3": "0/15"), for JUnit knows none; times are seconds.
    """
    root = ElementTree.Element("testsuites", counts(results))
    for result in map(for_students, results):
        suite = ElementTree.SubElement(root, "testsuite", {"name": result["lab"]}
                                       | counts([result]))
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in facts(result):
            ElementTree.SubElement(properties, "property", name=name, value=value)
        for exercise in result["exercises"]:
            add_case(suite, result["lab"], exercise)
        ElementTree.SubElement(suite, "system-out").text = result["output"]
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return text.decode("ascii") + "\n"


def add_case(suite, lab, exercise):
    """Adds JUnit's case of one exercise to its suite."""
    case = ElementTree.SubElement(suite, "testcase", classname=lab, name=named(exercise))
    if exercise["status"] in ELEMENTS:
        message = flat(exercise["got"]) or exercise["status"]
        ElementTree.SubElement(case, ELEMENTS[exercise["status"]], type=exercise["status"],
                               message=message).text = why(exercise)


def counts(results):
    """JUnit's attributes that count."""
    found = [ELEMENTS.get(exercise["status"]) for exercise in all_exercises(results)]
    return {"tests": str(len(found)), "failures": str(found.count("failure")),
            "errors": str(found.count("error")), "skipped": str(found.count("skipped")),
            "time": f"{sum(map(seconds, results)):.3f}"}


def facts(result):
    """(name, value) of what JUnit has no place for, the points among it."""
    yield "score", f"{result['score']}/{result['max']}"
    yield from ((name, str(result[name])) for name in
                ("verdict", "seed", "base", "emulator", "submission_sha256"))
    yield from ((f"version.{name}", value) for name, value in result["versions"].items())
    yield from ((exercise["id"], f"{exercise['score']}/{exercise['max']}")
                for exercise in result["exercises"])
