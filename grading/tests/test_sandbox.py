"""The box: what runs in it sees nothing of ours, reaches nobody, and leaves nothing."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grading import lab, process, sandbox
from grading.errors import UsageError
from grading.process import Limits

PYTHON = "/usr/bin/python3"
PATIENCE = 20  # seconds; only what is broken takes that long


@pytest.fixture(name="inside")
def fixture_inside(tmp_path):
    """Runs Python code in a box that may write tmp_path/box; (Ended, what it printed)."""
    folder = tmp_path / "box"
    folder.mkdir()

    def inside(code, **limits):
        ended, said = process.run([PYTHON, "-c", code], Limits(boxed=True, **limits), folder)
        return ended, said.decode(errors="replace").strip()
    return inside


def test_it_sees_the_system_and_its_folder_and_nothing_else(inside, tmp_path):
    (tmp_path / "secret").write_text("the answers")
    code = "import os; print(sorted(os.listdir('/'))); print(os.listdir('/tmp'), os.getcwd(), " \
           f"os.listdir('.'), os.path.exists({str(tmp_path / 'secret')!r}))"
    ended, said = inside(code)
    assert ended.code == 0
    top, rest = said.split("\n")
    first = str(tmp_path).split("/")[1]  # the way to its folder
    assert set(eval(top)) <= {"bin", "dev", "etc", "lib", "lib64", "proc", "tmp", "usr", first}
    assert rest.endswith("[] False"), rest


@pytest.mark.parametrize("path", [
    str(lab.ROOT / "labs"), "/etc/passwd", "/root", "/home", "/var", "/sys", "/run", "/dev/sda",
    "/proc/1/root/etc/passwd", "/proc/kcore", "/dev/mem",
])
def test_what_it_cannot_read(inside, path):
    _, said = inside("import os, sys\ntry:\n"
                     f" print(os.listdir({path!r}) if os.path.isdir({path!r}) "
                     f"else open({path!r}, 'rb').read(9))\nexcept OSError as e: print('NO', e)")
    assert said.startswith("NO") or said == "[]", said


@pytest.mark.parametrize("path", ["/usr/x", "/etc/x", "/proc/sys/kernel/hostname", "/x",
                                  "/usr/bin/python3"])
def test_what_it_cannot_write(inside, path):
    _, said = inside(f"try:\n open({path!r}, 'a').write('x'); print('WROTE')\n"
                     "except OSError as e: print('NO')")
    assert said == "NO"


def test_what_it_is_shown_it_may_only_read(inside, tmp_path):
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "file").write_text("content")
    os.chmod(tmp_path / "shown", 0o777)
    place = str(tmp_path / "shown")
    _, said = inside(f"print(open('{place}/file').read())\ntry: open('{place}/new', 'w')\n"
                     "except OSError: print('NO')", shown=(tmp_path / "shown",))
    assert said == "content\nNO"


def test_it_is_nobody_and_cannot_become_another(inside):
    _, said = inside("import os\nprint(os.getuid() or 'root')\n"
                     "print([l for l in open('/proc/self/status') if l.startswith('CapEff')])\n"
                     "try: os.setuid(0); print('BECAME')\nexcept OSError: print('NO')\n"
                     "print(open('/proc/self/status').read().count('NoNewPrivs:\\t1'))")
    user, capabilities, became, no_new = said.split("\n")
    assert user == str(sandbox.user() if os.geteuid() == 0 else os.getuid())
    assert "0000000000000000" in capabilities and became == "NO" and no_new == "1"


def test_it_has_no_network(inside):
    _, said = inside("import socket\nprint([name for _, name in socket.if_nameindex()])\n"
                     "try: socket.create_connection(('1.1.1.1', 53), 1)\n"
                     "except OSError as e: print('NO')")
    assert said in ("['lo']\nNO", "[]\nNO")


def test_it_sees_no_other_processes(inside):
    _, said = inside("import os; print([p for p in os.listdir('/proc') if p.isdecimal()])")
    assert len(eval(said)) <= 3, said


def running(mark):
    """The processes, ours or not, whose command line has this in it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_what_it_starts_ends_with_it(inside):
    mark = f"mark-{os.getpid()}"
    ended, _ = inside(f"import os\nfor _ in range(5):\n if not os.fork():\n"
                      f"  os.setsid(); os.execvp('sleep', ['{mark}', '1000'])")
    assert ended.code == 0 and not running(mark)


def test_processes_have_an_end(inside):
    _, said = inside("import os, signal\nn = 0\nwhile True:\n try:\n  if not os.fork(): signal.pause()"
                     "\n  n += 1\n except OSError: break\nprint(n)", processes=20)
    assert 10 <= int(said) < 20


def test_a_fork_bomb_ends(inside):
    ended, _ = inside("import os\nwhile True:\n try: os.fork()\n except OSError: pass",
                      cpu_seconds=1, processes=4)
    assert ended.over_budget == "CPU time"


def test_memory_has_an_end(inside):
    _, said = inside("try: bytearray(2 << 30); print('GOT')\nexcept MemoryError: print('NO')",
                     memory_bytes=1 << 30)
    assert said == "NO"


def test_a_file_has_an_end(inside, tmp_path):
    inside("open('file', 'wb').write(bytes(1 << 25))", file_bytes=1 << 20)
    assert (tmp_path / "box" / "file").stat().st_size <= 1 << 20


def test_tmp_has_an_end(inside):
    _, said = inside("try:\n for n in range(400): open(f'/tmp/{n}', 'wb').write(bytes(1 << 20))\n"
                     " print('ALL')\nexcept OSError as e: print('NO')")
    assert said == "NO"


def test_its_environment_says_nothing_of_us(inside, monkeypatch):
    monkeypatch.setenv("TOKEN", "secret")
    _, said = inside("import os; print(sorted(os.environ))")
    assert not set(eval(said)) - {*sandbox.ENVIRONMENT, "PWD", "LC_CTYPE", "SHLVL", "_"}, said


def test_it_dies_with_us(tmp_path):
    (tmp_path / "box").mkdir()
    mark = f"1000{os.getpid()}"
    code = f"""\
import sys; sys.path.insert(0, {str(lab.ROOT)!r})
from pathlib import Path
from grading import process
from grading.process import Limits
child = process.start(["sh", "-c", "echo; sleep {mark}; true"], Limits(boxed=True),
                      Path({str(tmp_path / "box")!r}), output=process.PIPE)
child.stdout.readline()
print("ready", flush=True)
sys.stdin.read()
"""
    parent = subprocess.Popen([PYTHON, "-c", code], text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    assert parent.stdout.readline() == "ready\n"
    boxed = [os.pidfd_open(pid) for pid in running(mark)]
    assert len(boxed) >= 4  # we, bwrap, its first process, the shell
    parent.kill()
    parent.communicate()
    for handle in boxed:
        assert select.select([handle], [], [], 20)[0], "it lives on"
        os.close(handle)


@pytest.mark.parametrize("bwrap", ["bwrap-is-not-here", "false"])
def test_no_box_no_grade(monkeypatch, bwrap):
    monkeypatch.setattr(sandbox, "BWRAP", bwrap)
    with pytest.raises(UsageError, match="--no-sandbox"):
        sandbox.require()


def test_grade_refuses_without_one(tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("gcc", "make", "python3", "qemu-system-x86_64"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    done = subprocess.run([sys.executable, lab.ROOT / "grading" / "grade",
                           lab.find("01").folder, "--lab", "01"], text=True, check=False,
                          env={"PATH": str(tmp_path / "bin")}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 2 and not done.stdout
    assert "--no-sandbox" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_box_dies_with_its_first_process_from_the_moment_it_says_that_it_is_there(tmp_path):
    """bwrap binds the box's first process to its parent's life a moment after the command may
    have started: one in 170 outlived it, and whoever waited for its CPU time waited for ever."""
    for _ in range(300):
        child = process.start(["sleep", "100"], Limits(boxed=True), tmp_path)
        assert os.read(child.times, 1) == b"\n"
        os.killpg(child.pid, signal.SIGKILL)
        gone, _, _ = select.select([child.times], [], [], PATIENCE)
        process.finish(child, Limits(boxed=True)) if gone else os.wait4(child.pid, 0)
        assert gone, "it outlived its bwrap"
