"""Who wrote nearly the same: pairs of students whose files are alike.

    submissions and starters -> what each wrote -> sim -> pairs

A pair is a reason to look at two files side by side, and never a verdict: the exercises are
short, and right answers to short exercises look alike.

What the number means: Pair.percent is how much of what `one` wrote, counted in tokens, is
found in what `other` wrote, in runs of RUN tokens at least; of both directions the greater.
"Wrote" is the file without comments, without the lines of the starter, and without what
COMMON of the class wrote word for word. (sim's own "old" files, behind its "/", would not do: they
are only more files to compare with, and nothing is subtracted. Tried.)

C goes through sim_c, for which all names are equal, all numbers and all strings. Assembly
does not: all instructions are names, so that for sim_c `movq %rax, %rbx` is `addl %ecx,
%edx`; two independent launch.S were alike to 74 %. It goes through sim_text, which compares words,
after the labels and macros that it defines have all become one word.

How the threshold was found (grading/tests/classroom/test_similar.py repeats it), files of labs 01 and 04:

    the reference and the same with one wrong idea in it (tests/mutants.toml)   88 % and more
    the same where that idea is a whole function, written anew (there is one)   83 %
    two such, each with another wrong idea                                      82 % and more
    a copy with other names, comments, and order of functions                   82 % and more
    files written independently, by hand                                        43 % and less

It finds no copies in files of few own tokens (decode.c: everybody's right answer is one
line), nor a solution that COMMON of the class have copied and changed: that looks like the
obvious. Files that are equal to the byte, comments and all, count as one there and in all pairs
but those of the first who has it with each other one: these are there whatever the rest wrote.
"""

import re
import tempfile
from collections import Counter
from pathlib import Path

from grading.classroom.records import Pair
from grading.errors import UsageError
from grading.process import Limits, run

THRESHOLD = 60  # percent: between independent files and copies
COMMON = 1 / 4  # of the class; a line that more wrote says nothing
COMMON_STUDENTS = 5  # at least, in a small class
LEAST_TOKENS = 60  # of one's own; with fewer, right answers are alike
MOST_TOKENS = 1500  # looked at; the longest solution has 900. sim's time grows with their cube
RUN = {".c": ("sim_c", 20), ".S": ("sim_text", 12)}  # tool, tokens of a run
LIMITS = Limits(cpu_seconds=60, file_bytes=256 << 20, memory_bytes=1 << 30)

# A quote that is never closed ends with its line: to look from each one for an end that does not
# come would take for ever.
COMMENT = re.compile(r"\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?|/\*.*?(?:\*/|\Z)|//[^\n]*",
                     re.DOTALL)
HASH = re.compile(r"(?<=.)#.*")  # in assembly; a # that begins a line is the preprocessor's
TOKEN = re.compile(r"\w+|[^\w\s]")
NAME = re.compile(r"[A-Za-z_.$][\w.$]*")
MADE_UP = re.compile(r"^\s*(?:([A-Za-z_.$][\w.$]*):|"
                     r"(?:\.macro|\.irp|\.set|\.equ|#define)\s+([\w.$]+))", re.MULTILINE)
ALIKE = re.compile(r"(\d+)\.[cS] consists for (\d+) % of (\d+)\.[cS] material")
OTHERWISE = re.compile(r"|Total input: .*")


def find(submissions, starters, threshold=THRESHOLD):
    """The Pairs that are alike to `threshold` percent, the most alike first.

    submissions: student -> {"labs/NN-name/file": bytes}; starters: the same of what
    everybody was given. Only files that are in `starters` and end in .c or .S count.
    UsageError if sim is not installed, fails, is over its budget or says something else.
    """
    found = []
    for file in sorted(starters):
        texts = {name: readable(files[file]) for name, files in sorted(submissions.items())
                 if file in files}
        if Path(file).suffix in RUN:
            found += pairs_of(file, texts, readable(starters[file]), threshold)
    # Equal both ways before equal one way: that is a short file in a long one.
    return [pair for pair, back in sorted(found, key=lambda each: (
        -each[0].percent, -each[1], each[0].one, each[0].other, each[0].file))]


def pairs_of(file, texts, starter, threshold):
    """(Pair, percent the other way, 0 if below the threshold) of one source file;
    texts: student -> text."""
    suffix = Path(file).suffix
    own, once = own_lines(texts, starter, suffix), {}  # text → the first who has it
    for name, text in texts.items():
        first = once.setdefault(text, name)
        if first != name and enough("\n".join(own[name])):
            yield Pair(first, name, file, 100, text, text), 100
    wrote = without_common({name: own[name] for name in once.values()})
    wrote = {name: masked("\n".join(lines), suffix) for name, lines in wrote.items()}
    wrote = {name: text for name, text in wrote.items() if enough(text)}
    students = list(wrote)
    ways = compare(list(wrote.values()), suffix, threshold)
    for (one, other), percent in ways.items():
        back = ways.get((other, one), 0)
        if (percent, other) > (back, one):  # each pair once, the greater way
            left, right = students[one], students[other]
            yield Pair(left, right, file, percent, texts[left], texts[right]), back


def enough(text):
    """True if somebody wrote so much that it is not alike by itself."""
    return len(TOKEN.findall(text)) >= LEAST_TOKENS


def readable(content):
    """A student's bytes as text, whatever they are."""
    return content.decode("utf-8", errors="replace").replace("\r", "")


def own_lines(texts, starter, suffix):
    """student -> the lines of the text that are not in the starter."""
    given = set(code_lines(starter, suffix))
    return {name: [line for line in code_lines(text, suffix) if line not in given]
            for name, text in texts.items()}


def code_lines(text, suffix):
    """The lines of a source that are not empty, without comments, each space only one."""
    text = COMMENT.sub(lambda found: " " if found[0].startswith("/") else found[0], text)
    if suffix == ".S":
        text = HASH.sub("", text)
    return [line for line in (" ".join(line.split()) for line in text.split("\n")) if line]


def without_common(wrote):
    """The same without the lines that many wrote."""
    counted = Counter(line for lines in wrote.values() for line in set(lines))
    most = max(COMMON_STUDENTS, COMMON * len(wrote))
    return {name: [line for line in lines if counted[line] <= most]
            for name, lines in wrote.items()}


def masked(text, suffix):
    """What sim gets to see: the first MOST_TOKENS of it, one a line. In assembly the names
    that are defined there become one and the same."""
    if suffix == ".S":
        made_up = {name for names in MADE_UP.findall(text) for name in names}
        text = NAME.sub(lambda found: "x" if found[0] in made_up else found[0], text)
    lines, left = [], MOST_TOKENS
    for line in text.split("\n"):
        left -= len(TOKEN.findall(line))
        if left < 0:
            break
        lines.append(line)
    return "\n".join(lines)


def compare(texts, suffix, threshold):
    """(one, other) -> percent, both ways, from `threshold` on; by the numbers of texts."""
    if len(texts) < 2:
        return {}
    tool, units = RUN[suffix]
    with tempfile.TemporaryDirectory(prefix="similar-") as folder:
        names = [f"{number}{suffix}" for number in range(len(texts))]
        for name, text in zip(names, texts):
            Path(folder, name).write_text(f"{text}\n", "ascii", "replace")
        # Each with each (-a, -e); not sorted (-u): sim's sort would take a hundred times longer.
        said = call([tool, "-p", "-a", "-e", "-u", "-T", "-t", str(threshold), "-r", str(units),
                     *names], folder)
    ways = {}
    for line in said.split("\n"):
        found = ALIKE.fullmatch(line)
        if found and max(int(found[1]), int(found[3])) < len(texts):
            ways[int(found[1]), int(found[3])] = int(found[2])
        elif not OTHERWISE.fullmatch(line):
            raise UsageError(f"{tool} said what this grader does not understand: {line[:80]!a}")
    return {way: percent for way, percent in ways.items() if percent >= threshold}


def call(command, folder):
    """What sim says; UsageError if it cannot be called, or did not end well."""
    try:
        ended, said = run(command, LIMITS, folder)
    except FileNotFoundError:
        raise UsageError(f"{command[0]} is not installed; it is in similarity-tester: "
                         "./setup.sh") from None
    if ended.code or len(said) >= LIMITS.file_bytes:
        raise UsageError(f"{command[0]} failed ({ended.over_budget or f'exit code {ended.code}'}); "
                         "this class cannot be compared")
    return said.decode("ascii", errors="replace")
