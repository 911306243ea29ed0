# Sourced by what collide runs while a write is in flight.

# unload_begins DEVICE: let the held writes go and later ones not, so that the late error is pending;
# then unload, as far as that gets: it must wait for the callback, in the one place where it does.
unload_begins() {
	/lib-guest/dm.sh pulse "$1"
	wait_until '[ $(counter pending) = 1 ]'
	/sbin/rmmod diolate &
	remover=$!
	# Directly below the scheduler, that is: not in one of the grace periods that come after.
	wait_until '[ ! -e /sys/module/diolate ] ||
		head -n 1 "/proc/$remover/stack" | grep -q diolate_deliver_exit'
	[ -e /sys/module/diolate ] || fail "the module went while a late error was pending"
}
