"""QEMU with KVM: this computer's own CPU, for people who ask for it with EMU=kvm.

It boots programs and does not grade them: KVM keeps no record of exceptions. Whether its
guests have VMX is asked of a guest (common/probe.S): that there is a /dev/kvm, and what the
kernel's modules say of themselves, promises nothing.
"""

import os
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from grading import process
from grading.emulators import qemu
from grading.errors import UsageError
from grading.process import Limits

NAME = "kvm"
PROGRAM = qemu.PROGRAM
DEVICE = Path("/dev/kvm")

# What a hypervisor below us may refuse to have set, and no program of ours asks for.
CPU = "host,-arch-capabilities"
VMX, LOCKED, ALLOWED = 1 << 5, 1, 4  # CPUID.1:ECX; IA32_FEATURE_CONTROL: lock, VMXON outside SMX
INTEL = "GenuineIntel"

LINE = re.compile(r"^(vendor|ecx|feature-control|basic)((?: [0-9a-f]{8})+)$", re.MULTILINE)
INSTEAD = "make bochs-nox has VMX on any computer"


class Told(NamedTuple):
    """What the probe said of the guest's CPU."""

    vendor: str
    vmx: bool  # CPUID.1:ECX.VMX
    control: int | None  # IA32_FEATURE_CONTROL, where there is VMX
    basic: int | None  # IA32_VMX_BASIC


def read(text):
    """What the probe's log says; None if it did not come to its end."""
    values = {name: [int(word, 16) for word in words.split()]
              for name, words in LINE.findall(text.replace("\r", ""))}
    if "\nend\n" not in text.replace("\r", "") or not {"vendor", "ecx"} <= set(values):
        return None
    vendor = b"".join(word.to_bytes(4, "little") for word in values["vendor"])
    control, basic = (values[name][0] << 32 | values[name][1] if len(values.get(name, ())) == 2
                      else None for name in ("feature-control", "basic"))
    return Told(vendor.decode("ascii", errors="replace"), bool(values["ecx"][0] & VMX),
                control, basic)


def lacking(told):
    """Why a guest that told this cannot use VMX, and what to do; None if it can."""
    if not told.vmx and told.vendor != INTEL:
        return f"this computer's CPU ({told.vendor}) has no VMX, which is Intel's; {INSTEAD}"
    if not told.vmx:
        return ("KVM gives its guests no VMX here; \"modprobe -r kvm_intel; modprobe kvm_intel "
                f"nested=1\" as root allows it, unless this is a virtual machine itself; {INSTEAD}")
    if told.control is None or told.control & LOCKED and not told.control & ALLOWED:
        return ("the guest's IA32_FEATURE_CONTROL is locked without VMXON; switch VT-x on in "
                f"the computer's firmware; {INSTEAD}")
    return None


def no_device():
    """Why KVM cannot be had at all, and what to do; None if it can."""
    if not DEVICE.exists():
        return (f"there is no {DEVICE} here; it is there on Linux if VT-x is on in the firmware "
                f"and kvm_intel is loaded (modprobe kvm_intel); {INSTEAD}")
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return (f"you may not open {DEVICE}; \"sudo adduser $USER kvm\" allows it, from the next "
                f"login on; {INSTEAD}")
    return None


def ask(probe):
    """Boots the boot sector `probe` (a path) as a guest; what it Told.

    UsageError if QEMU cannot start a guest with KVM, or the probe does not come to its end.
    """
    with tempfile.TemporaryDirectory(prefix="probe-") as name:
        folder = Path(name)
        (folder / "probe.img").write_bytes(Path(probe).read_bytes())
        ended, said = process.run(
            [PROGRAM, *qemu.machine(CPU, "kvm"), "-display", "none", "-monitor", "none",
             "-serial", "file:serial.log", "-drive", "file=probe.img,format=raw,if=ide"],
            Limits(), folder)
        told = read(process.left(folder / "serial.log").decode(errors="replace"))
    if not told:
        lines = said.decode(errors="replace").strip().splitlines()
        why = lines[0] if lines else f"it ended with code {ended.code}, and said nothing"
        raise UsageError(f"EMU=kvm: QEMU cannot run a guest with KVM here ({why}); {INSTEAD}")
    return told


def require(probe, needs):
    """UsageError unless a program that `needs` this can be booted with KVM here."""
    if why := no_device():
        raise UsageError(f"EMU=kvm: {why}")
    told = ask(probe)
    if "vmx" in needs and (why := lacking(told)):
        raise UsageError(f"EMU=kvm: {why}")


def interactive(folder, window, cpu=None, needs=()):
    """The command that boots folder/disk.img for a person, serial line on the terminal."""
    return [PROGRAM, *qemu.machine(CPU, "kvm"), *qemu.for_people(folder, window)]


models, show = qemu.models, qemu.show
