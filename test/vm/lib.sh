# shellcheck shell=bash
# What the scripts of test/vm share: where things are, the kernel table, how to fail.
# Sourced, never run:  . "$(dirname "$0")/lib.sh"
# DIOLATE_CACHE overrides where kernels and build roots are kept (default: ~/.cache/diolate).

# shellcheck disable=SC2034 # used by those who source this
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VM=$TOP/test/vm
CACHE=${DIOLATE_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/diolate}
BUILD=${VM_BUILD:-$TOP/build}

# depmod, mkfs.* and their like live there, and a plain user's path lacks them.
PATH=$PATH:/usr/sbin:/sbin
QEMU_ROOT=$CACHE/qemu
XFSPROGS_ROOT=$CACHE/xfsprogs
HERD_ROOT=$CACHE/herd
# The release whose PostgreSQL can write with O_DIRECT (16 and later can); it runs on any of the kernels.
PROGRAMS=trixie
# What the guest carries along, beside busybox and the modules; see test/vm/initramfs.
GUEST_PACKAGES=(btrfs-progs dmsetup dosfstools e2fsprogs exfatprogs f2fs-tools fio kmod mount ntfs-3g
	xfsprogs)

# Sorting and messages must not depend on who runs this.
export LC_ALL=C.UTF-8

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# git_here ARGUMENT...: git for this checkout, whoever owns it: root may test what a user has checked out, and who
# runs its scripts trusts it already. What is given by -c counts here since git 2.38.
git_here() {
	git -c "safe.directory=$TOP" -C "$TOP" "$@"
}

# The flavours of kernels that are built here, each with a file in test/vm/config.
BUILT="debug kcsan mte-arm64"

# is_built FLAVOUR
is_built() {
	[[ " $BUILT " == *" $1 "* ]]
}

# The table without its comments: name, release, flavour, cases.
kernel_table() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$VM/kernels"
}

# words_of SET: the words of the cases a row runs, from its last column; none for all.
words_of() {
	[[ $1 != all ]] || return 0
	tr , ' ' <<<"$1"
}

# cases_called NAME PATTERN: the cases of a kernel that are called so; fails if there is none.
cases_called() {
	local case found=1

	while read -r case _; do
		# shellcheck disable=SC2053 # a pattern indeed
		if [[ $case == $2 ]]; then
			echo "$case"
			found=0
		fi
	done < <("$VM/cases" "$1")
	return "$found"
}

# cases_with NAME WORD...: those with one of these words; all if none is given.
cases_with() {
	local case words word

	while read -r case words; do
		[[ $# -gt 1 ]] || echo "$case"
		for word in "${@:2}"; do
			if [[ " $words " == *" $word "* ]]; then
				echo "$case"
				break
			fi
		done
	done < <("$VM/cases" "$1")
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

# kernel_names [debug]: all kernels but those that are built here, or these.
kernel_names() {
	kernel_table | awk -v debug="${1:+1}" -v built=" $BUILT " '
		(index(built, " " $3 " ") > 0) == debug + 0 { printf "%s%s", sep, $1; sep = " " }'
}

# Debian's stock kernels, of no special flavour: those of `make check`.
stock_names() {
	kernel_names | tr ' ' '\n' | grep -v - | paste -sd ' '
}

# The kernels on which every case runs, or most do.
whole_kernel_names() {
	kernel_table | awk -v built=" $BUILT " '!index(built, " " $3 " ") && $4 ~ /^all$|locks/ { printf "%s%s", sep, $1; sep = " " }'
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

# Sets QEMU, a command, to that of test/vm/fetch-tools for a system (x86_64, aarch64). It is 11 or later:
# those of Debian 12 and 13, 7.2 and 10.0, crash a kernel whose code is patched while two of its
# processors run on a thread each (a kprobe of ftrace's own switched on and off under load, diolate not
# loaded, ended in an oops in 9 of 9 runs on 7.2 and 1 of 2 on 10.0). Called through the loader of the
# root it came in, since this machine's libraries may be older.
qemu_for() {
	local lib=$QEMU_ROOT/usr/lib/x86_64-linux-gnu

	QEMU=("$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$QEMU_ROOT/usr/bin/qemu-system-$1"
		-L "$QEMU_ROOT/usr/share/qemu" -L "$QEMU_ROOT/usr/share/seabios")
	[[ -e ${QEMU[0]} ]] || die "QEMU is not in the cache; run test/vm/fetch-tools first"
}

# check NAME COMMAND...: a line, and what the command printed if it failed. A function must end with
# the status of all it did: bash heeds no `set -e` in here.
check() {
	local name=$1 output

	shift
	if output=$("$@" 2>&1); then
		echo "ok $name"
	else
		echo "not ok $name"
		printf '%s\n' "$output"
	fi
}

# summed: passes on the lines of what prints `ok NAME`, `not ok NAME` and `skip NAME`, with their sum as the
# last one and not those of parts of it. Fails if one failed, or none passed.
summed() {
	local line ok=0 bad=0 skip=0

	while IFS= read -r line; do
		case $line in
		"ok "*) ok=$((ok + 1)) ;;
		"not ok "*) bad=$((bad + 1)) ;;
		"skip "*) skip=$((skip + 1)) ;;
		[0-9]*" passed, "[0-9]*" failed"*) continue ;;
		esac
		printf '%s\n' "$line"
	done
	echo "$ok passed, $bad failed$([[ $skip -eq 0 ]] || echo ", $skip skipped")"
	[[ $bad -eq 0 && $ok -gt 0 ]]
}
