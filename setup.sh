#!/bin/bash
# setup.sh -- installs what the course needs, on Debian and Ubuntu, with apt.
#
#   ./setup.sh            what instructors need, and `make check`
#   ./setup.sh --student  only what a student needs: build, boot and grade the labs
#   ./setup.sh --full     also what `make check-full` needs: a Slurm to be tried
#   ./setup.sh --check    installs nothing; says what is missing, exit 1 if anything is
#   ./setup.sh --quiet    says nothing if nothing is missing (nor does --check)
#
# Run it as often as you like: it installs only what is missing. Exit 2 means it
# could not even try: a bad argument, another system, or no right to install.

# The Python packages are the system's, for /usr/bin/python3: no pip, no venv.
STUDENT=(
    gcc binutils make        # freestanding C and assembly, 32-bit too: no gcc-multilib, no libc
    qemu-system-x86          # depends on its BIOS (seabios) itself
    qemu-system-gui          # its window; only recommended, and it starts a VNC server without
    bochs
    bochsbios vgabios        # Bochs' own: seabios would satisfy apt, but not our bochsrc
    bochs-term bochs-x       # its displays: without a window, and with one
    gdb                      # make debug
    python3                  # the grader
)
# Instructors, and those who carry the course on: starters, tests, checks of answers.
INSTRUCTOR=(
    git
    bubblewrap               # the sandbox that submissions are graded in
    unifdef                  # makes a student's starter from the solution
    python3-jsonschema python3-capstone
    python3-pytest python3-pytest-xdist python3-yaml
    python3-rich python3-jinja2  # a class's progress, and its report
    similarity-tester        # which submissions are alike
    python3-selenium chromium chromium-driver  # how the report looks, in a real browser
    mkdocs mkdocs-material python3-pymdownx graphviz  # make site
    w3m                      # how the site reads in a text browser
)
FULL=(
    slurm-wlm munge
    grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools ovmf  # make iso, from BIOS and UEFI
    debootstrap              # make matrix: other systems
    clang lld                # and other compilers
)

# On another CPU, such as arm64, cross tools: then `export TOOLPREFIX=x86_64-linux-gnu-`.
# What instructors compile for the host itself (checks in C) needs its own gcc besides.
architecture=$(dpkg --print-architecture 2>/dev/null)
if [ "$architecture" ] && [ "$architecture" != amd64 ] && [ "$architecture" != i386 ]; then
    STUDENT=("${STUDENT[@]/#gcc/gcc-x86-64-linux-gnu}")
    STUDENT=("${STUDENT[@]/#binutils/binutils-x86-64-linux-gnu}")
    INSTRUCTOR+=(gcc libc6-dev)
fi

# Ubuntu's browser is a snap, whose packages have other names.
if [ "$(. /etc/os-release 2>/dev/null && echo "$ID")" = ubuntu ]; then
    INSTRUCTOR=("${INSTRUCTOR[@]/#chromium-driver/chromium-chromedriver}")
    INSTRUCTOR=("${INSTRUCTOR[@]/%chromium/chromium-browser}")
fi

say() { echo "setup.sh: $*"; }
die() { say "${*:2}" >&2; exit "$1"; }

wanted=("${STUDENT[@]}" "${INSTRUCTOR[@]}")  # everything but FULL
check=
quiet=
for argument; do
    case $argument in
        --student) wanted=("${STUDENT[@]}") ;;
        --full) wanted+=("${FULL[@]}") ;;
        --check) check=1 ;;
        --quiet) quiet=1 ;;
        *) die 2 "unknown argument '$argument'; usage: setup.sh [--student|--full] [--check] [--quiet]" ;;
    esac
done

# Other systems: names to start from. They are NAMED here, NOT TESTED.
elsewhere() {
    cat >&2 <<'END'
setup.sh: installs on Debian and Ubuntu only. Package names elsewhere (not tested), students' first:
  dnf     gcc binutils make gdb qemu-system-x86 bochs bochs-debugger bochs-bios python3
          git unifdef python3-jsonschema python3-capstone python3-pytest python3-pytest-xdist
          python3-pyyaml python3-rich python3-jinja2
          (the Bochs with the debugger is the program bochs-debugger)
  pacman  gcc binutils make gdb qemu-system-x86 qemu-ui-gtk python, from the AUR: bochs
          git unifdef python-jsonschema python-capstone python-pytest python-pytest-xdist
          python-yaml python-rich python-jinja
  brew    x86_64-elf-gcc x86_64-elf-binutils x86_64-elf-gdb make qemu bochs python
          git unifdef, from pip: jsonschema capstone pytest pytest-xdist pyyaml rich jinja2
          (then: make TOOLPREFIX=x86_64-elf- PYTHON=python3)
END
    exit 2
}

# shellcheck disable=SC1091
system=$([ -r /etc/os-release ] && . /etc/os-release && echo "$ID $ID_LIKE")
[[ " $system " == *" debian "* || " $system " == *" ubuntu "* ]] || elsewhere
command -v apt-get >/dev/null || elsewhere

# Sets `missing`. One call of dpkg-query, so that others can afford to --check first.
find_missing() {
    local there
    there=$(dpkg-query -W -f='${db:Status-Status} ${Package}|' "${wanted[@]}" 2>/dev/null)
    missing=()
    for package in "${wanted[@]}"; do
        [[ "|$there" == *"|installed $package|"* ]] || missing+=("$package")
    done
}

find_missing
if [ ${#missing[@]} = 0 ]; then
    [ "$quiet$check" ] || say "nothing to install"
    exit 0
fi
[ "$check" ] && die 1 "missing: ${missing[*]}"

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die 2 "not root, and no sudo: run this as root: $0${*:+ $*}"
    as_root=(sudo)
fi

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# apt talks a lot: what it says is shown only if it fails. A fresh Ubuntu may be
# busy updating itself, hence the patience with the lock. sudo drops variables,
# hence env.
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1
}

say "installing (takes minutes): ${missing[*]}"
apt update  # if that fails, what apt knew before may do
apt install --no-install-recommends "${missing[@]}"
find_missing
if [ ${#missing[@]} != 0 ]; then
    tail -n 20 "$log" >&2
    die 1 "could not install: ${missing[*]}"
fi
