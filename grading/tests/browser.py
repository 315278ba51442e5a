"""A headless Chromium: started, its page opened, looked at. No network, a folder of its own.

The fixture `chromium` (the top conftest.py) is one for all tests of a process.
"""

import json

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--hide-scrollbars",
             "--disable-component-update", "--disable-sync")
PATIENCE = 20  # seconds; only what is broken takes that long


def start(folder):
    """A Chromium that keeps its own files in `folder`; the WebDriver. quit() ends it."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in (*ARGUMENTS, f"--user-data-dir={folder}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def load(browser, path, width=1280, height=900):
    """Opens a file; nothing is in the browser's logs but what that led to."""
    size(browser, width, height)
    browser.get("about:blank")
    for name in ("browser", "performance"):
        browser.get_log(name)
    browser.get(path.as_uri())


def size(browser, width, height=900):
    """The window's, in pixels."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})


def requested(browser):
    """All addresses that were asked for since load()."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return {event["params"]["request"]["url"].split("#")[0] for event in events
            if event["method"] == "Network.requestWillBeSent"}


def press(browser, *keys):
    """Types, wherever the focus is."""
    webdriver.ActionChains(browser).send_keys(*keys).perform()


def soon(browser, condition):
    """It holds, in a moment: what a page does of its own accord it may do behind a script."""
    WebDriverWait(browser, PATIENCE, 0.02).until(lambda _: condition())


def height(browser, selector):
    """Of what is drawn, in pixels, asked without a script; 0 of what is not drawn."""
    try:
        root = browser.execute_cdp_cmd("DOM.getDocument", {})["root"]["nodeId"]
        node = browser.execute_cdp_cmd("DOM.querySelector", {"nodeId": root, "selector": selector})
        return browser.execute_cdp_cmd("DOM.getBoxModel", node)["model"]["height"]
    except WebDriverException:
        return 0
