# together.mk -- makes several programs of one student: a file that more than one of them uses
# is compiled once, but for each BITS. Those of the same BITS are made one after the other, in
# order; so the first compiles it, and in its folder. A program is whole if it has a file `made`.
#
#   PROGRAMS32, PROGRAMS64   their names, NN-name
#   BUILD                    the folder for all: a folder for each, edit32 and edit64
#   and what lab.mk takes:   EDITDIR, OUT, SEALED, CC, ...

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)

.PHONY: all 32 64
all: 32 64 ;
32 64:
	@for program in $(PROGRAMS$@); do \
	    $(MAKE) -s -C $(TOP)/labs/$$program image names BUILD=$(BUILD)/$$program \
	        EDITED=$(BUILD)/edit$@ && touch $(BUILD)/$$program/made; done; true
