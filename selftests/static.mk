# SPDX-License-Identifier: GPL-2.0
#
# Rules shared by the static programs for guests: the Makefiles of bench and oracle
# set O= and OBJS, say how they are linked, and include this.

include ../../lib/quiet.mk

LIBKSHM		?= $(O)/lib
CC		?= cc
CFLAGS		?= -O2 -g
ALL_CPPFLAGS	:= -I../cases -I../../lib -I../../uapi -MMD -MP $(CPPFLAGS)
ALL_CFLAGS	:= -std=gnu11 -Wall -Wextra -Wmissing-prototypes \
		   -Wstrict-prototypes $(WARNINGS) $(CFLAGS)

OBJS		:= $(patsubst %.c,$(O)/%.o,$(notdir $(SRCS)))
vpath %.c ../cases

$(O)/$(PROGRAM): $(OBJS) $(LIBKSHM)/libkshm.a
	$(call made,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -static $(LINK) -o $@ $^ $(LDFLAGS)

$(O)/%.o: %.c Makefile ../static.mk | $(O)
	$(call made,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# The library's own Makefile knows what is out of date.
$(LIBKSHM)/libkshm.a: FORCE | $(O)
	@$(MAKE) -s -C ../../lib O='$(LIBKSHM)'

$(O):
	@mkdir -p $@

FORCE:

.PHONY: FORCE

-include $(wildcard $(O)/*.d)
