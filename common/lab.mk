# lab.mk -- builds, boots and grades one program. A lab's Makefile says what is
# particular to it and includes this file:
#
#   BITS       32 or 64
#   EMULATORS  which can run it: qemu, bochs
#   EDIT       the files a student writes; these alone are taken from a submission
#   GIVEN      the lab's other files
#   USES       files that a student wrote for other labs: NN-name/file
#   ALSO       given files of other labs
#   NEEDS      what not every emulator's CPU has: vmx; or nothing
#   CPUS       the CPU models of Bochs on which it is graded; or nothing
#
# On the command line, all optional:
#
#   TOOLPREFIX=x86_64-linux-gnu-   cross tools        CC=clang LD=ld.lld
#   CPU=MODEL  for make bochs: a CPU model (bochs --help cpu)
#   EMU=kvm    for make qemu: this computer's own CPU; 03 and later want nested VMX
#   BASE=reference  the solution's objects in place of the files in USES
#   SOLVED=N   the solution's exercises 1 to N, the starter's from N+1 on
#   EDITDIR=D  take the files of EDIT from folder D
#   OUT=D      where everything built goes
#   BUILD=D    where this program goes
#   EDITED=D   where what comes of a student's files goes; programs of one BITS may share it, if
#              they are made one after the other, and a header's name means the same in all
#   SEALED=yes OUT holds all that is given already, and is not written
# Another BITS wants another OUT.

include $(dir $(lastword $(MAKEFILE_LIST)))place.mk

NAME    := $(notdir $(CURDIR))
TOP     := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
COMMON  := $(TOP)/common
PYTHON  := /usr/bin/python3

SOLVED  ?= 99
EDITDIR ?= .
OUT     ?= $(TOP)/build
STAGE   := $(SOLVED)
BUILD   ?= $(OUT)/$(NAME)$(if $(filter-out 99,$(SOLVED)),-solved-$(SOLVED))
EDITED  ?= $(BUILD)/edit

# 1 sector of loader and a program of up to 1007: one cylinder of 16 heads, 63 sectors.
IMAGE_SECTORS := 1008

ifneq ($(LAB),)
ifeq ($(filter $(LAB) $(LAB)-%,$(NAME)),)
$(error LAB=$(LAB): this folder is $(NAME); go to the top folder, or leave LAB out)
endif
endif
ifeq ($(filter 32 64,$(BITS)),)
$(error $(NAME)/Makefile: BITS=$(BITS) is unknown; it is 32 or 64)
endif
ifneq ($(filter-out qemu bochs,$(EMULATORS)),)
$(error $(NAME)/Makefile: EMULATORS=$(EMULATORS): there are qemu and bochs)
endif

ifneq ($(filter-out %.c %.S,$(EDIT) $(GIVEN)),)
$(error $(NAME)/Makefile: $(filter-out %.c %.S,$(EDIT) $(GIVEN)): a source ends in .c or .S)
endif

ifneq ($(filter-out vmx,$(NEEDS)),)
$(error $(NAME)/Makefile: NEEDS=$(NEEDS): there is vmx)
endif

ifneq ($(filter-out reference,$(BASE)),)
$(error BASE=$(BASE) is unknown; it is reference, or nothing: your own files of other labs)
endif

ifneq ($(or $(SEALED),$(shell mkdir -p '$(OUT)' 2>/dev/null && test -w '$(OUT)' && echo yes)),yes)
$(error $(OUT) cannot be written; make it writable, or name another with OUT=)
endif

ifeq ($(origin CC),default)
CC      := $(TOOLPREFIX)gcc
endif
ifeq ($(origin LD),default)
LD      := $(TOOLPREFIX)ld
endif
ifeq ($(origin AR),default)
AR      := $(TOOLPREFIX)ar
endif
OBJCOPY := $(TOOLPREFIX)objcopy
OBJDUMP := $(TOOLPREFIX)objdump
# Told what it reads: else it asks a plugin, which takes its time, and believes what stands
# in the file. LLVM's has no such option.
NM      := $(TOOLPREFIX)nm
ifeq ($(findstring llvm,$(NM)),)
NM      += --target=elf$(if $(filter 64,$(BITS)),64-x86-64,32-i386)
endif

# No rules but these: make would try its own for every file. And what fails leaves no half.
MAKEFLAGS += -r
.DELETE_ON_ERROR:

# Freestanding code that is meant to be stepped through: -Og keeps it in order, -g says what line
# it came from. A grade looks at no line, and to write them takes a tenth of its compilers' time.
DEBUG   := $(if $(SEALED),,-g)
CPPFLAGS := -I$(COMMON) -MD -MP
CFLAGS  := -m$(BITS) -std=gnu11 -Og $(DEBUG) -ffreestanding -fno-pic -fno-stack-protector \
           -fno-asynchronous-unwind-tables -fno-strict-aliasing -fcf-protection=none \
           -mgeneral-regs-only -Wall -Wextra -Wundef -Werror -Wno-unused-parameter
ASFLAGS := -m$(BITS) $(DEBUG)
LDFLAGS := -m elf_$(if $(filter 64,$(BITS)),x86_64,i386) -static -nostdlib \
           --defsym=IMAGE_SECTORS=$(IMAGE_SECTORS) -T $(TOP)/ldscript
ifeq ($(BITS),64)
CFLAGS  += -mno-red-zone
endif

COMMON_BOTH := leave.S leave.c idt.c mem.c print.c report.c serial.c trap.c
COMMON_32   := trap32.S tss32.c paging32.c v86print.S
COMMON_64   := trap64.S long.S v86print.S vmx.S vmcs_names.c vmx_names.c \
               explain.c explain_rules.c explain_controls.c explain_ept.c explain_transitions.c \
               explain_host.c explain_guest.c explain_segments.c explain_state.c explain_msrs.c

COMMON_BUILD := $(OUT)/common$(BITS)
COMMON_OBJS  := $(patsubst %,$(COMMON_BUILD)/%.o,$(COMMON_BOTH) $(COMMON_$(BITS)))
GIVEN_BUILD  := $(OUT)/$(NAME)/given
USED_LABS    := $(sort $(patsubst %/,../%,$(dir $(USES) $(ALSO))))
VPATH        := $(USED_LABS)            # where make looks for their headers and ALSO
HEADERS      := $(patsubst %,$(GIVEN_BUILD)/include/%,$(notdir $(wildcard *.h $(USED_LABS:=/*.h))))
GIVEN_OBJS   := $(patsubst %,$(GIVEN_BUILD)/%.o,$(GIVEN) $(notdir $(ALSO)))
USES_OBJS    := $(patsubst %,$(if $(BASE),$(BUILD)/$(BASE),$(EDITED))/%.o,$(notdir $(USES)))
EDIT_OBJS    := $(patsubst %,$(EDITED)/%.o,$(EDIT))
PROGRAM      := $(BUILD)/$(NAME)

# A students' tree may have the solution's objects, or get them lab by lab, when nobody can hand that
# lab in any more. In the course's own tree the sources are the solution.
ifneq ($(BASE),)
ifeq ($(wildcard $(TOP)/grading/tree.py),)
LACKING := $(sort $(foreach file,$(USES),$(if $(wildcard reference/$(notdir $(file)).o),,$(firstword $(subst -, ,$(file))))))
ifneq ($(LACKING),)
$(error BASE=$(BASE): the solution of lab $(LACKING) is not in this tree yet; when your course gives out \
  $(LACKING:%=reference-%.tar.gz), unpack each: tar -xzf FILE -C $(TOP))
endif
endif
endif

.PHONY: all image clean
all: image $(PROGRAM).asm ;
image: $(PROGRAM).img $(PROGRAM).sym

# The loader alone, for `make boot`, with what asks KVM for VMX; and everything that no
# student writes.
.PHONY: loader given
loader: $(COMMON_BUILD)/boot.bin $(COMMON_BUILD)/probe.bin ;
given: loader $(HEADERS) $(COMMON_BUILD)/start.S.o $(COMMON_BUILD)/libcommon.a \
       $(COMMON_BUILD)/libcommon.names $(GIVEN_BUILD)/names

# What names the given files define, and what names the student's files do, and use: the grader looks.
.PHONY: names
names: $(COMMON_BUILD)/libcommon.names $(GIVEN_BUILD)/names $(BUILD)/names
$(COMMON_BUILD)/libcommon.names: $(COMMON_BUILD)/libcommon.a
$(GIVEN_BUILD)/names: $(GIVEN_OBJS)
$(BUILD)/names: $(USES_OBJS) $(EDIT_OBJS) | $(BUILD)
%names:
	@$(NM) -g $(filter-out $(BUILD)/reference/%,$^) >$@

# The disk image: the loader, the program, zeros to the end of the cylinder.
$(PROGRAM).img: $(COMMON_BUILD)/boot.bin $(PROGRAM).b
	@cat $^ >$@
	@dd if=/dev/null of=$@ bs=512 seek=$(IMAGE_SECTORS) count=0 2>/dev/null

$(PROGRAM).b: $(PROGRAM).elf
	@$(OBJCOPY) -O binary $< $@

$(PROGRAM).elf: $(COMMON_BUILD)/start.S.o $(USES_OBJS) $(EDIT_OBJS) $(GIVEN_OBJS) $(COMMON_BUILD)/libcommon.a $(TOP)/ldscript | $(BUILD)
	@$(LD) $(LDFLAGS) -o $@ $(filter %.o %.a,$^)

$(PROGRAM).sym: $(PROGRAM).elf
	@$(NM) -n $< >$@

$(PROGRAM).asm: $(PROGRAM).elf
	@$(OBJDUMP) -dS --no-show-raw-insn $< >$@

$(COMMON_BUILD)/libcommon.a: $(COMMON_OBJS)
	@rm -f $@
	@$(AR) rcs $@ $^

# Linked, then copied: not every linker writes flat binaries itself.
$(COMMON_BUILD)/boot.bin $(COMMON_BUILD)/probe.bin: %.bin: %.S.o
	@$(LD) -m elf_$(if $(filter 64,$(BITS)),x86_64,i386) -Ttext 0x7C00 -o $@.elf $<
	@$(OBJCOPY) -O binary -j .text $@.elf $@

$(COMMON_BUILD) $(GIVEN_BUILD) $(GIVEN_BUILD)/include $(BUILD) $(EDITED) $(BUILD)/reference:
	@mkdir -p $@

define COMPILE
	@$(CC) $(if $(filter %.S,$<),$(ASFLAGS),$(CFLAGS)) $(CPPFLAGS) -c -o $@ $<
endef

$(COMMON_BUILD)/%.o: CPPFLAGS += -DIMAGE_SECTORS=$(IMAGE_SECTORS)
$(COMMON_BUILD)/%.o: $(COMMON)/% | $(COMMON_BUILD)
	$(COMPILE)

$(GIVEN_BUILD)/%.o: CPPFLAGS += -I. $(USED_LABS:%=-I%) -DLAB_NAME='"$(NAME)"'
$(GIVEN_BUILD)/%.o: % | $(GIVEN_BUILD)
	$(COMPILE)

# A student's file finds the lab's headers, but not the sources beside them.
$(GIVEN_BUILD)/include/%.h: %.h | $(GIVEN_BUILD)/include
	@cp $< $@

# What it took from elsewhere is written down, by the preprocessor in .d and by the
# assembler (.include, .incbin) in .ad; the grader looks.
$(EDITED)/%.o: CPPFLAGS += -I$(GIVEN_BUILD)/include -DSOLVED=$(STAGE)
ifeq ($(findstring clang,$(CC)),)
$(EDITED)/%.o: CPPFLAGS += -Wa,--MD,$(@:.o=.ad)
endif
$(EDITED)/%.o: $(EDITDIR)/% | $(HEADERS) $(EDITED)
	$(COMPILE)

# Those for other labs lie in the folders of these, or, all together, in EDITDIR.
define USES_RULE
$(EDITED)/$(notdir $1).o: STAGE := 99
$(EDITED)/$(notdir $1).o: $(if $(filter .,$(EDITDIR)),../$1,$(EDITDIR)/$(notdir $1)) | $(HEADERS) $(EDITED)
	$$(COMPILE)
$(BUILD)/reference/$(notdir $1).o: CPPFLAGS += -I$(GIVEN_BUILD)/include -DSOLVED=99
$(BUILD)/reference/$(notdir $1).o: $(or $(wildcard reference/$(notdir $1).o),../$1) | $(HEADERS) $(BUILD)/reference
	$$(if $$(filter %.o,$$<),@cp $$< $$@,$$(COMPILE))
endef
$(foreach file,$(USES),$(eval $(call USES_RULE,$(file))))

-include $(COMMON_OBJS:.o=.d) $(GIVEN_OBJS:.o=.d) $(USES_OBJS:.o=.d) $(EDIT_OBJS:.o=.d) \
         $(COMMON_BUILD)/start.S.d $(COMMON_BUILD)/boot.S.d

# Running and grading: the work is done by the programs in grading/.
.PHONY: help qemu qemu-nox bochs bochs-nox debug qemu-gdb gdb bochs-debug grade timeline handin
help:
	@echo 'make            build'
	@echo 'make TARGET     qemu, qemu-nox, bochs, bochs-nox: boot, with a window or without;'
	@echo '                qemu with EMU=kvm: on the CPU of this computer'
	@echo '                debug: GDB on it, in QEMU; qemu-gdb and gdb: in two terminals'
	@echo '                bochs-debug: Bochs with its debugger, at each VM exit'
	@echo '                timeline: a page of all that happened [COMPARE=reference] [TEXT=yes]'
	@echo '                grade [EMU=qemu|bochs] [SEED=n] [V=1], handin, clean'

BOOT_OPTIONS = $(CPU:%=--cpu '%') $(NEEDS:%=--needs %) --probe $(COMMON_BUILD)/probe.bin

# EMU=kvm: the same QEMU, with this computer's own CPU.
ON = $(if $(filter qemu%,$@),$(if $(filter-out qemu,$(EMU)),$(EMU),qemu),bochs)

qemu bochs: all loader
	@$(PYTHON) $(TOP)/grading/boot $(PROGRAM).img --emu '$(ON)' --window $(BOOT_OPTIONS)

qemu-nox bochs-nox: all loader
	@$(PYTHON) $(TOP)/grading/boot $(PROGRAM).img --emu '$(ON)' $(BOOT_OPTIONS)

# QEMU's CPU here has no VMX: GDB can show such a program up to there, and no further.
NO_VMX := note: this program needs VMX, which the CPU that GDB sees has not
debug qemu-gdb gdb: all
	$(if $(filter vmx,$(NEEDS)),@echo '$(NO_VMX)')
	@$(PYTHON) $(TOP)/debug/debug $(PROGRAM).elf --loader $(COMMON_BUILD)/boot.bin.elf \
	    $(if $(filter qemu-gdb,$@),--serve) $(if $(filter gdb,$@),--attach)

bochs-debug: all
	@$(PYTHON) $(TOP)/debug/bochs-debug $(PROGRAM).elf $(CPU:%=--cpu '%')

grade:
	@$(PYTHON) -S $(TOP)/grading/grade $(CURDIR) --lab $(NAME) --out $(OUT) --no-sandbox \
	    $(if $(EMU),--emu '$(EMU)') $(if $(BASE),--base '$(BASE)') $(if $(SEED),--seed '$(SEED)') $(if $(V),-v)

timeline:
	@$(MAKE) --no-print-directory -C $(TOP) $@ LAB=$(NAME) OUT='$(abspath $(OUT))'

handin:
	@$(PYTHON) $(TOP)/grading/handin $(TOP) $(NAME) --out $(OUT)

clean:
	rm -rf '$(BUILD)' '$(OUT)/grade/$(NAME)' '$(OUT)/grade/together'
