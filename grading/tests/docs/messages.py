"""What the programs say, read out of their sources: for the tests of the tables in docs/.

A message is a text with "..." where a value goes.
"""

import ast
import re

from grading.lab import ROOT

# In grading/, what is not of the programs grade and class.
OTHERS = ("boot", "demo", "handin", "handout", "new-lab", "package", "mutants", "image.py",
          "systems", "tests")
ERRORS = ("UsageError", "Incomplete", "ArgumentTypeError", "GdbError", "Complaint")
STRING = r'"((?:[^"\\]|\\.)*)"'
C_PRINTED = re.compile(r"^\s*(?:print\w*|banner)\((.*?)\);", re.MULTILINE | re.DOTALL)
C_NAMES = re.compile(r"(?:vector_name|instruction_errors)\[.*?\] = \{(.*?)^\};",
                     re.MULTILINE | re.DOTALL)


def plain(text):
    """One "..." for several in a row."""
    return re.sub(r"(\.\.\.)+", "...", text)


def is_python(path):
    """True of a module, and of a program in Python."""
    return path.suffix == ".py" or path.is_file() and \
        path.read_bytes().startswith(b"#!/usr/bin/python3")


def graders():
    """The Python files that may speak for the programs grade and class."""
    return [path for path in sorted((ROOT / "grading").rglob("*"))
            if path.relative_to(ROOT / "grading").parts[0] not in OTHERS and path.name != "kvm.py"
            and "__pycache__" not in path.parts and is_python(path)]


def parsed(path):
    """The tree of a Python source."""
    return ast.parse(path.read_bytes())


def constants(tree):
    """Name → text or number, of those that a module defines."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found |= {target.id: str(node.value.value) for target in node.targets
                      if isinstance(target, ast.Name)}
    return found


def template(node, known):
    """A message with "..." where a value goes; None if it is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    return "".join(part.value if isinstance(part, ast.Constant) else
                   known.get(getattr(part.value, "id", None), "...") for part in node.values)


def is_message(node):
    """True of a call that makes an error, or that prints to stderr."""
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    return name in ERRORS or name == "print" and any(
        word.arg == "file" and ast.unparse(word.value) == "sys.stderr" for word in node.keywords)


def of_python(paths):
    """Text → file's name, of the errors and complaints in Python sources."""
    found = {}
    for path in paths:
        tree = parsed(path)
        known = constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and is_message(node):
                text = template(node.args[0], known)
                if text and text.strip():
                    found[text] = path.name
    return found


def texts(node):
    """The texts in an expression, each f-string whole."""
    found = template(node, {})
    if found is not None:
        yield found
        return
    for part in ast.iter_child_nodes(node):
        yield from texts(part)


def returned(path):
    """Text → file's name: what a module's functions return, or make a Verdict or a Finding of, if
    it has two words or more."""
    found = {}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Return) or isinstance(node, ast.Call) \
                and getattr(node.func, "id", "") in ("Verdict", "failed"):
            found |= {text: path.name for text in texts(node)
                      if len(re.findall("[a-z]{2,}", text)) > 1}
    return found


def said(path):
    """Text → file's name, of what a module's objects say with their method print()."""
    tree = parsed(path)
    known = constants(tree)
    return {text: path.name for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.print"
            for argument in node.args if (text := template(argument, known))
            and re.search("[a-z]{2,}", text)}


def of_make(path):
    """The texts of $(error ...)."""
    found, text = {}, path.read_text(encoding="utf-8").replace("\\\n", " ")
    for start in re.finditer(r"\$\(error ", text):
        depth, end = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        inner = text[start.end():end - 1]
        while (simpler := re.sub(r"\$\([^()]*\)", "...", inner)) != inner:
            inner = simpler
        found[plain(re.sub(r"\s+", " ", inner)).strip()] = path.name
    return found


def of_shell(path):
    """The texts of say and die."""
    text = path.read_text(encoding="utf-8")
    return {plain(re.sub(r"\$\{[^}]*\}|\$\w+", "...", found)): path.name
            for found in re.findall(r'^[^#\n(]*\b(?:say|die \d) "([^"]+)"', text, re.MULTILINE)}


def of_linker(path):
    """The texts of ASSERT."""
    return {text: path.name for text in
            re.findall(rf"^ASSERT\(.*, {STRING}\)", path.read_text(encoding="utf-8"), re.MULTILINE)}


def of_c(paths):
    """Pieces of what programs of the labs print, and the names of exceptions and errors."""
    found = {}
    for path in paths:
        text = path.read_text(encoding="utf-8")
        for body in C_PRINTED.findall(text) + C_NAMES.findall(text):
            for piece in re.findall(STRING, re.sub(r'"\s*\n\s*"', "", body)):
                piece = piece.replace(r"\n", "").replace(r"\"", '"').strip()
                if len(re.sub(r"\W", "", piece)) > 5 or piece.startswith("#"):
                    found[piece] = path.name
    return found


def of_assembly(path):
    """Its strings of more than one word."""
    return {text.replace(r"\r\n", ""): path.name for text in
            re.findall(rf"\.asciz\s+{STRING}", path.read_text(encoding="utf-8")) if " " in text}


def rows(section, header="it says"):
    """The messages of the tables in a part of a page that have this header."""
    found = []
    for table in re.findall(rf"^\| {header} \|.*\n((?:\|.*\n)*)", section + "\n", re.MULTILINE):
        found += re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    return [row.replace(r"\|", "|") for row in found]


def fits(row, message):
    """True if a row of a table is that message; it may be cut at its end."""
    row, message = plain(row), plain(message)
    if row == message or row.endswith(": ...") and message.startswith(row[:-3]):
        return True
    # In the sources a value may be a number that has a name elsewhere: "..." fits all.
    return re.fullmatch(".+".join(map(re.escape, message.split("..."))), row) is not None \
        and len(message.replace("...", "")) > 12
