"""A page's Markdown, from how it reads in the course's folder to how mkdocs wants it.

Three kinds of links are changed, so that in the folder each still leads somewhere:

    [text](../common/boot.S)                                a source: to its page on the site
    [text](../common/boot.S#read "listing")                 alone: that routine, shown here
    [text](pictures/segments.toml#selector "picture")       alone: that picture, shown here
"""

import html
import os
import posixpath
import re
from pathlib import PurePosixPath

from grading.errors import UsageError
from website import listings, nav, pictures, starter

FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})")
INFO = re.compile(r"^(\s*[`~]+\w+) .*")  # "```sh elsewhere": the rest is for our tests
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s\"]+)\)(?!\{)")
ALONE = re.compile(r"^\[([^\]]*)\]\((\S+)\s+\"(listing|picture)\"\)$")
NESTED = re.compile(r"^ {2,3}(?=([-*]|\d+\.) )", re.MULTILINE)
PIPED = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
ELSEWHERE = re.compile(r"[a-z]+:|#")


def piped(found):
    """Code in a table, with a bar in it: mkdocs' Markdown would show the backslash, too."""
    bar = "&#124;"
    return f"<code>{html.escape(found[1], quote=False).replace(chr(92) + '|', bar)}</code>"


class Page:
    """One page on its way. `wanted` fills with the other files that the site needs for it."""

    def __init__(self, root, path, drawn):
        self.root, self.path, self.drawn = root, path, drawn
        self.wanted = set()

    def convert(self, text):
        """The page as mkdocs shall read it: what stands in fences as it is, links changed."""
        done, plain, fence = [], [], None
        for line in text.splitlines():
            found = FENCE.match(line)
            if found and (fence is None or line.strip().startswith(fence)):
                fence = found[2] if fence is None else None
                line = INFO.sub(r"\1", line)
            elif not fence:
                plain.append(line)
                continue
            done += [*self.changed(plain), line]
            plain = []
        return "\n".join(done + self.changed(plain))

    def changed(self, lines):
        """Lines of text with their links changed; a link may go over two lines."""
        text = LINK.sub(self.link, "\n".join(lines))
        text = PIPED.sub(piped, NESTED.sub("    ", text))
        return [self.shown(*ALONE.match(line).groups()) if ALONE.match(line) else line
                for line in text.split("\n")] if lines else []

    def resolve(self, target):
        """A link's target → (path from the course's folder, fragment)."""
        name, _, fragment = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), name))
        return path, fragment

    def relative(self, path):
        """From this page, as it is on the site, to a file on the site."""
        here = posixpath.dirname(nav.staged(self.path))
        return os.path.relpath(path, here or ".")

    def link(self, found):
        text, target = found.groups()
        if ELSEWHERE.match(target):
            return found[0]
        path, fragment = self.resolve(target)
        full = self.root / path
        if full.is_dir() and (full / "README.md").exists():
            path, full = f"{path}/README.md", full / "README.md"
        if not full.is_file():
            if path in nav.PAGES:  # it is not written yet
                return text
            raise UsageError(f"{self.path}: the link to {target} leads nowhere")
        if full.suffix == ".md":
            self.wanted.add(path)
            return f"[{text}]({self.relative(nav.staged(path))}{'#' * bool(fragment)}{fragment})"
        self.wanted.add(path)
        return f"[{text}]({self.relative(path)}.md)"

    def shown(self, text, target, kind):
        path, fragment = self.resolve(target)
        if not (self.root / path).is_file():
            raise UsageError(f"{self.path}: the link to {target} leads nowhere")
        if kind == "picture":
            key = PurePosixPath(path).name + (f"#{fragment}" if fragment else "")
            return self.figure(key)
        self.wanted.add(path)
        code = listings.piece(starter.text(self.root, path), fragment, path)
        return (f"[{text}]({self.relative(path)}.md){{ .listing }}\n\n"
                f"~~~~{listings.language(path)}\n{code}\n~~~~\n")

    def figure(self, key):
        """A picture, and below it the same in words."""
        if key not in self.drawn:
            raise UsageError(f"{self.path}: docs/pictures has no {key}")
        picture = self.drawn[key]
        title = html.escape(picture.title)
        source = html.escape(f" ({picture.source})") if picture.source else ""
        words = "".join(f"<li>{html.escape(each)}</li>" for each in picture.words)
        name = self.relative(f"pictures/{pictures.file_name(key)}")
        return (f'<figure class="picture"><div class="scroll" tabindex="0" role="group" '
                f'aria-label="{title}"><img src="{name}" alt="{title}: in words below" '
                f'loading="lazy"></div><figcaption>{title}{source}</figcaption>'
                f'<details><summary>The same in words</summary><ul>{words}</ul></details>'
                f'</figure>')


def source_page(root, path):
    """The page of a source: its text, as students have it."""
    text = starter.text(root, path).rstrip("\n")
    fence = "~" * max([4, *(len(each) + 1 for each in re.findall(r"~{3,}", text))])
    linenums = ' linenums="1"'
    return (f"# {PurePosixPath(path).name}\n\n`{path}`, as students get it.\n\n"
            f"{fence}{{.{listings.language(path)}{linenums}}}\n{text}\n{fence}\n")
