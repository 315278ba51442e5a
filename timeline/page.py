"""The page: one HTML file that needs nothing else and loads nothing.

The run's values stand in it as JSON, in a script element that is data; the scripts draw
from it. A Content-Security-Policy lets run this one script and this one style, by their hashes.
"""

import base64
import hashlib
import html
import json
from pathlib import Path
from string import Template

from timeline import alike, record as saved

FOLDER = Path(__file__).resolve().parent
SCRIPTS = ("run.js", "lanes.js", "moment.js", "way.js", "whole.js", "page.js")  # one script of all
ENTERING = ("vmlaunch", "vmresume")


def render(record, other=None):
    """The page of a record, beside another one if there is one; text for UTF-8."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    script = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    counts = {}
    for event in record["events"]:
        counts[label(event)] = counts.get(label(event), 0) + 1
    rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{count}</td></tr>"
                   for name, count in sorted(counts.items(), key=lambda item: -item[1]))
    return Template((FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        policy=html.escape(policy(style, script)), style=style, script=script,
        lab=html.escape(record["lab"]), rows=rows, data=data(record),
        other=data(beside(record, other)) if other else "null")


def beside(record, other):
    """What the page needs of the other run."""
    return saved.outline(other) | {"departure": alike.departure(record, other)}


def label(event):
    """What an event counts as; run.js has the same."""
    if event["k"] == "entry":
        return f"entry: {event['n']}: entered"
    if event["k"] == "vmx" and event["n"] in ENTERING:
        return f"vmx: {event['n']}: {'refused' if event.get('y') else 'failed by an exit'}"
    if event["k"] == "vmx" and event.get("y"):
        return f"vmx: {event['n']}: failed"
    return f"{event['k']}: {event['n']}"


def data(values):
    """JSON that nothing in a page takes for its own."""
    text = json.dumps(values, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy(style, script):
    """The Content-Security-Policy: nothing but these two texts."""
    return ("default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"style-src '{digest(style)}'; script-src '{digest(script)}'")


def digest(text):
    """The hash of an inline style or script, as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
