# The front door. `make help` lists what can be done here.
include common/course.mk

TOOLS   += unifdef
MODULES := pytest, xdist, jsonschema, capstone, rich, jinja2, yaml, mkdocs

.PHONY: demo check check-full mutants handout new-lab site gradescope autolab bench matrix iso modules

demo: tools ## watch every lab run, on every emulator that can, and be graded
	$(if $(LAB),$(error demo takes no LAB, it shows every lab; make LAB=$(LAB) qemu-nox boots one))@$(PYTHON) grading/demo

check: tools modules given ## prove that the grades mean something
	@$(PYTHON) -m pytest

check-full: tools modules given ## the same, with a cluster, longer fuzzing, and load
	@./setup.sh --check --full || ./setup.sh --full
	@$(PYTHON) -m pytest -m ''

mutants: tools given ## a table: how many wrong ideas each exercise catches [LAB=NN] [EMU=]
	@$(PYTHON) grading/mutants $(LAB:%=--lab %) $(EMU:%=--emu %)

handout: tools ## make the students' tree and its tarball [REFERENCE=apart: solution's objects beside it]
	$(if $(filter-out apart,$(REFERENCE)),$(error REFERENCE=$(REFERENCE) is unknown; it is apart, or nothing))
	@$(PYTHON) grading/handout $(REFERENCE:apart=--reference apart)

site: ## make the course's site, to be read from disk: build/site/index.html
	@$(PYTHON) website/website

new-lab: ## make a new lab to start from: LAB=NN-name [BITS=32|64]
	@$(PYTHON) grading/new-lab '$(LAB)' $(BITS:%=--bits '%')

gradescope autolab: tools ## pack the grader for that system [LAB=NN] [SEED=n]
	@$(PYTHON) grading/package $@ $(LAB:%=--lab '%') $(SEED:%=--seed '%')

bench: tools modules ## measure grades, builds, exits, classes [BENCH=quick] [PUBLISH=yes]
	$(if $(filter-out quick,$(BENCH)),$(error BENCH=$(BENCH) is unknown; it is quick, or nothing))
	$(if $(filter-out yes,$(PUBLISH)),$(error PUBLISH=$(PUBLISH) is unknown; it is yes, or nothing))
	@$(PYTHON) bench/bench $(if $(filter quick,$(BENCH)),--quick) $(PUBLISH:yes=--publish)

matrix: tools ## every system, compiler and emulator: same grades, same facts? [LAB=NN] [CC=] [SYSTEMS=here]
	@$(PYTHON) everywhere/matrix $(LAB:%=--lab '%') $(if $(filter here,$(SYSTEMS)),--here,$(SYSTEMS:%=--system %)) \
	    $(foreach name,CC LD TOOLPREFIX,$(if $(filter command%,$(origin $(name))),--make '$(name)=$($(name))'))

iso: ## pack a lab for a PC's BIOS or UEFI: LAB=NN
	$(IN_LAB)@$(MAKE) --no-print-directory -C $(ONE_FOLDER) image
	@$(PYTHON) everywhere/iso build/$(notdir $(ONE_FOLDER))/$(notdir $(ONE_FOLDER)).b \
	    -o build/$(notdir $(ONE_FOLDER)).iso $(TOOLPREFIX:%=--prefix '%')

# What the tests share is built once, before they run side by side.
.PHONY: given
given:
	@for lab in labs/*/Makefile; do $(MAKE) --no-print-directory LAB= -C $${lab%/*} given || exit; done

modules:
	@$(PYTHON) -c 'import $(MODULES)' 2>/dev/null || ./setup.sh
