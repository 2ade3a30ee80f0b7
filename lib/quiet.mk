# SPDX-License-Identifier: GPL-2.0
#
# Prints one short line for each file that is made, as kbuild does; V=1 shows whole
# commands. A recipe says $(call made,CC), then $(Q) before its command. With
# "make -s" it is silent.

ifeq ($(V),1)
Q	:=
made	=
else
Q	:= @
made	= $(if $(findstring s,$(firstword -$(MAKEFLAGS))),,\
	  @printf '  %-7s %s\n' '$(1)' '$(notdir $@)')
endif
