"""timeline/: the page does as it says. One Chromium: headless, no network.

HOSTILE is wherever a program's text can get to.
"""

import json
import re

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from grading.tests.browser import load, press, requested, soon
from timeline import page, record

HOSTILE = ("</script></style><img src=x onerror=pwned=1><script>window.pwned=1</script>"
           "<!-- \"'><svg onload=window.pwned=1>\u202e\u2028$lab")


def hostile(values):
    """The same record with HOSTILE in every text of the program's."""
    values = json.loads(json.dumps(values))
    values["log"] = record.visible(HOSTILE) + values["log"]
    values["functions"] = [record.visible(name + HOSTILE) for name in values["functions"]]
    for file in values["files"]:
        file["text"] = record.visible(HOSTILE) + file["text"]
    for event in values["events"]:
        event["n"] += record.visible(HOSTILE)
    for code in values["code"]:
        code[2] += record.visible(HOSTILE)
    return values


def large(values, exits=10_000):
    """A run of that many exits, made of another one's."""
    events, round_ = [], 0
    count = sum(event["k"] == "exit" for event in values["events"])
    while round_ * count < exits:
        events += [{**event, "t": event["t"] + round_ * values["end"]}
                   for event in values["events"]]
        round_ += 1
    return {**values, "events": events, "end": round_ * values["end"]}


@pytest.fixture(scope="module", name="pages")
def fixture_pages(task, monitor, task_on_qemu, mistaken, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    values = {"task": record.of(task), "monitor": record.of(monitor),
              "qemu": record.of(task_on_qemu)}
    other = json.loads(json.dumps(values["monitor"]))
    exits = [n for n, event in enumerate(other["events"]) if event["k"] == "exit"]
    del other["events"][exits[9]:exits[10]]
    texts = {name: page.render(each) for name, each in values.items()}
    texts |= {"hostile": page.render(hostile(values["monitor"]), hostile(values["monitor"])),
              "compared": page.render(values["monitor"], other),
              "same": page.render(values["task"], record.outline(values["task"])),
              "reset": page.render(mistaken("cr3-of-the-guest"), record.outline(values["monitor"])),
              "refused": page.render(mistaken("launched-each-time", 6)),
              "large": page.render(large(values["monitor"]))}
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(name="show")
def fixture_show(chromium, pages):
    """Opens a page by name; afterwards nothing was loaded, and nobody complained."""
    opened = []

    def show(name, width=1280, height=900):
        load(chromium, pages / f"{name}.html", width, height)
        opened.append((pages / f"{name}.html").as_uri())
        return chromium

    yield show
    assert chromium.get_log("browser") == []
    assert requested(chromium) <= set(opened)
    assert chromium.execute_script("return window.pwned") is None


def now(browser):
    """The number of the event that is told."""
    text = browser.find_element(By.CSS_SELECTOR, "#now .kicker").text
    return int(re.search(r"event ([\d,]+) of", text)[1].replace(",", ""))


def told(browser):
    return browser.find_element(By.ID, "now").text


def test_keys_go_from_event_to_event(show):
    browser = show("task")
    assert now(browser) == 3
    press(browser, Keys.ARROW_RIGHT)
    assert now(browser) == 4
    press(browser, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert now(browser) == 2 and "IRET" in told(browser)
    press(browser, Keys.END)
    assert now(browser) == 12
    press(browser, "p")
    assert now(browser) == 10 and "#GP" in told(browser)
    press(browser, Keys.HOME, "n")
    assert now(browser) == 1  # the only one of its kind
    press(browser, "+", "-", Keys.ARROW_RIGHT)
    assert now(browser) == 2


def test_a_moment_is_told_in_full(show):
    text = told(show("task"))
    for part in ("The task executes movl %cr0, %edx", "raises #GP", "your monitor", "0f 20 c2",
                 "(3 bytes further)", "→ e0000031", "task.S:64", "@ trap.edi 0x27fa0",
                 "2 changes", "isrGPF", "yours", "fault_address"):
        assert part in text, part
    assert re.search(r"EDX 0001[0-9a-f]{4} → e0000031", text)  # an address before: it moves


def test_clicks_choose(show):
    browser = show("task")
    browser.find_element(By.ID, "on").click()
    assert now(browser) == 4
    row = browser.find_element(By.CSS_SELECTOR, "#row-5")
    row.click()
    assert now(browser) == 6 and row.get_attribute("aria-selected") == "true"
    lanes = browser.find_element(By.ID, "lanes")
    webdriver.ActionChains(browser).move_to_element_with_offset(
        lanes, 60 - lanes.size["width"] // 2, 0).click().perform()
    assert now(browser) == 1
    whole = browser.find_element(By.ID, "whole")
    webdriver.ActionChains(browser).move_to_element_with_offset(
        whole, whole.size["width"] // 2 - 4, 0).click().perform()
    assert now(browser) == 12
    browser.find_element(By.CSS_SELECTOR, ".story .jump, .kicker").click()


def test_links_lead_to_the_way_back_and_open_what_is_hidden(show):
    browser = show("task")
    browser.find_element(By.CSS_SELECTOR, '[data-kind="return: IRET"]').click()
    browser.find_element(By.CSS_SELECTOR, ".story .jump").click()
    assert now(browser) == 5 and "IRET" in told(browser)
    kind = browser.find_element(By.CSS_SELECTOR, '[data-kind="return: IRET"]')
    assert kind.get_attribute("aria-pressed") == "true"


def test_filters_by_reason_and_by_text(show):
    browser = show("monitor")
    many = browser.find_element(By.ID, "how-many").text
    assert many == "352 of 1,800 shown"  # VMX instructions that succeed are off at first
    browser.find_element(By.CSS_SELECTOR, '[data-kind="exit: I/O instruction"]').click()
    assert browser.find_element(By.ID, "how-many").text == "198 of 1,800 shown"
    press(browser, "/", "CPUID", Keys.ENTER)
    assert browser.find_element(By.ID, "how-many").text == "6 of 1,800 shown"
    press(browser, Keys.END)
    assert "executes cpuid" in told(browser) and "exit reason" in told(browser)
    press(browser, "/", "nothing at all")
    assert "No event is shown" in told(browser)
    press(browser, Keys.ESCAPE)
    assert browser.find_element(By.ID, "how-many").text == "198 of 1,800 shown"


def test_an_exit_shows_what_the_monitor_read(show):
    browser = show("monitor")
    press(browser, "/", "outb", Keys.ENTER, Keys.END)
    text = told(browser)
    for part in ("VM exit: I/O instruction, out to port 0x3f8, 1 byte", "theVMM", "emulate_io",
                 "vmresume", "⟵ exit reason = 0x1e", "guest RIP := 0x"):
        assert part in text, part
    assert len(browser.find_element(By.CSS_SELECTOR, ".log mark").text) <= 1  # the byte it sent


def test_whole_functions_have_their_lines_marked(show):
    browser = show("task")
    browser.find_element(By.CSS_SELECTOR, ".sources summary").click()
    soon(browser, lambda: browser.execute_script(  # at once: there are many lines
        "return [...document.querySelectorAll('.sources .ran')]"
        ".some(line => line.innerText.includes('pushal'))"))
    marked = browser.find_elements(By.CSS_SELECTOR, ".sources .ran")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".sources li")) > len(marked)


def test_worlds_add_up(show, task):
    browser = show("task")
    numbers = [int(each.text.replace(",", "")) for each in
               browser.find_elements(By.CSS_SELECTOR, ".worlds b")]
    assert sum(numbers) == record.of(task)["end"] and len(numbers) == 2


def test_two_runs_beside_each_other(show):
    browser = show("compared")
    assert "Alike for 23 events" in browser.find_element(By.ID, "departure").text
    differing = [row.text for row in browser.find_elements(By.CSS_SELECTOR, ".differs")]
    assert any(re.match(r"exit: CPUID 6 5 \+1", row) for row in differing)
    assert not any("I/O" in row for row in differing)
    assert re.search(r"CPUID \(exit, IP [0-9a-f]+\) at instruction [\d,]+; in the other run, VMCALL",
                     browser.find_element(By.ID, "departure").text)
    browser.find_element(By.CSS_SELECTOR, "#departure .jump").click()
    assert "CPUID" in told(browser)
    browser = show("same")
    assert "The same traps" in browser.find_element(By.ID, "compared").text
    assert browser.find_elements(By.CSS_SELECTOR, ".differs") == []


def test_a_triple_fault_is_told_where_the_page_opens(show):
    browser = show("reset")
    text = told(browser)
    assert now(browser) == 100 and "An exception in your monitor itself: #PF" in text
    for part in ("The run ends here, in a triple fault", "host_entry, labs/04-vmlaunch/launch.S:",
                 "CR2 is in host_entry", "CR3 0x", "guest_page_directory", "#PF (CR2 0x3f0e0), #DF"):
        assert part in text, part
    assert "stays in this ring" not in text and "has no more of it" not in text
    said = browser.find_element(By.ID, "departure").text
    assert "in this run comes #PF (trap in the host)" in said and "in the other run, vmresume (entry" in said
    assert "this run ends there: a triple fault" in said


def test_a_refused_entry_is_shown_and_its_chip_says_so(show):
    browser = show("refused")
    assert "VMfailValid" in told(browser) and now(browser) == 333
    chips = {chip.text.rpartition(" ")[0].partition(" ")[2]: chip.get_attribute("aria-pressed")
             for chip in browser.find_elements(By.CSS_SELECTOR, ".kind")}
    assert chips["vmlaunch: refused"] == chips["vmlaunch: entered"] == "true"
    assert chips["vmwrite"] == "false" and "vmlaunch" not in chips
    press(browser, Keys.HOME)
    assert now(browser) == 1
    press(browser, Keys.END)
    assert now(browser) == 333
    press(browser, Keys.HOME)
    end = browser.find_element(By.CSS_SELECTOR, "#about .jump")
    assert end.text == "the end: the program stopped at TODO(04-10)"
    end.click()
    assert now(browser) == 333


def test_a_run_that_ended_well_opens_at_its_first_trap(show):
    browser = show("task")
    assert now(browser) == 3
    browser.find_element(By.CSS_SELECTOR, "#about .jump").click()
    assert now(browser) == 12 and "run ends here" not in told(browser)


def test_no_two_chips_have_one_name(show):
    browser = show("monitor")
    names = [chip.text.rpartition(" ")[0].partition(" ")[2]
             for chip in browser.find_elements(By.CSS_SELECTOR, ".kind")]
    assert len(names) == len(set(names)) and "vmlaunch: failed by an exit" in names


def test_qemu_has_order_only_and_says_so(show):
    browser = show("qemu")
    assert "counts no instructions" in browser.find_element(By.ID, "about").text
    assert not browser.find_element(By.ID, "worlds").is_displayed()
    assert "movl %cr0" in told(browser).replace("mov ", "movl ") and "@ trap.edi" in told(browser)


@pytest.mark.parametrize("name", ["task", "monitor", "qemu", "compared", "hostile"])
def test_fits_a_phone(show, name):
    browser = show(name, 360, 740)
    for _ in range(6):
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
        browser.find_element(By.ID, "same-on").click()


def test_nothing_of_a_program_is_more_than_text(show, pages):
    text = (pages / "hostile.html").read_text()
    counts = [text.count(each) for each in ("<script>", "</script>", "<img", "\u202e",
                                            "default-src &#x27;none&#x27;")]
    assert counts == [1, 3, 0, 0, 1]  # not of the text itself: pytest would show it, megabytes
    browser = show("hostile")
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    for _ in range(5):
        press(browser, Keys.ARROW_RIGHT)
    assert "<img src=x" in told(browser) and "$lab" in told(browser)
    assert not browser.find_elements(By.CSS_SELECTOR, "#app img, #app svg")


def test_ten_thousand_exits_stay_smooth(show):
    """200 key presses with layout; nodes are few. The bounds leave room for a busy machine."""
    browser = show("large")
    spent = browser.execute_script("""
        const start = performance.now();
        for (let n = 0; n < 200; n++) {
            const key = n % 2 ? "ArrowRight" : "n";
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
            document.getElementById("now").offsetHeight;
        }
        return performance.now() - start;""")
    assert spent < 200 * 100
    assert now(browser) > 200
    assert browser.execute_script("return document.querySelectorAll('*').length") < 3000
    assert len(browser.find_elements(By.CSS_SELECTOR, ".row")) < 60


def test_without_scripts_there_are_numbers(pages):
    text = (pages / "monitor.html").read_text()
    part = text.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "<td>exit: CPUID</td><td>6</td>" in part


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_read(show, scheme):
    """4.5 to 1 for text, as WCAG wants it."""
    browser = show("monitor")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    colours = browser.execute_script("""
        const style = getComputedStyle(document.documentElement);
        return Object.fromEntries(["paper", "card", "ink", "soft", "accent", "bad", "lane0",
            "lane1", "lane2", "wash0", "wash1", "wash2", "pick", "mark", "exit", "vmx"].map(
            name => [name, style.getPropertyValue("--" + name).trim()]))""")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    pairs = [("ink", "paper"), ("ink", "pick"), ("ink", "mark"), ("soft", "paper"), ("soft", "card"),
             ("accent", "card"), ("bad", "paper"), ("exit", "card"), ("vmx", "card"), ("paper", "exit"),
             *((f"lane{n}", f"wash{n}") for n in range(3))]
    for one, other in pairs:
        assert contrast(colours[one], colours[other]) >= 4.5, (one, other)


def contrast(one, other):
    """WCAG's contrast of two colours, #rgb or #rrggbb."""
    def luminance(colour):
        digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
        parts = [int(digits[n:n + 2], 16) / 255 for n in (0, 2, 4)]
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                 for part in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_run_without_a_trap_shows_its_log(show, pages, task_on_qemu):
    values = record.of(task_on_qemu)
    values |= {"events": [], "ended": "the program stopped at TODO(01-1)"}
    (pages / "empty.html").write_text(page.render(values))
    text = told(show("empty"))
    assert "stopped at TODO(01-1)" in text and "@ trap.edi" in text
