# Sourced by the cases of real programs, which come on a disk of their own (test/vm/fetch) and write with
# O_DIRECT, while a process that changes nothing dirties what they write (dirty.c).

# mount_programs NAME FS...: the disk of that name, as a root in $root, with these file systems in its /tmp.
mount_programs() {
	root=/mnt/$1
	mount_root "$1"
	shift
	for fs in "$@"; do
		[ ! -d "$root/tmp/$fs" ] || continue
		mkdir "$root/tmp/$fs"
		mount -o bind "/mnt/$fs" "$root/tmp/$fs"
	done
}

in_root() {
	/usr/sbin/chroot "$root" "$@"
}

# load_for POLICY [PARAMETER...]: nothing, if that is stock.
load_for() {
	policy=$1
	shift
	[ "$policy" = stock ] || load policy="$policy" "$@"
}

# count_from_here, count_outcomes OUTCOME...: that each late error had one of these; their numbers are in
# $counted, for a person. Without the module nobody knows.
count_from_here() {
	[ "$policy" = stock ] || before
}

count_outcomes() {
	counted=''
	[ "$policy" != stock ] || return 0
	for outcome in "$@"; do
		[ "$(since "$outcome")" = 0 ] || counted="$counted $outcome=$(since "$outcome")"
	done
	sed -n 's/.* outcome=\([^ ]*\) reason=\([^ ]*\) .*/\1 \2/p' "${counters%/*}/log" | sort | uniq -c
	# shellcheck disable=SC2086 # a list
	expect_outcomes $counted
	late=$(since late_errors) delivered=$(since delivered) repaired=$(since repaired)
	counted="; $late late:$counted, overtaken $(since overtaken)"
}

# drop_cache: what is read from here on is what the disk has.
drop_cache() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}
