# place.mk -- refuses a place whose name make or its shell would read as something else: they
# would build half of it, or remove what is not ours; and a value that would end the quotes in
# which the shell gets it. lab.mk and course.mk include this first.

comma := ,
hash  := \#
open  := (
close := )
QUOTE := '
ODD   := $(comma) $(hash) $(open) $(close) : ; % $$ & ' " \ ` | < >

PLACES := $(CURDIR)$(OUT)$(BUILD)$(EDITED)$(EDITDIR)
ifneq ($(strip $(word 2,$(PLACES))$(foreach letter,$(ODD),$(findstring $(letter),$(PLACES)))),)
$(error $(or $(filter-out .,$(EDITDIR)),$(BUILD),$(OUT),$(CURDIR)): make cannot work where a name \
  has a space or one of $(ODD) in it; move the course, or name another folder)
endif

QUOTED := LAB EMU SEED BASE CPU ON SAVE COMPARE IMAGE BITS TOOLPREFIX
$(foreach name,$(QUOTED),$(if $(findstring $(QUOTE),$($(name))),\
  $(error $(name)=$($(name)): no value has a quote in it; leave it out)))
