"""grading/borrowed.py: who uses what is the tests' own is named, and nobody else."""

import subprocess

import pytest

from grading import build, grader, lab
from grading.process import Limits
from grading.tests import support
from grading.tests.classroom.classes import CLASS, grades, hand_in

LABS = lab.all_labs()
IN_C = {each: next((name for name in each.edit if name.endswith(".c")), "") for each in LABS}  # a file
LAB01 = lab.find("01")
BOXED = Limits(boxed=True)
READS = "static uint32_t of_task(void) {{ {} }}\nuint32_t (*keep)(void) = of_task;\n"
EXTERN = "extern volatile uint32_t challenge[];"


def make(tmp_path, of, added):
    """The Build of the solution with something behind a file of it."""
    sources = support.write_sources(of, tmp_path / "sources")
    for file, text in added.items():
        with open(sources / file, "a", encoding="ascii") as out:
            out.write(text)
    _, built = grader.make(sources, of, support.OUT, (), tmp_path / "work", BOXED)
    return built


def made(tmp_path, of, added):
    """The same; it builds."""
    built = make(tmp_path, of, added)
    assert not built.error, built.error
    return built


@pytest.mark.parametrize("limits", [Limits(), BOXED], ids=["by hand", "in a box"])
@pytest.mark.parametrize("of", LABS, ids=lambda each: each.name)
def test_the_solution_uses_what_is_given_for_it(of, limits, tmp_path):
    sources = support.write_sources(of, tmp_path / "sources")
    _, built = grader.make(sources, of, support.OUT, (), tmp_path / "work", limits)
    assert not built.error and built.borrowed == ()


@pytest.mark.parametrize("of", LABS, ids=lambda each: each.name)
def test_so_does_the_starter(of, tmp_path):
    sources = support.write_sources(of, tmp_path / "sources", 0)
    _, built = grader.make(sources, of, support.OUT, (), tmp_path / "work", BOXED)
    assert not built.error and built.borrowed == ()


@pytest.mark.parametrize("of", filter(IN_C.get, LABS), ids=lambda each: each.name)
def test_the_challenge_is_the_tests_own_in_every_lab(of, tmp_path):
    text = "#include <stdint.h>\n" + EXTERN + READS.format("return challenge[3];")
    assert made(tmp_path, of, {IN_C[of]: text}).borrowed == ("challenge",)


@pytest.mark.parametrize("of", filter(IN_C.get, LABS), ids=lambda each: each.name)
def test_so_is_what_writes_the_log(of, tmp_path):
    """And what says the names of VMX in words is there for people."""
    text = '#include <stdint.h>\n#include "report.h"\n' + READS.format('report("trap.ip", 6); return 0;')
    if of.bits == "64":
        text += '#include "vmx_names.h"\nconst char *why(void) { return vm_instruction_error_text(7); }\n'
    assert made(tmp_path, of, {IN_C[of]: text}).borrowed == ("report",)


@pytest.mark.parametrize("how", ["weak", "common", "section(\".data\"), weak"])
def test_who_defines_it_has_it_too_and_is_refused(how, tmp_path):
    built = make(tmp_path, LAB01, {
        "decode.c": f"__attribute__(({how})) volatile unsigned challenge[4];\n"
                    "unsigned of_task(void) { return challenge[3]; }\n"})
    assert built.error and "challenge is defined; that name is given" in built.error


@pytest.mark.parametrize(("text", "names"), [
    ('#include "testbed.h"\n' + READS.format("return *(volatile uint32_t *)&challenge;"), "challenge"),
    ("#define PASTED(x, y) x##y\nextern volatile uint32_t PASTED(chal, lenge)[];\n"
     + READS.format("return PASTED(chall, enge)[0];"), "challenge"),
    ('extern volatile uint32_t mine[] __asm__("challenge");\n' + READS.format("return mine[0];"),
     "challenge"),
    ('__asm__(".weak challenge\\n.data\\nmine: .long challenge\\n.text");\n', "challenge"),
    # Others beside it do not hide it, whatever they are called.
    (EXTERN + READS.format("return challenge[3];") + '__asm__(".data\\n' + "".join(
        f'.weak aaa{number}\\n.long aaa{number}\\n' for number in range(9)) + '.text");\n', "challenge"),
    (EXTERN + READS.format("return challenge[3];")
     + '__asm__(".weak \\"x challenge\\"\\n.data\\n.long \\"x challenge\\"\\n.text");\n', "challenge"),
    ('#include "trap.h"\n' + READS.format("return trap_expected.resume != 0;"), "trap_expected"),
    ('#include "report.h"\n' + READS.format('report("trap.ip", 6); return 0;'), "report"),
    ('#include "testbed.h"\n#include "report.h"\n'
     + READS.format('report("trap.ip", *(uint32_t *)&challenge); return 0;'), "challenge report"),
    # Not theirs: his own of that name, his own function, a word of debugging, the compiler's own.
    ("static volatile uint32_t challenge[2];\n" + READS.format("return challenge[0];"), ""),
    ('#include "print.h"\n' + READS.format('print("here\\n"); return 0;'), ""),
    ("struct big { char bytes[300]; };\nvoid copy(struct big *a, struct big *b) { *a = *b; }\n", ""),
])
def test_however_it_is_named(text, names, tmp_path):
    built = made(tmp_path, LAB01, {"vm86trap.c": text})
    assert built.borrowed == tuple(names.split())


def test_what_the_files_share_is_theirs(tmp_path):
    built = made(tmp_path, LAB01, {
        "decode.c": "unsigned shared = 7;\n",
        "vm86trap.c": "extern unsigned shared;\n" + READS.format("return shared;")})
    assert built.borrowed == ()


def test_made_together_it_is_the_same(tmp_path):
    for each in LABS:
        support.write_sources(each._replace(uses=()), tmp_path / "tree" / "labs" / each.name)
    with open(tmp_path / "tree" / "labs" / "01-vm86trap" / "decode.c", "a", encoding="ascii") as file:
        file.write(EXTERN + READS.format("return challenge[3];"))
    builds = grader.make_together(tmp_path / "tree", LABS, support.OUT, (), tmp_path, BOXED, 2)
    assert {each.name for each in builds} == {each.name for each in LABS}
    for each, (_, built) in builds.items():
        assert built.borrowed == (("challenge",) if "decode.c" in each.sources else ())


def test_a_class_is_told_and_the_points_stay(tmp_path):
    class_, to = tmp_path / "class", tmp_path / "to"
    hand_in(class_, "ann")
    hand_in(class_, "ben", mark=f"*/ #include <stdint.h>\n{EXTERN}{READS.format('return challenge[3];')}/*"
            .replace("*/ #", "*/\n#"))
    done = subprocess.run([*CLASS, class_, "--to", to, "--lab", "01", "--no-similar", "--seed", "7"],
                          check=True, text=True, capture_output=True)
    told = "uses the tests' own challenge, which no exercise needs"
    assert [line for line in done.stderr.splitlines() if "look" in line] == [f"look at ben: {told}"]
    assert {name: (row["total"], row["note"]) for name, row in grades(to).items()} == {
        "ann": ("100", ""), "ben": ("100", told)}
    assert (to / "feedback" / "ben.txt").read_text().count(told) == 1
    assert (to / "report.html").read_text().count("own challenge") == 2  # before you publish; his page


def test_names_cannot_do_harm(tmp_path):
    listing = tmp_path / "names"
    listing.write_bytes(b"\nfile.o:\n                 U \x1b[2J\n                 U \xff\n"
                        b"                 U " + b"a" * 1_000_000 + b"\n                 U name3@V\n"
                        + b"".join(b"                 w name%d\n" % number for number in range(9)))
    given = {f"name{number}" for number in range(2, 20)}
    found = build.borrowed(LAB01, lab.ROOT, listing, given)
    assert found == ("name2", "name3", "name4", "name5", "name6")


def test_a_student_is_told_at_home(tmp_path):
    """In whose tree the own files stand where the starters were, and are in any encoding."""
    done = subprocess.run([lab.ROOT / "grading" / "handout", "--to", tmp_path],
                          check=False, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    (tree,) = tmp_path.glob("*/labs/01-vm86trap")
    for file in LAB01.edit:
        (tree / file).write_bytes((support.write_sources(LAB01, tmp_path / "sources") / file).read_bytes())
    said = {}
    for text in (b"/* f\xfcr */\n", b'#include "testbed.h"\nunsigned of_task(void) { return challenge.id; }\n'):
        with open(tree / "decode.c", "ab") as file:
            file.write(text)
        done = subprocess.run(["make", "-C", tree, "grade", "EMU=qemu"], check=False, text=True,
                              capture_output=True)
        assert "01-vm86trap: 100/100" in done.stdout, done.stdout + done.stderr
        said[text] = "uses the tests' own challenge, which" in done.stdout
    assert list(said.values()) == [False, True]
