"""EMU=kvm: VT-x is promised only where a guest has seen it, and refused with the reason."""

import os
import subprocess

import pytest

from common.tests import support
from grading import emulators, image
from grading.emulators import kvm
from grading.errors import UsageError
from grading.lab import ROOT

# The Core 2 of Bochs, whose BIOS leaves IA32_FEATURE_CONTROL to the program; QEMU's own CPU.
PENRYN = kvm.Told("GenuineIntel", True, 0, 0x00D8_1000_0000_002B)
QEMU64 = kvm.Told("AuthenticAMD", False, None, None)
SILENT = "#!/bin/sh\nexit 1\n"
BROKEN = "#!/bin/sh\necho 'qemu-system-x86_64: failed to initialize kvm: I/O error' >&2\nexit 1\n"


@pytest.fixture(name="probe", scope="module")
def fixture_probe(tmp_path_factory):
    """The path of probe.bin."""
    return support.build_loader(tmp_path_factory.mktemp("out")).with_name("probe.bin")


@pytest.mark.parametrize(("name", "wanted"), [("bochs", PENRYN), ("qemu", QEMU64)])
def test_the_probe_says_what_a_cpu_has(name, wanted, probe, tmp_path):
    run = support.boot(name, image.disk_image(b"", probe.read_bytes()), tmp_path / "boot")
    support.assert_powered_off(run)
    assert kvm.read(run.serial.decode()) == wanted, run.serial


@pytest.mark.parametrize("text", [
    "", "end\n", "vendor 1 2 3\necx 00000020\nend\n", "ecx 00000020\nend\n",
    "vendor 756e6547 49656e69 6c65746e\necx 00000020\n",
])
def test_half_a_probe_says_nothing(text):
    assert kvm.read(text) is None


@pytest.mark.parametrize(("told", "words"), [
    (PENRYN, None), (PENRYN._replace(control=5), None), (PENRYN._replace(control=None), ("firmware",)),
    (QEMU64, ("AuthenticAMD", "has no VMX")), (PENRYN._replace(vmx=False), ("nested=1",)),
    (PENRYN._replace(control=1), ("firmware",)), (PENRYN._replace(control=3), ("firmware",)),
])
def test_what_a_guest_lacks_is_said_with_the_cure(told, words):
    why = kvm.lacking(told)
    assert (why is None) == (words is None), why
    assert all(word in why for word in (words and (*words, "make bochs-nox")) or ())


def test_no_device_is_said(tmp_path, monkeypatch, probe):
    monkeypatch.setattr(kvm, "DEVICE", tmp_path / "kvm")
    with pytest.raises(UsageError, match="there is no .*modprobe kvm_intel"):
        kvm.require(probe, ["vmx"])
    (tmp_path / "kvm").touch()
    monkeypatch.setattr(os, "access", lambda *asked: False)
    with pytest.raises(UsageError, match="you may not open .*adduser"):
        kvm.require(probe, [])


@pytest.mark.parametrize(("script", "words"), [(BROKEN, "initialize kvm: I/O error"),
                                               (SILENT, "said nothing")])
def test_a_qemu_that_cannot_is_quoted(script, words, tmp_path, monkeypatch, probe):
    (tmp_path / "qemu-system-x86_64").write_text(script)
    (tmp_path / "qemu-system-x86_64").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(kvm, "no_device", lambda: None)
    with pytest.raises(UsageError, match=words):
        kvm.require(probe, ["vmx"])


@pytest.mark.parametrize("target", ["qemu-nox", "qemu"])
def test_make_refuses_in_one_line_or_boots_with_vmx(target, tmp_path):
    """What this computer has is not ours to say; that there is no third way is."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        ["make", "-s", "-C", ROOT / "labs" / "03-host-vmx", target, "EMU=kvm", f"OUT={tmp_path}"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, check=False)
    lines = [line for line in done.stderr.splitlines()
             if not line.startswith(("make", "no display here"))]
    if done.returncode == 0:
        assert "@ vmx 0x1" in done.stdout, done
    else:
        assert done.returncode == 2 and done.stdout == "", done
        (line,) = lines
        assert line.startswith("EMU=kvm: ") and "make bochs-nox" in line


def test_kvm_boots_and_does_not_grade():
    with pytest.raises(UsageError, match="KVM keeps no record to grade by"):
        emulators.get("kvm")
    assert emulators.get("kvm", emulators.FOR_PEOPLE) is kvm
