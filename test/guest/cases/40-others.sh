# Others on the same functions; the policy and the module itself change while writes are in flight.

events=/sys/kernel/tracing/kprobe_events
enable=/sys/kernel/tracing/events/foreign
# Those we probe, or change a result at.
functions="kiocb_invalidate_post_direct_write iomap_dio_complete dio_complete generic_file_direct_write
	dio_warn_stale_pagecache aio_complete_rw io_complete_rw kiocb_done"

# Somebody else's kprobe and kretprobe on each function of ours, as perf and ftrace set them.
add_foreign() {
	for f in $functions; do
		has_symbol "$f" || continue
		echo "p:foreign/p_$f $f" >>$events
		echo "r:foreign/r_$f $f" >>$events
	done
	echo 1 >$enable/enable
}

remove_foreign() {
	echo 0 >$enable/enable
	echo >$events
	[ ! -e $enable ] || fail "foreign probes are still there"
}

# How often the foreign probes were hit, all together.
foreign_hits() {
	awk '{ n += $2 } END { print n + 0 }' /sys/kernel/tracing/kprobe_profile
}

delivers() {
	before
	collision "$1"
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
}

# foreign FS ORDER: each letter a step: f, F others come and go; d, D we do. After each, those who are
# there see a collision: ours delivers it, the others' probes are hit.
foreign() {
	for step in $2; do
		case $step in
		f) add_foreign ;;
		F) remove_foreign ;;
		d) load ;;
		D) unload ;;
		esac
		hits=$(foreign_hits)
		if [ -e "$counters" ]; then
			delivers "$1"
		else
			collision "$1"
			is res 65536 "$line"
		fi
		[ ! -e $enable ] || [ "$(foreign_hits)" -gt "$hits" ] || fail "foreign probes are not hit"
	done
	say "afterwards as stock"
}

# told_at: what is followed or replaced of where late errors are told.
told_at() {
	awk '$1 ~ /^(aio_complete_rw|io_complete_rw|io_complete_rw_iopoll|kiocb_done)$/ ||
		($1 == "dio_warn_stale_pagecache" && /I/)' /sys/kernel/tracing/enabled_functions
}

# Under observe nothing is changed, nor could it be: the kernel's own record is not replaced, and no function
# followed where a result is received. Under propagate they are, the latter from the first late error on.
observe_replaces_nothing() {
	load policy=observe
	collision "$1"
	is res 65536 "$line"
	[ -z "$(told_at)" ] || fail "under observe: $(told_at)"
	set_policy propagate
	[ "$(told_at | cut -d ' ' -f 1)" = dio_warn_stale_pagecache ] || fail "before the first: $(told_at)"
	collision "$1"
	is res -5 "$line"
	[ "$(told_at | grep -c _rw)" = 3 ] || fail "after it: $(told_at)"
	set_policy observe
	# shellcheck disable=SC2016 # it is evaluated again and again
	wait_until '[ -z "$(told_at)" ]'
	collision "$1"
	is res 65536 "$line"
	[ -z "$(told_at)" ] || fail "under observe again: $(told_at)"
	say "replaced under propagate alone"
}

# What tells late errors is armed for five minutes after the last one, and anew by the next.
armed_for_a_while() {
	seconds="$(either 2 290)"
	load
	for n in first second; do
		collision ext4
		is res -5 "$line"
		# The time is what it is about: for so long it is not disarmed.
		sleep "$seconds"
		[ "$(told_at | grep -c _rw)" = 3 ] || fail "$n: $(told_at)"
		# shellcheck disable=SC2016 # it is evaluated again and again
		[ "$seconds" = 2 ] || wait_until '! told_at | grep _rw'
	done
}

# 32 writes in flight, a byte stored into 16; the policy changes before any completes.
switch() {
	load policy="$1"
	before
	collision "$3" --size 2097152 --writes 32 --stores 16 \
		--during "echo $2 >/sys/module/diolate/parameters/policy"
	if [ "$2" = propagate ]; then
		is ok 16 "$line"
		is eio 16 "$line"
		expect late_errors=16 stuck=16 delivered=16
	else
		is ok 32 "$line"
		expect late_errors=16 stuck=16 observed=16
	fi
}

# 32 writes in flight when the module goes.
unload_in_flight() {
	load
	collision "$1" --size 2097152 --writes 32 --stores 16 --during "/sbin/rmmod diolate"
	is ok 32 "$line"
	is other 0 "$line"
	say "32 ended as stock"
}

# The module goes while they complete: those with a late error may be told so or not, the others not.
unload_while_completing() {
	load
	collision "$1" --size 16777216 --writes 256 --stores 128 --first "/sbin/rmmod diolate"
	is other 0 "$line"
	[ "$(value eio "$line")" -le 128 ] || fail "more -EIO than collisions: $line"
	wait_until '! [ -e /sys/module/diolate ]'
	say "$(value ok "$line") ok, $(value eio "$line") -EIO"
}

# The module goes when a late error is pending: the O_DSYNC write has to write the folio in the way,
# and that is held. Unloading waits for its result, and its event is right.
unload_pending() {
	load
	collision "$1" --dsync --offset "$2" ${3:+"$3"} --during "
		. /lib-guest/lib.sh
		. /lib-guest/pending.sh
		make_pending $1
		unload_begins"
	is res -5 "$line"
	wait_until '! [ -e /sys/module/diolate ]'
	say "res -EIO after unloading had begun"
}

# The policy in force at the late error holds, also if it changes before the write completes.
switch_while_pending() {
	load
	collision "$1" --offset 32768 --dsync --during "
		. /lib-guest/lib.sh
		. /lib-guest/pending.sh
		make_pending $1
		set_policy observe"
	is res -5 "$line"
	settled=$(($(counter delivered) + $(counter already_failed)))
	[ "$settled" = 1 ] || fail "$settled settled"
	[ "$(counter pending) $(counter observed)" = "0 0" ] || fail "$(cat "$counters")"
	say "still -EIO"
}

for fs in ext4 vfat; do
	locks quick_if "$fs" ext4 run "foreign-around-ours-$fs" foreign "$fs" "f d D F"
	locks quick_if "$fs" ext4 run "foreign-within-ours-$fs" foreign "$fs" "d f F D"
	locks run "foreign-before-ours-$fs" foreign "$fs" "f d F D"
	locks run "foreign-after-ours-$fs" foreign "$fs" "d f D F"
	core run "observe-replaces-nothing-$fs" observe_replaces_nothing "$fs"
done
for fs in $filesystems; do
	locks quick_if "$fs" xfs run "switch-to-propagate-$fs" switch observe propagate "$fs"
	locks quick_if "$fs" xfs run "switch-to-observe-$fs" switch propagate observe "$fs"
	core run "unload-in-flight-$fs" unload_in_flight "$fs"
	core run "unload-while-completing-$fs" unload_while_completing "$fs"
done
# A completion by a worker, and a write that the file system waits for.
core run unload-pending-vfat unload_pending vfat 0
core run unload-pending-ext4 unload_pending ext4 32768
core run unload-pending-uring-vfat unload_pending vfat 0 --uring
core run unload-pending-uring-ext4 unload_pending ext4 32768 --uring
quick run armed-for-a-while armed_for_a_while
locks quick run switch-while-pending switch_while_pending ext4
