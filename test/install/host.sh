# shellcheck shell=bash
# What the parts of this test share on the host: commands in the root of a fresh system, and lines that
# say how a step ended. Sourced after test/vm/lib.sh, with $part (the name in each line), $root (that
# root), $debs (where apt keeps what it downloads) and $out (for logs) set.
# shellcheck disable=SC2154

# in_root COMMAND...: there, with what a running system has mounted, and with this machine's network.
# Its own mounts, gone with it; what apt downloads is kept for the next time.
in_root() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount bash -euc '
		root=$1
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount --bind "$2" "$root/var/cache/apt/archives"
		mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
		exec chroot "$root" "${@:3}"
	' - "$root" "$debs" env -i HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null
}

# step NAME COMMAND...: a line, and what the command said if it failed; $failed is 1 then. It fails with
# the first command of it that fails, for which it must not be called where bash heeds no `set -e`.
step() {
	failed=0
	set +e
	(set -e; "${@:2}") >"$out/$1.log" 2>&1
	failed=$?
	set -e
	if [[ $failed -eq 0 ]]; then
		echo "ok $part $1"
	else
		echo "not ok $part $1"
		tail -n 20 "$out/$1.log" | sed 's/^/    /'
	fi
}

# none COMMAND...: that it fails, or finds nothing.
none() {
	if "$@"; then
		echo "expected to fail: $*"
		return 1
	fi
}

# said STAGE FILE: the steps of a guest, from what it said on its verdict channel, and whether it came to its
# end: its last line is `done N`, and N is how many steps there were.
said() {
	local line steps=0 announced=

	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*)
			steps=$((steps + 1))
			echo "${line/ok /ok $part $1: }"
			;;
		"done "*) announced=$announced${line#done } ;;
		*) echo "    ${line//[![:print:]]/}" ;;
		esac
	done <"$2"
	if [[ $announced == "$steps" ]]; then
		echo "ok $part $1: came to its end"
	else
		echo "not ok $part $1: $steps steps, it announced ${announced:-none}"
	fi
}
