# shellcheck disable=SC2086 # options of collide, several in one argument
# Sourced by the cases of policy repair: that a write was repaired, or that it was not and why.

# complaints: how often the kernel or the module has said that cache and disk disagree.
complaints() {
	dmesg | grep -cE 'invalidation failure on direct I/O|the page cache and the disk disagree' || true
}

# holds FILE OFFSET LENGTH CHARACTER: that the page cache, and after it is dropped the disk, has it there.
holds() {
	for cache in kept dropped; do
		[ $cache = kept ] || echo 3 >/proc/sys/vm/drop_caches
		found=$(tail -c +$(($2 + 1)) "$1" | head -c "$3" | tr -d "$4" | wc -c)
		[ "$found" = 0 ] || fail "$found bytes of $1, page cache $cache, are not $4"
	done
}

# As long as it may take, for what a busy machine does to this one. Once a case: it takes seconds.
load_repair() {
	[ -e /sys/module/diolate ] || load policy=repair repair_ms=10000
}

# each ARGUMENT FUNCTION...: all of them, in one case.
each() {
	with=$1
	shift
	for function in "$@"; do
		$function $with
	done
}

# repaired FS [option...]: a collision whose write is made true, and of which nothing else is left.
repaired() {
	fs=$1
	shift
	before
	said=$(complaints)
	collision "$fs" "$@"
	is ok 1 "$line"
	is other 0 "$line"
	is fsync 0 "$line"
	is undone 0 "$line"
	[ "$(complaints)" = "$said" ] || fail "something was said of it: $(dmesg | tail -n 3)"
	newest outcome repaired
	newest reason -
	newest error 0
}

# not_repaired FS "REASON..." [option...]: a collision of a write that is failed, for one of these.
not_repaired() {
	fs=$1 reason=$2
	shift 2
	before
	collision "$fs" "$@"
	# It is recorded.
	is fsync -5 "$line"
	logged=$(tail -n 1 "${counters%/*}/log")
	why=$(value reason "$logged")
	kind=$(value kind "$logged")
	if [ "$why" = unproven-filesystem ]; then
		is ok 1 "$line"
		say "success, $why"
		expect late_errors=1 "$kind=1" undeliverable=1
		return
	fi
	is res -5 "$line"
	say "res -EIO, $why"
	expect late_errors=1 "$kind=1" delivered=1
	case " $reason " in
	*" $why "*) ;;
	*) fail "reason is not $reason: $logged" ;;
	esac
}
