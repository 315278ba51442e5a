"""The site in a browser, opened from disk: quiet, on a phone, by keyboard, in the dark, found."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from grading.tests.browser import height, press, requested, size, soon

PHONE = 360
SEARCH = "[data-md-component=search-query]"
LONG = 60  # more Tabs than that nobody types
# Words that stand outside what can be seen, where nothing can be scrolled (a few pixels: the
# margin of code in a line).
CLIPPED = """return Array.from(document.querySelectorAll("h1,h2,h3,p,li,td,th,figcaption,summary"))
    .filter(each => !each.closest("pre, .scroll, .md-typeset__scrollwrap, .md-nav, .md-search")
                    && each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 5)
    .map(each => each.textContent.slice(0, 60));"""
# The contrast of an element's text with what is behind it: WCAG 2, "contrast ratio".
CONTRAST = """
    const rgb = text => text.match(/[\\d.]+/g).map(Number);
    const light = text => rgb(text).slice(0, 3).map(value => value / 255).map(value =>
        value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4)
        .reduce((sum, value, index) => sum + value * [.2126, .7152, .0722][index], 0);
    const behind = each => { for (; each; each = each.parentElement) {
        const colour = getComputedStyle(each).backgroundColor;
        if ((rgb(colour)[3] ?? 1) === 1) return colour; } return "rgb(255,255,255)"; };
    return Array.from(document.querySelectorAll(arguments[0])).slice(0, 40).map(each => {
        const [a, b] = [light(getComputedStyle(each).color), light(behind(each))].sort();
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); });"""


@pytest.fixture(name="show")
def fixture_show(chromium, run):
    """Opens a page of the site; afterwards nothing came from elsewhere, nobody complained."""
    def show(name, width=1280, height=900):
        size(chromium, width, height)
        chromium.get((run.site / name).as_uri())
        return chromium

    chromium.get("about:blank")
    for log in ("browser", "performance"):
        chromium.get_log(log)
    yield show
    assert chromium.get_log("browser") == []
    root = run.site.as_uri()
    assert all(each.startswith((root, "about:", "data:", "blob:")) for each in requested(chromium))


def wide(browser):
    """How wide the page wants to be."""
    return browser.execute_async_script(
        "requestAnimationFrame(() => arguments[0](document.documentElement.scrollWidth))")


def focused(browser, what):
    return browser.execute_script(f"return document.activeElement.{what}") or ""


@pytest.mark.parametrize("width", [PHONE, 1280])
def test_every_page_fits(show, pages, width):
    """Nothing but pictures, tables and code is scrolled sideways, and no text is cut off."""
    names = [name for name, each in pages.items() if name.count(".") == 1]
    assert len(names) > 20
    for name in names + ["labs/01-vm86trap/vm86trap.c.html"]:
        browser = show(name, width)
        browser.execute_script(
            "document.querySelectorAll('details').forEach(each => each.open = true)")
        assert wide(browser) <= width, name
        assert browser.execute_script(CLIPPED) == [], name


def test_pictures_are_shown(show):
    browser = show("docs/layouts.html")
    browser.execute_script(
        "document.querySelectorAll('img').forEach(each => each.loading = 'eager')")
    soon(browser, lambda: browser.execute_script(
        "return Array.from(document.images).every(each => each.complete)"))
    sizes = browser.execute_script(
        "return Array.from(document.images).map(each => [each.naturalWidth, each.clientWidth])")
    assert len(sizes) > 30 and all(natural > 0 for natural, _ in sizes)


def test_letters_of_pictures_stay_large_enough(show):
    """At least 70 % of their size, beside text of 16 pixels."""
    for name in ("docs/layouts.html", "docs/how-it-works/01.html", "docs/how-it-works/04.html"):
        browser = show(name)
        small = browser.execute_script("""
            return Array.from(document.querySelectorAll('.picture img')).map(each => {
                each.loading = 'eager'; return each; }).filter(each => each.complete
                && each.clientWidth < .7 * each.naturalWidth).map(each => each.alt)""")
        assert small == [], name


def tab_to(browser, found):
    """Presses Tab until `found()`; how often."""
    for count in range(1, LONG):
        press(browser, Keys.TAB)
        if found():
            return count
    raise AssertionError(f"not reached by {LONG} Tabs")


def test_navigation_and_search_are_reached_by_keyboard(show):
    browser = show("index.html")
    assert tab_to(browser, lambda: "md-skip" in focused(browser, "className")) == 1
    tab_to(browser, lambda: focused(browser, "matches('label.md-header__button')"))
    tab_to(browser, lambda: focused(browser, f"matches('{SEARCH}')"))
    press(browser, Keys.ESCAPE)
    tab_to(browser, lambda: focused(browser, "textContent").strip() == "Labs")
    assert browser.execute_script(
        "return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    press(browser, Keys.ENTER)
    soon(browser, lambda: browser.current_url.endswith("labs/01-vm86trap/index.html"))


def test_a_phone_s_navigation_is_reached_by_keyboard(show):
    browser = show("index.html", PHONE)
    tab_to(browser, lambda: focused(browser, "getAttribute('aria-label')") == "Contents")
    press(browser, Keys.ENTER)
    assert browser.execute_script("return document.getElementById('__drawer').checked")


def find(browser, words):
    """Types words into the search field; the titles that are found."""
    field = browser.find_element(By.CSS_SELECTOR, SEARCH)
    browser.execute_script("arguments[0].focus()", field)
    press(browser, *words)
    soon(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".md-search-result__link"))
    return [each.get_attribute("href") for each in
            browser.find_elements(By.CSS_SELECTOR, ".md-search-result__link")]


def test_search_finds_from_disk(show, run):
    browser = show("docs/how-it-works/01.html")
    links = find(browser, "permission bitmap")
    assert any("labs/02-guest-resources/index.html" in each for each in links)
    assert all(each.startswith(run.site.as_uri()) for each in links)
    browser.get(links[0])
    assert "bitmap" in browser.find_element(By.TAG_NAME, "article").text


def test_nothing_of_the_search_is_loaded_before_it_is_wanted(show, run):
    show("index.html")
    assert not any("search" in each for each in requested_of(show))


def requested_of(show):
    """What a page with nobody at the keyboard asks for."""
    browser = show("docs/memory-map.html")
    return requested(browser)


@pytest.mark.parametrize("scheme", ["default", "slate"])
def test_text_can_be_read_by_day_and_by_night(show, scheme):
    browser = show("docs/how-it-works/01.html")
    if browser.execute_script("return document.body.dataset.mdColorScheme") != scheme:
        browser.find_element(By.CSS_SELECTOR, "label[for^=__palette]:not([hidden])").click()
    soon(browser, lambda: browser.execute_script(
        "return document.body.dataset.mdColorScheme") == scheme)
    for what, least in (("article p, article li, h2", 7), ("article a:not(.headerlink)", 4.5),
                        (".md-nav__link", 4.5), ("figcaption", 4), ("article code span", 4)):
        soon(browser, lambda what=what, least=least:  # colours fade
             min(browser.execute_script(CONTRAST, what)) >= least)


def test_a_picture_turns_with_the_theme(show):
    browser = show("docs/how-it-works/01.html")
    filters = []
    for scheme in ("default", "slate"):
        browser.execute_script(f"document.body.dataset.mdColorScheme = '{scheme}'")
        filters.append(browser.execute_script(
            "return getComputedStyle(document.querySelector('.picture img')).filter"))
    assert filters[0] == "none" and filters[1].startswith("invert")


def test_without_scripts_everything_is_there(chromium, run):
    size(chromium, 1280)
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chromium.get((run.site / "docs/how-it-works/01.html").as_uri())
        for selector in ("article h1", ".picture img", "article pre", ".md-tabs__link"):
            soon(chromium, lambda selector=selector: height(chromium, selector) > 5)
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
