# shellcheck shell=bash
# What the scripts of test/vm share: where things are, the kernel table, how to fail.
# Sourced, never run:  . "$(dirname "$0")/lib.sh"
# DIOLATE_CACHE overrides where kernels and build roots are kept (default: ~/.cache/diolate).

# shellcheck disable=SC2034 # used by those who source this
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VM=$TOP/test/vm
CACHE=${DIOLATE_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/diolate}
BUILD=$TOP/build

# depmod, mkfs.* and their like live there, and a plain user's path lacks them.
PATH=$PATH:/usr/sbin:/sbin
# What the guest carries along, beside busybox and the modules; see test/vm/initramfs.
GUEST_PACKAGES=(btrfs-progs dmsetup dosfstools e2fsprogs exfatprogs f2fs-tools fio kmod mount ntfs-3g
	xfsprogs)

# Sorting and messages must not depend on who runs this.
export LC_ALL=C.UTF-8

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The table without its comments: name, release, flavour, cases.
kernel_table() {
	sed -e 's/#.*//' -e '/=/d' -e '/^[[:space:]]*$/d' "$VM/kernels"
}

# cases_of SET: its patterns; none for all.
cases_of() {
	[[ $1 != all ]] || return 0
	sed -n "s/^$1 = //p" "$VM/kernels" | grep . || die "test/vm/kernels defines no set of cases \"$1\""
}

# arch_of FLAVOUR: Debian's name of the architecture.
arch_of() {
	case $1 in
	*arm64) echo arm64 ;;
	*) echo amd64 ;;
	esac
}

# Sets NAME, SERIES, RELEASE, FLAVOUR, ARCH and CASE_SET (its name) of one row, or ends the script;
# and ROOT, in which its module is built; GUEST_ROOT, from which the guest gets its programs: those of
# this machine, or, if that could not run them, others (see test/vm/fetch); and TRACERS, the release whose
# tracers run on it: those of Debian 11 want headers to be there, and Debian 12's do as well.
kernel_row() {
	[[ $# -eq 1 && -n $1 ]] || die "which kernel? Give one of: $(all_names)"
	read -r NAME RELEASE FLAVOUR CASE_SET < <(kernel_table | awk -v name="$1" '$1 == name') ||
		die "no kernel \"$1\" in test/vm/kernels; it has: $(all_names)"
	SERIES=${NAME%%-*}
	ARCH=$(arch_of "$FLAVOUR")
	ROOT=$CACHE/roots/$RELEASE
	GUEST_ROOT=
	if [[ $ARCH != amd64 ]]; then
		ROOT=$CACHE/roots/$RELEASE-$ARCH
		GUEST_ROOT=$ROOT-guest
	fi
	TRACERS=${RELEASE/bullseye/bookworm}
	export NAME SERIES RELEASE FLAVOUR CASE_SET ARCH ROOT GUEST_ROOT TRACERS
}

# kernel_names [debug]: the stock kernels, or those of flavour debug.
kernel_names() {
	kernel_table | awk -v debug="${1:+1}" '
		($3 == "debug") == debug + 0 { printf "%s%s", sep, $1; sep = " " }'
}

# The stock kernels on which every case runs, or most do.
whole_kernel_names() {
	kernel_table | awk '$3 != "debug" && $4 ~ /^(all|most)$/ { printf "%s%s", sep, $1; sep = " " }'
}

all_names() {
	echo "$(kernel_names) $(kernel_names debug)"
}

# Sets ABI and KERNEL_DIR (boot/ and lib/modules/ below it) of a fetched kernel.
kernel_files() {
	kernel_row "$1"
	ABI=$(readlink "$CACHE/kernels/$NAME/current") ||
		die "kernel $NAME is not in the cache; run test/vm/fetch $NAME first"
	KERNEL_DIR=$CACHE/kernels/$NAME/$ABI
	export ABI KERNEL_DIR
}
