"""classroom/page.py: what a class's page says, and what it does in a browser.

One Chromium for all: headless, its own folder, no network. HOSTILE is in every place
where a submission's text can get to.
"""

import random
import re
import shlex

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from grading import lab
from grading.classroom import overrides, page, summary
from grading.classroom.records import NOTHING, Book, Pair, Student
from grading.tests.browser import height, load, press, requested, size, soon

HOSTILE = ("</script></style><img src=x onerror=pwned=1><script>window.pwned=1</script>"
           "\"'><svg onload=window.pwned=1> {{7*7}} javascript:pwned=1 ")
NAMES = ("Ann O'Hara \"the 2nd\"", "עדי כהן", "😀 Zoë", "Li \u202eevil", "<b>Bo & Co</b>", HOSTILE,
         "x" * 200)
CAUSES = (("FAIL", "@ trap.ip 0x6", "@ trap.ip 0x9", "look at what IRETL restores"),
          ("FAIL", "@ trap.ip 0x6", f"nothing of it {HOSTILE}", "is the step reached?"),
          ("CRASH", "an orderly end", "a triple fault: #GP while loading TR", "the TSS descriptor"),
          ("HANG", "an orderly end", "CPU time used up", "an endless loop"))
LEFT = "int mine(int a)\n{\n        return a + 1;\n}\n" * 20 + HOSTILE
RIGHT = LEFT.replace("mine", "ours").replace("+ 1", "+  1")

# Of one who has a grade, of one who was refused, of one who handed in nothing.
CHANGES = [overrides.Change(name, "01-vm86trap", exercise, "", points, most, 100, f"asked {HOSTILE}")
           for name, exercise, points, most in ((NAMES[1], "01-2", 7, 15), (NAMES[1], "01-4", 1, 15),
                                                (NAMES[3], "", 40, 100), ("student 0013", "", 50, 100))]


def sample_book(count, seed=1, log="@ fact 0x1\n" * 200):
    """A Book of `count` students, made up, the same for the same seed."""
    chance = random.Random(seed)
    labs = [(each.name, each.rubric().EXERCISES) for each in lab.all_labs()]
    students = overrides.applied([sample_student(number, labs, chance, log)
                                  for number in range(count)], CHANGES)
    pair = Pair(NAMES[0], NAMES[1], "labs/01-vm86trap/vm86trap.c", 91, LEFT, RIGHT)
    return Book(f"autumn {NAMES[4]}", "2026-11-21 15:00", seed, "0123abcd", (), students, [pair])


def sample_student(number, labs, chance, log):
    """One of them: every 25th is refused, every 25th has handed in nothing, many stop somewhere."""
    name = NAMES[number] if number < len(NAMES) else f"student {number:04}"
    path = f"/srv/hand ins/{name}.tar.gz"
    if number % 25 == 3:
        return Student(name, path, "", f"{path} is no folder and no tarball {HOSTILE}", [])
    if number % 25 == 13:
        return Student(name, "", "", NOTHING, [])
    skill = chance.gauss(0.95, 0.04)
    held = labs[:chance.choice((2, 4, 6, 6, 6))]
    results = [sample_result(lab_name, exercises, skill, chance, log) for lab_name, exercises in held]
    if number % 25 == 4:
        results[0] = unbuilt(results[0])
    return Student(name, path, f"{chance.getrandbits(256):064x}", "", results,
                   f"of two archives {HOSTILE}" if number % 25 in (4, 5) else "")


def unbuilt(result):
    """The same, if its files had not compiled."""
    rows = [row | {"status": "FAIL", "score": 0, "expected": "the files compile and link",
                   "got": f"error: {HOSTILE}" * (number == 0)}
            for number, row in enumerate(result["exercises"])]
    return result | {"runs": [], "exercises": rows, "verdict": "FAIL", "score": 0}


def sample_result(name, exercises, skill, chance, log):
    """A result: exercises pass by skill; behind a crash nothing is seen."""
    rows, stopped = [], None
    for number, exercise in enumerate(exercises, 1):
        hard = 0.12 if exercise.id in ("01-5", "03-9") else 0
        if not stopped and chance.random() > skill - hard:
            stopped = chance.choices(CAUSES, (60, 20, 15, 5))[0]
        status, expected, got, hint = stopped or ("PASS", "", "", "")
        rows.append({"id": exercise.id, "number": number, "title": exercise.title,
                     "score": 0 if stopped else exercise.points, "max": exercise.points,
                     "status": status, "expected": expected, "got": got, "hint": hint,
                     "section": "", "visibility": "visible", "tags": []})
        if stopped and stopped[0] == "FAIL":
            stopped = None
    worst = max((row["status"] for row in rows), key=page.order)
    return {"version": 1, "lab": name, "score": sum(row["score"] for row in rows),
            "max": sum(row["max"] for row in rows), "verdict": worst, "seed": 1, "base": "own",
            "uses": [], "borrowed": [],
            "emulator": "bochs", "versions": {"emulator": "Bochs 2.7", "compiler": "gcc 12"},
            "submission_sha256": "0" * 64, "runs": [{"seed": 1}], "exercises": rows,
            "output": f"[{name}] begin\n{log}{HOSTILE}\n[{name}] end"}

# Texts that are wider than their place, where nothing can be scrolled.
CLIPPED = """return Array.from(document.querySelectorAll("h1,h2,h3,h4,p,dd,summary,td,th,li"))
    .filter(each => !each.closest(".scroll, pre") && each.scrollWidth > each.clientWidth + 1
                    && each.clientWidth > 0 && getComputedStyle(each).position !== "absolute")
    .map(each => each.textContent.slice(0, 80));"""


@pytest.fixture(scope="module", name="book")
def fixture_book():
    return sample_book(60)


@pytest.fixture(scope="module", name="path")
def fixture_path(book, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page.render(book), encoding="utf-8")
    return path


@pytest.fixture(name="browser")
def fixture_browser(chromium, path):
    """Chromium, with the page freshly loaded and nothing in its logs but that."""
    load(chromium, path)
    return chromium


def names(browser):
    """The names in the table that can be seen, as they stand."""
    return browser.execute_script("""
        return Array.from(document.getElementById('table').tBodies[0].rows).filter(row => !row.hidden)
            .map(row => row.cells[0].textContent.trim())""")


def focused(browser, what="textContent"):
    return browser.execute_script(f"return document.activeElement.{what}")


def hash_of(browser):
    return browser.execute_script("return location.hash")


def test_adds_up(book):
    known = summary.summarise(book)
    assert known.graded + known.refused + known.absent == len(book.students)
    assert (known.refused, known.absent, known.by_hand) == (3, 2, 3)
    assert [each.title for each in known.scores][:2] == ["All labs", "Lab 01"]
    assert sum(known.scores[0].bins) == known.graded + 2 == known.scores[0].count
    for name, rates in known.rates.items():
        results = [result for student in book.students for result in student.results
                   if result["lab"] == name and result["runs"]]
        for number, rate in enumerate(rates):
            assert rate.of == len(results)
            assert rate.passed == sum(
                result["exercises"][number]["status"] == "PASS" for result in results)
        assert sum(rate.steepest for rate in rates) <= 1
        assert all(rate.drop <= most.drop for most in rates if most.steepest for rate in rates)
    assert sum(known.labs.values()) == 500


def test_a_student_stands_at_the_first_broken_exercise_of_a_lab(book):
    known = summary.summarise(book)
    seen = 0
    for lab_number, stops in known.stops.items():
        for stop in stops:
            assert stop.count == sum(len(cause.rows) for cause in stop.causes)
            counts = [len(cause.rows) for cause in stop.causes]
            assert counts == sorted(counts, reverse=True)
            for cause in stop.causes:
                for row in cause.rows:
                    first = next(exercise for result in row.student.results
                                 if result["lab"].startswith(lab_number)
                                 for exercise in result["exercises"]
                                 if exercise["status"] != "PASS")
                    assert (first["id"], first["status"], first["expected"], first["got"]) == (
                        stop.exercise["id"], cause.status, cause.expected, cause.got)
                    seen += 1
    assert seen > 20


@pytest.mark.parametrize("part, whole, is_", [(0, 9, 0), (9, 9, 100), (999, 1000, 99),
                                              (1, 1000, 1), (0, 0, 0), (1, 2, 50)])
def test_percent_says_all_and_none_only_if_it_is_so(part, whole, is_):
    assert summary.percent(part, whole) == is_


def test_the_command_repeats_the_grade(book):
    """Of a lab with two programs, that of the one."""
    for row in summary.summarise(book).rows:
        for result, command in zip(row.student.results, row.commands, strict=True):
            name = result["lab"] if result["lab"].startswith("05") else result["lab"][:2]
            assert shlex.split(command) == ["grading/grade", row.student.path, "--lab", name,
                                            "--emu", "bochs", "--seed", "1"]


def test_nothing_of_a_submission_gets_out_of_its_text(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("<script>") == text.count("</script>") == 1
    assert text.count("<style>") == text.count("</style>") == 1
    assert "<img" not in text and "{{7*7}}" in text and "\u202e" not in text
    assert "&lt;/script&gt;" in text and re.search(r"default-src &#39;none&#39;", text)


def test_logs_are_cut_and_say_so():
    short, long = sample_book(8), sample_book(8, log="A line of a log.\n" * 4000)
    text = page.render(long)
    assert len(text) < len(page.render(short)) * 3
    assert re.search(r"Cut here: \d{5} characters", text)
    assert text.count("[01-vm86trap] end") == 7  # the end is what is kept
    cut, end = page.end_of({"output": "abc\n" * 3000, "verdict": "FAIL"})
    assert cut + len(end) == 12000 and end.startswith("abc\n")


@pytest.mark.parametrize("students", [[], [Student("a", "a", "", "broken", [])],
                                      [Student("\udcff\x00", "\udcff", "", "\udcff", [])]])
def test_a_class_without_grades_has_a_page(students):
    text = page.render(Book("empty", "now", 1, "x", (), students, []))
    text.encode("utf-8")
    assert f"<dt>refused</dt><dd>{len(students)}</dd>" in text


def test_what_is_common_stands_side_by_side():
    left, right = page.side_by_side("a = b;\nonly();\nreturn 1;\n", "x = y;\nreturn 1;\n")
    assert [(line.number, line.sign) for line in left] == [(1, "~"), (2, ""), (3, "=")]
    assert [(line.number, line.sign) for line in right] == [(1, "~"), (0, ""), (2, "=")]


def test_a_large_file_is_cut():
    left, right = page.side_by_side("x" * 9999 + "\ny\n" * 5000, "z")
    assert len(left) == len(right) == page.LINES + 1 and left[-1].text.endswith("more lines]")
    assert max(len(line.text) for line in left) == page.COLUMNS + 1


def test_loads_nothing_and_runs_nothing_of_others(browser, path):
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    for number in (1, 4, 6, 7):
        browser.execute_script(f"location.hash = 'student-{number}'")
    assert browser.execute_script("return window.pwned") is None
    assert browser.get_log("browser") == []
    assert requested(browser) == {path.as_uri()}


def test_a_script_or_style_of_others_would_not_run(browser):
    browser.execute_script("""
        const script = document.createElement('script'); script.text = 'window.pwned = 1';
        const picture = document.createElement('div');
        picture.innerHTML = '<img src=x onerror="window.pwned=1"><p style="color:red" id=p>x</p>';
        document.body.append(script, picture);""")
    assert browser.execute_script("return window.pwned") is None
    assert browser.execute_script("return getComputedStyle(document.getElementById('p')).color"
                                  " === getComputedStyle(document.body).color")
    assert len(browser.get_log("browser")) >= 2  # that it was refused is said


@pytest.mark.parametrize("width", [1280, 360])
def test_fits(browser, tmp_path, width):
    """No sideways scrolling, of the overview, the files, and the pages of hostile students."""
    size(browser, width)
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    for place in ("", "failures", "students", "similar", "student-2", "student-4", "student-6",
                  "student-7", "student-14"):
        browser.execute_script(f"location.hash = '{place}'")
        wide = browser.execute_async_script(
            "requestAnimationFrame(() => arguments[0](document.documentElement.scrollWidth))")
        assert wide <= width, place
        assert browser.execute_script(CLIPPED) == [], place
        picture = tmp_path / f"{width}-{place or 'top'}.png"
        assert browser.save_screenshot(str(picture)) and picture.stat().st_size > 9000


def test_files_stand_beside_each_other_or_one_below_the_other(browser):
    browser.execute_script("document.querySelector('.pair').open = true")
    for width, beside in ((1280, True), (360, False)):
        size(browser, width)
        tops = [side.rect["y"] for side in browser.find_elements(By.CLASS_NAME, "side")]
        assert (tops[0] == tops[1]) is beside
    assert browser.find_elements(By.CSS_SELECTOR, ".same") and browser.find_elements(
        By.CSS_SELECTOR, ".near")


def test_sorts_with_the_keyboard(browser):
    heading = browser.find_element(By.XPATH, "//th[button='Sum']")
    find = browser.find_element(By.ID, "find")
    find.send_keys(Keys.TAB, Keys.TAB, Keys.TAB, Keys.TAB)
    assert focused(browser) == "Sum"
    assert browser.execute_script(
        "return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    totals = []
    for way in ("ascending", "descending"):
        press(browser, Keys.ENTER)
        assert heading.get_attribute("aria-sort") == way
        totals.append([int(cell.get_attribute("data-key")) for cell in browser.find_elements(
            By.CSS_SELECTOR, "#table tbody td:nth-child(2)")])
    assert totals[0] == sorted(totals[0]) and totals[1] == sorted(totals[0], reverse=True)
    assert len(browser.find_elements(By.CSS_SELECTOR, "[aria-sort]")) == 1


def test_opens_a_student_with_the_keyboard_and_comes_back(browser):
    first = browser.find_element(By.CSS_SELECTOR, "#table tbody a")
    first.send_keys(Keys.ARROW_DOWN)
    press(browser, Keys.ARROW_DOWN)
    assert focused(browser) == NAMES[2]
    press(browser, Keys.ENTER)
    soon(browser, lambda: hash_of(browser) == "#student-3"
         and focused(browser, "id") == "student-3")
    assert NAMES[2] in browser.title
    assert not browser.find_element(By.ID, "overview").is_displayed()
    assert browser.find_element(By.ID, "student-3").is_displayed()
    assert not browser.find_element(By.ID, "student-2").is_displayed()
    press(browser, Keys.ESCAPE)
    soon(browser, lambda: hash_of(browser) == "#students" and focused(browser) == NAMES[2])
    assert browser.find_element(By.ID, "overview").is_displayed()
    press(browser, Keys.ENTER)
    soon(browser, lambda: hash_of(browser) == "#student-3")
    browser.back()
    soon(browser, lambda: browser.find_element(By.ID, "overview").is_displayed())


def test_finds(browser):
    find = browser.find_element(By.ID, "find")
    find.send_keys("o'hara")
    assert names(browser) == [NAMES[0]]
    assert browser.find_element(By.ID, "shown").text == "1 of 60 shown"
    find.send_keys(" zoë")  # both words, not one of them
    assert names(browser) == []
    find.clear()
    find.send_keys(" ")
    browser.find_element(By.CSS_SELECTOR, "#verdict option:last-child").click()
    assert len(names(browser)) == 3


def test_without_scripts_everything_is_there(chromium, path, book):
    size(chromium, 1280)
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chromium.get(path.as_uri())
        for place in ("#overview", "#similar", "#student-1", f"#student-{len(book.students)}"):
            soon(chromium, lambda place=place: height(chromium, place) > 50)
        assert height(chromium, "#filter") == 0  # does nothing then, so it is not shown
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_thousand_students_fit_into_a_browser():
    """Logs of 64 KB, 400 MB in all."""
    text = page.render(sample_book(1000, log="a line of a log, as a program says it.\n" * 1640))
    assert len(text.encode("utf-8")) < 30_000_000
