"""Where a site is put: all of it or nothing, and in the place of nothing but a site."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from grading.errors import UsageError
from grading.tests.one_line import assert_one_line
from website.tests import built


def old_site(folder):
    """A site that was made earlier."""
    target = folder / "site"
    target.mkdir()
    (target / ".made-by-make-site").touch()
    (target / "index.html").write_text("as before")
    return target


def test_without_its_tools_it_says_which_and_leaves_what_was_there(tmp_path):
    target = old_site(tmp_path)
    done = built.build(target, env={"PATH": "/nowhere"})
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "dot is not installed; ./setup.sh installs it\n"
    assert (target / "index.html").read_text() == "as before"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_no_site_is_left_alone(tmp_path, kind):
    target, precious = tmp_path / "work", tmp_path / ("work" if kind == "file" else "work/thesis")
    if kind == "folder":
        target.mkdir()
    if kind == "link":
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to("elsewhere")
    precious.write_text("years of it")
    before = sorted(tmp_path.rglob("*"))
    assert_one_line(built.build(target), str(target.resolve()), "remove it, or name a new folder")
    assert precious.read_text() == "years of it" and sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("target", "words"), [("", "name a folder"), ("/proc/x/y", "cannot be written")])
def test_no_site_is_put_there(target, words):
    assert_one_line(built.build(target), "--to", words)


def test_a_command_line_that_is_not_understood_is_one_line(tmp_path):
    assert_one_line(built.build(tmp_path / "site", more=["--form"]), "--form; see website --help")


@pytest.mark.parametrize("target", ["course", ".", "course/docs"])
def test_the_course_is_no_place_for_its_site(tmp_path, target):
    (tmp_path / "course" / "docs").mkdir(parents=True)
    (tmp_path / "course" / "docs" / "start.md").touch()
    with pytest.raises(UsageError, match="the course itself|no site that was made here"):
        built.program().make(tmp_path / "course", tmp_path / target)
    assert (tmp_path / "course" / "docs" / "start.md").exists()


def test_two_at_once_do_not_disturb_each_other(tmp_path):
    old_site(tmp_path)
    with ThreadPoolExecutor() as pool:
        runs = [*pool.map(built.build, [tmp_path / "site"] * 2)]
    assert [run.returncode for run in runs] == [0, 0], runs
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    assert "as before" not in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
