# shellcheck disable=SC2016 # wait_until evaluates its argument itself
# Sourced by what collide runs while an O_DSYNC write is in flight: its late error can be held pending,
# since it has to write the folio in the way before it completes.

# make_pending DEVICE: let the held writes go and later ones not, until the late error is seen.
make_pending() {
	/lib-guest/dm.sh pulse "$1"
	wait_until '[ $(counter pending) = 1 ]'
}

# unload_begins: unload, as far as that gets: it must wait for the result, where it does so.
unload_begins() {
	/sbin/rmmod diolate &
	remover=$!
	# Directly below the scheduler, that is: not in one of the grace periods that come after.
	wait_until '[ ! -e /sys/module/diolate ] ||
		head -n 1 "/proc/$remover/stack" | grep -q " \[diolate\]"'
	[ -e /sys/module/diolate ] || fail "the module went while a late error was pending"
}
