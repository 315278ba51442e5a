# course.mk -- the front door of students and of everybody else: what can be done
# with one lab, named by LAB=NN. The top Makefile includes it, in the handout too.

include common/place.mk

PYTHON := /usr/bin/python3
TOOLS  := $(addprefix $(TOOLPREFIX),gcc ld objcopy) qemu-system-x86_64 bochs

LABS       = $(patsubst labs/%/Makefile,%,$(wildcard labs/*/Makefile))
LAB_FOLDER = $(if $(filter $(LAB_LIST) $(LABS),$(LAB)),$(wildcard labs/$(LAB) labs/$(LAB)-*))
LAB_LIST   = $(sort $(foreach lab,$(LABS),$(firstword $(subst -, ,$(lab)))))
IN_LAB     = $(if $(LAB),$(if $(LAB_FOLDER),,$(error LAB=$(LAB): there is no such lab; \
             there is $(LAB_LIST))),$(error which lab? say LAB=NN; there is $(LAB_LIST)))

# A lab of several programs has a folder for each.
ONE_FOLDER = $(if $(word 2,$(LAB_FOLDER)),$(error which program of lab $(LAB)? say \
             LAB=$(subst $() , or LAB=,$(notdir $(LAB_FOLDER)))),$(LAB_FOLDER))

.DEFAULT_GOAL := help
.PHONY: help all labs qemu qemu-nox bochs bochs-nox debug qemu-gdb gdb bochs-debug timeline grade handin clean boot setup tools

help: ## this list
	@echo 'make TARGET [LAB=NN] [EMU=qemu|bochs] [SEED=n] [V=1]'
	@sed -n 's/^\([a-z][a-z -]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
	    awk -F'\t' '{ printf "  %-31s %s\n", $$1, $$2 }'

all qemu qemu-nox bochs bochs-nox: ## build a lab (all); boot it, with or without a window
	$(IN_LAB)@$(MAKE) --no-print-directory -C $(ONE_FOLDER) $@

# One after the other: what they share is built once. Each may use several jobs (-j).
labs: ## build every lab
	@for lab in $(LABS); do $(MAKE) --no-print-directory LAB= -C labs/$$lab all || exit; done

debug qemu-gdb gdb: ## step through a lab with GDB (debug); in two terminals (the others)
	$(IN_LAB)@$(MAKE) --no-print-directory -C $(ONE_FOLDER) $@

bochs-debug: ## step through a lab in Bochs, VMX and all, from exit to exit [CPU=]
	$(IN_LAB)@$(MAKE) --no-print-directory -C $(ONE_FOLDER) $@

# A file holds the run of one program.
timeline: ## draw a run: every trap, exit and entry, on a page [TEXT=yes: here]
	$(IN_LAB)@for folder in $(if $(SAVE)$(filter-out reference,$(COMPARE)),$(ONE_FOLDER),$(LAB_FOLDER)); do \
	    $(PYTHON) -S timeline/timeline $${folder##*/} --out '$(or $(OUT),build)' $(if $(EMU),--emu '$(EMU)') \
	    $(if $(SEED),--seed '$(SEED)') $(if $(BASE),--base '$(BASE)') \
	    $(if $(TEXT),--text) $(if $(SAVE),--save '$(SAVE)') $(if $(COMPARE),--compare '$(COMPARE)') || exit; done

grade: ## grade a lab's files
	$(IN_LAB)@for folder in $(LAB_FOLDER); do \
	    $(MAKE) --no-print-directory -C $$folder $@ || exit; done

handin: ## pack them to hand in, of all labs if LAB= is not said
	$(if $(LAB),$(IN_LAB))@$(PYTHON) grading/handin . $(LAB) --out '$(or $(OUT),build)'

clean: ## remove everything that was built
	rm -rf build

boot: ## boot any program: IMAGE=FILE [EMU=bochs]
	$(if $(IMAGE),,$(error which program? say IMAGE=FILE, a .b or .img that make built))
	@$(MAKE) -s -C $(firstword $(wildcard labs/*)) loader
	@$(PYTHON) grading/boot '$(IMAGE)' --emu '$(or $(EMU),qemu)'

setup: ## install what is missing
	./setup.sh $(SETUP)

# Calls setup.sh only if a tool is missing: not every system has apt, but any may
# have the tools.
tools:
	@for tool in $(TOOLS); do \
	    command -v $$tool >/dev/null || { ./setup.sh $(SETUP); exit; }; done
