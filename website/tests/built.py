"""The site as its tests read it: one build, and what is in its pages."""

import functools
import subprocess
from html.parser import HTMLParser
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

from grading.lab import ROOT

VOID = ("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr",
        "path", "circle")
BLOCKS = ("p", "li", "td", "th", "h1", "h2", "h3", "h4", "pre", "div", "summary", "figcaption",
          "br", "dt", "dd", "tr")


class Page(HTMLParser):
    """What is in one page: its elements, its text, its headings, its listings."""

    def __init__(self, path):
        super().__init__()
        self.path, self.elements, self.text = path, [], []
        self.ids, self.headings, self.code = set(), [], []
        self.open, self.prose = [], ""
        self.feed(path.read_text(encoding="utf-8"))
        self.text = "".join(self.text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.elements.append((tag, attrs, tuple(self.open)))
        self.ids.update(value for name, value in attrs.items() if name in ("id", "name"))
        if tag in ("h1", "h2", "h3"):
            self.headings.append("")
        if tag == "pre":
            self.code.append("")
        if tag in BLOCKS:
            self.text.append("\n")
        if tag not in VOID:
            self.open.append((tag, attrs))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass
        if tag in BLOCKS:
            self.text.append("\n")

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        if "script" in tags or "style" in tags:
            return
        self.text.append(data)
        if any(tag in ("h1", "h2", "h3") for tag in tags):
            self.headings[-1] += data
        if "pre" in tags:
            self.code[-1] += data
        elif "code" not in tags:
            self.prose += data


def build(target, more=(), **options):
    """Runs the program as `make site` does; the finished process."""
    return subprocess.run(["/usr/bin/python3", ROOT / "website" / "website", "--to", target, *more],
                          check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)


def program():
    """website/website, as a module."""
    loader = SourceFileLoader("website_program", str(ROOT / "website" / "website"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


@functools.cache
def pages(site):
    """Every page of a built site, by its path in it."""
    return {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}
