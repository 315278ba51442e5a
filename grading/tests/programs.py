"""Small programs of these tests' own, and how they are booted."""

from grading import emulators, image
from grading.process import Limits
from grading.tests import support
from grading.versions import ask
from grading.witness import Watch

HEADERS = "".join(f'#include "{name}.h"\n' for name in ("cpu", "idt", "report", "serial"))
BEGIN = "serial_init(); report_begin(LAB_NAME, 0); idt_init();"
NO_IDT = "static const struct table_pointer none; lidt(&none);"

# Memory is read where spot() is called; its content is another one each time.
CHANGING = HEADERS + """
void spot(void), bad(void);
char odd[7], table[5000] __attribute__((aligned(16)));
const char constant[] = "of the image";
static void fill(int start)
{
        for (unsigned i = 0; i < sizeof(table); i++)
                table[i] = start + i * 3;
        for (unsigned i = 0; i < sizeof(odd); i++)
                odd[i] = start ^ i;
}
void main(void)
{
        %s
        for (int start = 1; start < 4; start++) {
                fill(start);
                spot();
        }
        %s
}
"""
SPOT = """
        .text
        .globl  spot, bad
spot:   ret
bad:    ud2
        .section .note.GNU-stack, "", @progbits
"""
END, LOOP = "report_end();", "for (;;) spot();"
TRIPLE_FAULT = f'fill(9); {NO_IDT} asm volatile("ud2");'


def build(folder, end, bits=32):
    """(image, symbols) of a program that changes its memory, and ends so."""
    path = support.build_program(folder, {
        "main.c": CHANGING % (BEGIN, end), "spot.S": SPOT}, bits)
    return path.read_bytes(), image.read_symbols(path.with_suffix(".sym"))


def start(name, folder, limits=Limits(), cpu=None):
    """A Boot, frozen."""
    emulator = emulators.get(name)
    folder.mkdir(exist_ok=True)
    return emulator.Boot(folder, limits, ask(emulator.PROGRAM), cpu)


def boot(name, folder, disk, watch=Watch(), limits=Limits(), cpu=None):
    """A whole boot; the Run."""
    frozen = start(name, folder, limits, cpu)
    frozen.go(disk, watch)
    return frozen.wait()


def content(first):
    """What fill(first) leaves: table, odd."""
    return bytes((first + i * 3) & 0xFF for i in range(5000)), bytes(first ^ i for i in range(7))


def wanted(symbols, at=("spot",)):
    """A Watch for the program's memory."""
    return Watch(tuple((symbols[name], length) for name, length in
                       (("table", 5000), ("odd", 7), ("constant", 13))),
                 tuple(symbols[name] for name in at))
