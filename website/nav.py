"""The site's pages, in their order: what the navigation shows."""

# (section, pages). A page is a file of the course; its title is its first heading, or what
# is said here. What is not written yet is left out, and `make site` says so.
SECTIONS = (
    ("Start", (("docs/start.md", "Start"),)),
    ("Labs", (
        ("labs/01-vm86trap/README.md", "01 Trap and emulate"),
        ("docs/how-it-works/01.md", "How 01 works"),
        ("labs/02-guest-resources/README.md", "02 The guest's resources"),
        ("docs/how-it-works/02.md", "How 02 works"),
        ("labs/03-host-vmx/README.md", "03 The host"),
        ("docs/how-it-works/03.md", "How 03 works"),
        ("labs/04-vmlaunch/README.md", "04 Launch, trap, resume"),
        ("docs/how-it-works/04.md", "How 04 works"),
        ("labs/05-cr3-exercise/README.md", "05 CR3, in 32 bits"),
        ("docs/how-it-works/05-exercise.md", "How 05 works, in 32 bits"),
        ("labs/05-cr3-vmx/README.md", "05 CR3, under VMX"),
        ("docs/how-it-works/05-vmx.md", "How 05 works, under VMX"),
    )),
    ("Look up", (
        ("docs/when-it-does-not-work.md", "When it does not work"),
        ("docs/ten-mistakes.md", "Ten mistakes"),
        ("docs/glossary.md", "Glossary"),
        ("docs/execution-flow.md", "Execution and code flow"),
        ("docs/memory-map.md", "Memory map"),
        ("docs/layouts.md", "Bits and bytes"),
        ("docs/sources.md", "All sources"),
        ("timeline/README.md", "A run, drawn"),
        ("docs/bochs-debugger.md", "Bochs' debugger"),
        ("docs/on-a-pc.md", "On a PC"),
        ("docs/everywhere.md", "Everywhere"),
        ("docs/contracts.md", "The contracts"),
    )),
    ("Teach", (
        ("docs/teaching.md", "For instructors"),
        ("docs/grading.md", "Grading"),
        ("docs/writing-a-lab.md", "Writing a lab"),
        ("docs/other-courses.md", "Other courses"),
        ("docs/bench.md", "Measured"),
        ("README.md", "The project"),
        ("website/README.md", "How this site is made"),
    )),
)
MAY_BE_MISSING = ("docs/bench.md",)  # `make bench PUBLISH=yes` writes it
NOT_PAGES = ("docs/handout.md",)  # the README of the students' tree

PAGES = tuple(path for _, pages in SECTIONS for path, _ in pages)
START = PAGES[0]


def staged(path):
    """Where mkdocs finds a page: as in the course's folder, but for two."""
    return {START: "index.md", "README.md": "docs/project.md"}.get(path, path)
