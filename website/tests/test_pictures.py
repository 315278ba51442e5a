"""The pictures say what the headers and the built programs say."""

import re
import subprocess
import tomllib

import pytest

from grading import lab
from grading.errors import UsageError
from grading.lab import ROOT
from website import pictures

SPECS = {f"{path.name}#{name}": spec for path in sorted((ROOT / pictures.FOLDER).glob("*.toml"))
         for name, spec in tomllib.loads(path.read_text(encoding="utf-8")).items()}
LAYOUTS = [key for key, spec in SPECS.items() if "bits" in spec and "check" in spec]
MAPS = [key for key, spec in SPECS.items() if "map" in spec]
NAME = re.compile(r"[A-Za-z_]\w*")


def header(name):
    """The text of a header, by its file name; or of the linker script."""
    return next(path for path in (ROOT / "common" / name, ROOT / name,
                                  *(ROOT / "labs").glob(f"*/{name}")) if path.is_file()).read_text()


def constants(name):
    """Name → number, of all plain #defines of a header, and of expressions of these."""
    found = {}
    for key, value in re.findall(r"^#define\s+(\w+)\s+(0x[0-9A-Fa-f]+|\d+)\b", header(name),
                                 re.MULTILINE):
        found[key] = int(value, 0)
    return found


@pytest.mark.parametrize("key", LAYOUTS)
def test_bits_stand_where_the_header_has_them(key):
    spec = SPECS[key]
    name, prefix, shift = spec["check"]
    known, seen = constants(name), 0
    for field in pictures.layout_fields(spec["bits"], key):
        constant = prefix + field.name.upper().replace(" ", "_")
        if constant in known:
            mask = (1 << field.high + 1) - (1 << field.low)
            assert mask == known[constant] << shift, field
            seen += 1
    assert seen >= 2


def test_every_flag_of_the_header_is_in_the_layout():
    for key in ("registers.toml#cr0", "registers.toml#cr4"):
        name, prefix, _ = SPECS[key]["check"]
        names = {field.name for field in pictures.layout_fields(SPECS[key]["bits"], key)}
        missing = {each[len(prefix):] for each in constants(name) if each.startswith(prefix)}
        assert missing and missing <= names, missing - names


def test_numbers_of_maps_are_the_headers():
    """Offsets, selectors and addresses that a header names, by the name beside them."""
    def rows(key):
        return {what: int(where, 0) for where, what, _ in
                reversed(pictures.map_rows(SPECS[key]["map"], key))}  # the first of a name

    def said(key):
        return {words.split(":")[0]: int(where, 0) for where, _, words in
                pictures.map_rows(SPECS[key]["map"], key)}
    for key, name in (("memory.toml#guest-tables", "vmxstep1.h"),
                      ("memory.toml#host-tables", "vmxstep2.h")):
        known = constants(name)
        assert {each: known[each] for each in said(key)} == said(key)
    tss = rows("memory.toml#tss32")
    text = header("tss32.h")
    for field, what in (("esp0", "ESP0"), ("io_map_base", "I/O map base"),
                        ("interrupt_map", "redirection map"), ("io_map", "I/O bitmap")):
        asserted = re.search(rf"offsetof\(struct tss32, {field}\) == (\w+)", text)[1]
        assert tss[what] == int(asserted.replace("TSS32_ESP0", "4")), what
    assert tss["last byte"] == tss["I/O bitmap"] + 0x10000 // 8
    tss = rows("memory.toml#tss64")
    text = header("vmxstep2.h")
    assert f"offsetof(struct tss64, rsp0) == {tss['RSP0']}," in text
    assert f"offsetof(struct tss64, io_map_base) == {tss['I/O map base']}," in text
    trap, known = rows("memory.toml#v86-trap"), constants("v86.h")
    assert [trap[each] for each in ("error code", "IP", "CS", "EFLAGS")] == [
        known[f"TRAP_{each}"] for each in ("ERROR", "IP", "CS", "EFLAGS")]
    order = re.search(r"images\[8\];\s*/\* (.*?) \*/", header("v86.h"))[1].split()
    assert [trap[each] for each in order] == list(range(0, 32, 4))


def test_the_first_megabyte_is_what_loader_and_linker_say():
    found = [(what, int(where, 0)) for where, what, _ in pictures.map_rows(
        SPECS["memory.toml#first-megabyte"]["map"], "")]
    rows = dict(found)
    assert [where for _, where in found] == sorted(where for _, where in found)
    assert rows["program"] == constants("selector.h")["ARENA"]
    assert f". = {rows['program']:#x};" in header("ldscript")
    kept = rows["(some BIOSes' data)"]
    assert f"bss_end <= {kept:#x}" in header("ldscript")
    boot = header("boot.S")
    assert f"$0x{rows['loader']:X}, %sp" in boot
    assert f"#define LBA_CELL        0x{rows['LBA cell']:04X}" in boot
    assert rows["text screen"] == constants("vmxstep1.h")["VRAM_ADDRESS"]
    lab05 = [int(where, 0) for where, _, _ in pictures.map_rows(
        SPECS["memory.toml#lab05-linear"]["map"], "")]
    assert lab05 == [0, constants("paging.h")["GUEST_BYTES"], constants("x86/paging.h")["PAGE_4M"]]


@pytest.mark.parametrize("key", [key for key in MAPS if "elf" in SPECS[key]])
def test_symbols_lie_in_this_order(key, tmp_path):
    each = lab.find(SPECS[key]["elf"])
    subprocess.run(["make", "-s", "-C", each.folder, "image", f"OUT={tmp_path}"], check=True)
    symbols = {}
    for line in (tmp_path / each.name / f"{each.name}.sym").read_text().splitlines():
        address, _, name = line.split()
        symbols.setdefault(name, int(address, 16))
    names = [where for where, _, _ in pictures.map_rows(SPECS[key]["map"], key)]
    addresses = [symbols[name] for name in names]
    assert addresses == sorted(addresses), dict(zip(names, map(hex, addresses)))
    if "v86_base" in names and each.number != "01":
        assert all(symbols["v86_base"] <= symbols[name] < symbols["v86_base"] + 0x10000
                   for name in ("guest_isrGPF", "guest_stack0", "monitor_call"))


def test_words_say_every_named_field():
    fields = pictures.layout_fields("31-8  ...\n7-1  two words  a meaning\n0  P", "x")
    assert pictures.layout_words(fields) == ("bits 7 to 1: two words, a meaning", "bit 0: P")


def test_words_say_every_arrow():
    drawn = pictures.all_pictures(ROOT)
    words = drawn["trap.dot"].words
    assert len(words) == 3 and words[0].startswith("the guest mov %cr0, %edx \N{RIGHTWARDS ARROW}")
    for key, picture in drawn.items():
        assert picture.words and picture.title, key
        assert len(picture.words) == len(set(picture.words)) or "#" in key, key


@pytest.mark.parametrize(("text", "said"), [
    ("31-4  a\n2-0  b", "after bit 4 comes 3, not 2"), ("31-4  a", "bits 3 to 0 are missing"),
    ("a line", "is no field"), ("3-0 one blank", "is no field"), ("0-3  a", "after bit")])
def test_a_layout_that_is_wrong_is_told_so(text, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        pictures.layout_fields(text, "x")


def test_other_mistakes_are_told(tmp_path):
    with pytest.raises(UsageError, match="wants a title"):
        pictures.from_table("x", {"bits": "0  a"}, "x.toml")
    with pytest.raises(UsageError, match="is no row"):
        pictures.map_rows("0x0 name", "x.toml")
    path = tmp_path / "x.dot"
    for text, said in (("digraph {}", "the first line"),
                       ("// x\ndigraph { a [fillcolor=pink] }", "fillcolor=pink: there is guest"),
                       ("// x\ndigraph { a -> }", "syntax error")):
        path.write_text(text)
        with pytest.raises(UsageError, match=said):
            pictures.from_dot(path)
