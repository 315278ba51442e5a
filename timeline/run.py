"""One boot of the student's own files, watched: build, disk, emulator, story.

The same stages as a grade's (grading/grader.py), one boot instead of two, no sandbox, and
nothing is judged. The challenge is the one in the sources, or the one of a seed.
"""

from typing import NamedTuple

from grading import build, emulators, image, intake
from grading.errors import UsageError
from grading.grader import base_of, fresh, locked
from grading.process import Limits
from grading.versions import version
from grading.watch import watch

from timeline import qemu, story
from timeline.binary import Program
from timeline.recorder import ONE_WORLD, Recorder, left

# More than a grade's: the debugger talks much, and nobody waits in a queue.
LIMITS = Limits(cpu_seconds=60, file_bytes=256 * 1024 * 1024)

# Functions of common/ that print; what calls them is of interest, their polling is not.
PRINTERS = ("report", "report_nth", "report_begin", "report_end", "print", "print_hex",
            "print_decimal", "serial_put", "serial_drain")


class Seen(NamedTuple):
    """A run that was watched."""

    lab: object
    run: object  # witness.Run
    story: story.Story
    program: Program
    seed: int | None  # None: the challenge in the sources
    release: str  # name and version of the emulator
    base: str  # whose files of other labs: "own", "reference"
    image: bytes  # the disk


def choose(lab, name):
    """The emulator: the one that is named, else one that counts instructions."""
    if name:
        return emulators.get(name)
    return emulators.get("bochs" if "bochs" in lab.emulators else lab.emulators[0])


def watched(lab, folder, emulator, seed, out, variables=(), work=None):
    """Builds the files in `folder`, boots them once, and tells what happened; a Seen."""
    work = work or out / "timeline" / lab.name
    with locked(work):
        intake.take(str(folder), lab, work / "files")
        with locked(out):
            built = build.make(lab, work / "files", work, out, variables)
        if built.error:
            raise UsageError(f"{lab.name} does not build: {built.error}")
        if name := image.forged(built.symbols):
            raise UsageError(f"a symbol that no compiler makes: {name!a}")
        rubric, symbols = lab.rubric(), image.read_symbols(built.symbols)
        program = Program(built.image.with_suffix(".elf"), lab, work / "files")
        disk = built.image.read_bytes()
        if seed is not None:
            region, challenge = image.challenge_for(lab, symbols, seed)
            content = challenge.content
            program.foreign = range(region, region + len(content))
            disk = image.with_challenge(built.image, region, content)
        fresh(work / "run")
        release = version(emulator.PROGRAM, out)
        looking = watch(lab, rubric, built.image, symbols)
        boot = boot_of(emulator, lab, program, work / "run", release, lab.cpu(seed or 0))
        try:
            boot.go(disk, looking)
            run = boot.wait()._replace(symbols=symbols)
        except BaseException:
            boot.cancel()
            raise
    if run.problem:
        raise UsageError(run.problem)
    lanes = lanes_of(lab, symbols)
    if emulator.NAME == "bochs":
        told = story.of_bochs(boot.stops, run, lanes, left(boot.folder, "cpu.log"))
    else:
        told = qemu.story_of(run, lanes, left(boot.folder, "witness.log"), disk)
    return Seen(lab, run, told, program, seed, release, base_of(variables), disk)


def boot_of(emulator, lab, program, folder, release, cpu):
    """A boot that keeps more than a grade needs."""
    if emulator.NAME != "bochs":
        return qemu.Recorder(folder, LIMITS, release, cpu)
    boot = Recorder(folder, LIMITS, release, cpu)
    bits = 64 if "vmx" in lab.needs else 32
    if bits == 64 and not program.address("host_entry"):
        boot.most = ONE_WORLD
    senders = {"serial_put": bits} | ({} if "vmx" in lab.needs else {"put_byte": 16})
    boot.sends = tuple(out for name, size in senders.items() if program.address(name)
                       for out in program.outs(name, size)[-1:])
    boot.quiet = tuple(filter(None, map(program.address, PRINTERS)))
    boot.waits = tuple(filter(None, [program.address("put_byte")] if len(senders) > 1 else []))
    return boot


def lanes_of(lab, symbols):
    """What the worlds are called. In lab 02 ring 0 belongs to the guest; it has no monitor."""
    if "vmx" in lab.needs:
        return ["guest, ring 3", "guest, ring 0", "host: your monitor"]
    if "guest_isrGPF" in symbols:
        return ["the guest's task, ring 3", "the guest's ring 0", "host"]
    return ["the task, ring 3", "guest, ring 0", "host: your monitor, ring 0"]
