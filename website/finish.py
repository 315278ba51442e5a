"""What is done to the pages that mkdocs has built: search from disk, names for icons."""

import json
import re
import shutil

WORKER = "assets/javascripts/workers/search.*.js"  # the theme's
# Icons of the theme that can be pressed and say nothing to who cannot see them.
NAMES = {"__drawer": "Contents", "__search": "Search"}


def offline_search(site):
    """Search without a server: the index and the theme's searcher, as one script.

    A page that was opened from disk may neither fetch a file nor start a worker from one;
    it may load a script. Sources are left out: they are found by name, on one page.
    """
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    index["docs"] = [each for each in index["docs"]
                     if not re.search(r"\.[\w-]+\.html(#|$)", each["location"])]
    worker = next(site.glob(WORKER)).read_text(encoding="utf-8")
    script = f"searchIsHere({json.dumps(index)}, {json.dumps(worker)});\n"
    (site / "assets" / "search.js").write_text(script, encoding="utf-8")
    shutil.rmtree(site / "search")


def named(text):
    """A page whose icons are hidden from screen readers, and whose buttons have names.

    The theme links to a folder where it means the start page; from disk that is no page.
    """
    text = re.sub(r'href="((?:\.\./)*\.\.?)"', r'href="\1/index.html"', text)
    text = text.replace("<svg xmlns", '<svg aria-hidden="true" xmlns')
    for target, name in NAMES.items():
        text = re.sub(rf'(<label class="md-[a-z_]+ md-icon" for="{target}")>',
                      rf'\1 aria-label="{name}">', text)
    return text


def finish(site):
    """All of it, for a folder that mkdocs has built."""
    offline_search(site)
    (site / "404.html").unlink()  # its links begin at a server's root
    for path in site.rglob("*.html"):
        path.write_text(named(path.read_text(encoding="utf-8")), encoding="utf-8")
