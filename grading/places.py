"""Where in a folder that was handed in a lab's files lie: in its place in the tree, or alone."""

import os

from grading.errors import UsageError


def place(folder, lab, owner):
    """Where in a submission the files for lab `owner` are."""
    folder = root(folder)
    inner = folder / "labs" / owner
    for link in (folder / "labs", inner):
        if link.is_symlink():
            raise UsageError(f"{link} is a link; a submission holds folders and files")
    if inner.is_dir():
        return inner
    # The folder of a lab, in a tree: the other labs' folders are beside it.
    beside = folder.absolute().parent / owner
    if folder.absolute().name != lab.name or not beside.is_dir():
        return inner_place(folder, lab, owner)
    if beside.is_symlink():
        raise UsageError(f"{beside} is a link; a submission holds folders and files")
    return beside


def inner_place(folder, lab, owner):
    """The same of a folder without labs/: itself, or the only folder in it that has them."""
    names = [name for name, whose in lab.sources.items() if whose == owner]
    found = [path for path in (folder, *sorted(folder.iterdir()))
             if not (path != folder and path.is_symlink())
             and any(os.path.lexists(path / name) for name in names)]
    own = [path for path in found if path in (folder, folder / owner)]
    return own[0] if own else found[0] if len(found) == 1 else folder


def root(folder):
    """The folder with labs/ in it: this one, or the only one in this one that has it."""
    if os.path.lexists(folder / "labs"):
        return folder
    inner = [path for path in folder.iterdir()
             if (path / "labs").is_dir() and not path.is_symlink()]
    return inner[0] if len(inner) == 1 else folder
