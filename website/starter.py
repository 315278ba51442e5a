"""The sources as students get them: what the site may show."""

import functools

from grading import errors, lab, tree


@functools.cache
def visible(root):
    """Every file that students have, relative to root, as text paths; without the rubrics."""
    found = {str(path) for path in tree.files(root) if "rubric" not in path.parts}
    return found | {f"labs/{each.name}/{name}" for each in lab.all_labs(root)
                    for name in each.edit}


@functools.cache
def text(root, path):
    """A file's text, the starter's if students write it; UsageError if they may not see it."""
    names = {f"labs/{each.name}/{name}" for each in lab.all_labs(root) for name in each.edit}
    if path.startswith("labs/") and path not in visible(root):
        raise errors.UsageError(f"{path} is not in the students' tree: the site cannot show it")
    if path not in names:
        return (root / path).read_text(encoding="utf-8")
    return tree.cut(root / path)
