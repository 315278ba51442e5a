# The front door. `make help` lists what can be done here.
include common/course.mk

.PHONY: demo check handout bench

demo: setup ## watch every lab run, on every emulator that can, and be graded
	@$(PYTHON) grading/demo

check: setup ## prove that the grades mean something
	@$(PYTHON) -m pytest -q

handout: setup ## make the students' tree and its tarball
	@$(PYTHON) grading/handout

bench: setup ## measure how long a grade takes
	@$(PYTHON) grading/bench
