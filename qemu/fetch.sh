# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the two fetch scripts share; read by them with ".".

# shellcheck disable=SC2034 # the readers use it
build=${BUILD:-$(cd "$(dirname "$0")/.." && pwd)/build}
me=$(basename "$0")

die()
{
	echo "$me: $*" >&2
	exit 1
}

progress()
{
	echo "$me: $*" >&2
}

need_apt()
{
	command -v apt-get >/dev/null 2>&1 ||
		die "Kernels are fetched as Debian packages and this host has no apt-get; use Debian, or give KDIR=."
}

update_lists()
{
	[ "$(id -u)" -eq 0 ] || return 0
	progress "updating the package lists"
	apt-get update >/dev/null 2>&1 || true
}

# Downloads packages into a directory; old package lists are updated once.
download()
{
	into=$1
	shift
	try_download "$into" "$@" && return
	update_lists
	try_download "$into" "$@" ||
		die "Downloading $* failed; check the network and the package lists (apt-get update), then try again."
}

try_download()
{
	(cd "$1" && shift && apt-get -o APT::Sandbox::User=root download "$@" >/dev/null 2>&1)
}
