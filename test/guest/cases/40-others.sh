# Others on the same functions; the policy and the module itself change while writes are in flight.

events=/sys/kernel/tracing/kprobe_events
enable=/sys/kernel/tracing/events/foreign
functions="kiocb_invalidate_post_direct_write iomap_dio_complete_work dio_warn_stale_pagecache"

# Somebody else's kprobe and kretprobe on each function of ours, as perf and ftrace set them.
add_foreign() {
	for f in $functions; do
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

delivers() {
	before
	collision "$1"
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
}

# foreign ORDER: each letter a step: f, F others come and go; d, D we do.
foreign() {
	for step in $1; do
		case $step in
		f) add_foreign ;;
		F) remove_foreign ;;
		d) load ;;
		D) unload ;;
		esac
		[ ! -e "$counters" ] || delivers ext4
	done
	collision ext4
	is res 65536 "$line"
	say "afterwards as stock"
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
# and that is held. Unloading waits for the callback, and its event is right.
unload_pending() {
	load
	collision "$1" --dsync --during ". /lib-guest/lib.sh; . /lib-guest/unload.sh; unload_begins $1"
	is res -5 "$line"
	wait_until '! [ -e /sys/module/diolate ]'
	say "res -EIO after unloading had begun"
}

run foreign-around-ours foreign "f d D F"
run foreign-within-ours foreign "d f F D"
run foreign-before-ours foreign "f d F D"
run foreign-after-ours foreign "d f D F"
for fs in $filesystems; do
	run "switch-to-propagate-$fs" switch observe propagate "$fs"
	run "switch-to-observe-$fs" switch propagate observe "$fs"
	run "unload-in-flight-$fs" unload_in_flight "$fs"
	run "unload-while-completing-$fs" unload_while_completing "$fs"
done
run unload-pending-vfat unload_pending vfat
