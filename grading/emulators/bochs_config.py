"""How Bochs is configured: the one PC on which it boots our programs."""

import re
import subprocess
from pathlib import Path

PROGRAM = "bochs"
SHARE = Path("/usr/share/bochs")

# A Core 2: VMX without EPT. A lab may name others (`bochs --help cpu`).
CPU = "core2_penryn_t9600"

# A low rate of instructions per emulated second keeps waiting (BIOS, UART) short.
IPS = 1000000

MEGABYTES = 32  # of memory

# What would cost most of a boot, and no program wants: looking for sound devices (dummies);
# waiting for a second disk, which the BIOS takes for slow where nothing is (an empty drive);
# and the memory of a display with more than VGA. Without iodebug no program speaks to the
# debugger, which would print registers where we look for the CPU's.
CONFIGURATION = f"""\
config_interface: textconfig
display_library: {{display}}
megs: {MEGABYTES}
cpu: model={{cpu}}, count=1, ips={IPS}, reset_on_triple_fault=0
romimage: file={SHARE}/BIOS-bochs-legacy
vgaromimage: file={SHARE}/VGABIOS-lgpl-latest
ata0: enabled=1
ata0-master: type=disk, path={{image}}, mode=flat, cylinders={{cylinders}}, heads=16, spt=63
ata0-slave: type=cdrom, path=none, status=ejected
vga: extension=none
boot: disk
com1: enabled=1, mode=file, dev={{serial}}
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
plugin_ctrl: iodebug=0
log: {{log}}
panic: action=fatal
error: action=ignore
info: action=ignore
"""
# Behind the configuration: what is said of all devices there goes for the CPU too. What it has to
# say for information is few lines, and what CPUID answers is among them.
WITNESS = """\
debug: action=ignore, cpu0=report
info: action=ignore, cpu0=report
panic: action=fatal, cpu0=ask
"""


def configuration(image_bytes, cpu=None, **names):
    """The text of a bochsrc for an image of that size."""
    return CONFIGURATION.format(cylinders=image_bytes // (16 * 63 * 512), cpu=cpu or CPU, **names)


def models(program=PROGRAM):
    """The names of the CPU models."""
    done = subprocess.run([program, "--help", "cpu"], check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return re.findall(r"^(\w+)$", done.stdout, re.MULTILINE)
