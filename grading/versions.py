"""Which versions of the tools a grade was made with.

Asking a program takes as long as half a boot, so the answer is kept beside what
is built, for as long as the program's file does not change.
"""

import json
import os
import re
import shutil
import subprocess

VERSION = re.compile(r"\d+(\.\d+)+")
QUESTION = {"bochs": ["--help", "cpu"]}  # has no option that says the version alone


def version(program, out):
    """Name and version of an installed program, such as "bochs 2.7"; kept in folder `out`."""
    path = os.path.realpath(shutil.which(program) or program)
    try:
        status = os.stat(path)
    except OSError:
        return f"{program} (not installed)"
    key = f"{path} {status.st_mtime_ns} {status.st_size}"
    cache = out / "versions.json"
    try:
        known = json.loads(cache.read_text())
    except (OSError, ValueError):
        known = {}
    if key not in known:
        known[key] = ask(program)
        out.mkdir(parents=True, exist_ok=True)
        temporary = out / f"versions.{os.getpid()}"
        temporary.write_text(json.dumps(known, indent=1))
        temporary.replace(cache)
    return known[key]


def ask(program):
    """Name and version, from the first thing like a version in what it says of itself."""
    done = subprocess.run([program, *QUESTION.get(os.path.basename(program), ["--version"])], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, errors="replace", check=False)
    found = VERSION.search(done.stdout)
    return f"{program} {found[0] if found else '(version unknown)'}"
