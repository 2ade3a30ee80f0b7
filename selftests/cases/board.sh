#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The first program in kselftest's list. It tells what this machine lacks that the
# others want, and loads the module. Cases skip what cannot be done.
#
# Beside it are "config", the options of the kernel that are wanted, and, if it came
# from "make kselftest-tar", the module.

release=$(uname -r)
failed=0

# The options of this kernel, from the first file that has them.
options()
{
	zcat /proc/config.gz 2>/dev/null ||
		cat "/boot/config-$release" 2>/dev/null ||
		cat "/lib/modules/$release/config" 2>/dev/null ||
		cat "/lib/modules/$release/build/.config" 2>/dev/null
}

missing_options()
{
	has=$(options) || {
		echo "it is not known which, since this kernel does not tell its options"
		return
	}
	sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=y$/\1/p' config | while read -r option; do
		echo "$has" | grep -q "^$option=[ym]$" || echo "$option"
	done
}

# kselftest's runner uses these where they are.
missing_programs()
{
	for program in /usr/bin/timeout /usr/bin/stdbuf /usr/bin/perl; do
		[ -x $program ] || echo $program
	done
}

missing_rights()
{
	[ "$(id -u)" = 0 ] || echo "root, who may load modules and make namespaces"
}

# Prints why the module is not loaded, if it is not.
no_module()
{
	[ ! -e /dev/kshm ] || return
	if [ -e kshm.ko ]; then
		insmod ./kshm.ko 2>&1
		built=$(grep -a -o 'vermagic=[^ ]*' kshm.ko)
		[ "${built#*=}" = "$release" ] ||
			echo "kshm.ko is for Linux ${built#*=}, and this is $release"
	else
		modprobe kshm 2>&1
	fi
	[ -e /dev/kshm ] || echo "there is no /dev/kshm"
}

# usage: report NUMBER NAME MISSING. A missing option is not a failure here.
report()
{
	missing=$(echo "$3" | tr '\n' ' ')
	echo "ok $1 board.$2${3:+ # SKIP missing: ${missing% }}"
}

echo "TAP version 13"
echo "1..4"
report 1 kernel_has_all_options "$(missing_options)"
report 2 runner_has_its_programs "$(missing_programs)"
report 3 user_has_all_rights "$(missing_rights)"
why=$(no_module)
if [ -e /dev/kshm ]; then
	echo "ok 4 board.module_is_loaded"
else
	echo "$why" | sed 's/^/# /'
	echo "not ok 4 board.module_is_loaded"
	failed=1
fi
exit $failed
