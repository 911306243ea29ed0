#!/bin/sh
# Devices whose writes can be held.
#   dm.sh create NAME LOWER   make /dev/mapper/NAME over LOWER
#   dm.sh hold NAME [FIRST COUNT]  from now on no write reaches LOWER, or only none to COUNT sectors
#                             from FIRST on; reads do
#   dm.sh slow NAME MS        from now on each write reaches LOWER after MS milliseconds
#   dm.sh fail NAME           from now on each write fails
#   dm.sh pulse NAME [CMD]    those held go down at once; nothing later does, nor what CMD asks for, a
#                             program that ends before they do
#   dm.sh release NAME        all go down at once, and later ones are not held
#   dm.sh released NAME       wait until somebody's release is over: a write that was held completes before
#                             that, and until then the device refuses what may not wait
# Two layers. The lower, NAME-held, holds: dm-delay with a delay of an hour, which lets all go when it
# is suspended (drivers/md/dm-delay.c, delay_presuspend(), 6.1 to 7.3), and from then on what comes,
# too. So there is a gate above it, NAME itself, which for a pulse is closed first. No step freezes
# the file system, which would wait for the very writes that are held.
set -eu
export DM_DISABLE_UDEV=1

action=$1 name=$2
if [ "$action" = create ]; then
	mkdir -p /run/dm
	echo "$3 $(blockdev --getsz "$3")" >"/run/dm/$name"
fi
# Each program costs a tenth of a second under emulation, so nothing is asked twice.
read -r lower sectors <"/run/dm/$name"
closed=/run/dm-closed-$name

# Replace what the lower layer does, by a table on stdin; what it holds goes down.
lower_is() {
	dmsetup reload "$name-held"
	dmsetup resume --nolockfs --noflush "$name-held"
}

# Close the gate while something is held below. Suspending it waits for that, but first stops what
# comes; it has when it waits in the function that does so (drivers/md/dm.c, __dm_suspend()), which
# is then directly below the scheduler.
close_gate() {
	dmsetup suspend --nolockfs --noflush "$name" &
	closer=$!
	until head -n 1 "/proc/$closer/stack" | grep -qE ' (__dm_suspend|dm_wait_for_[a-z_]*)\+'; do
		usleep 1000
	done
}

case $action in
create)
	dmsetup create "$name-held" --table "0 $sectors linear $lower 0"
	dmsetup create "$name" --table "0 $sectors linear /dev/mapper/$name-held 0"
	;;
hold)
	from=${3:-0}
	end=$((from + ${4:-$sectors}))
	{
		[ "$from" = 0 ] || echo "0 $from linear $lower 0"
		echo "$from $((end - from)) delay $lower $from 0 $lower $from 3600000"
		[ "$end" = "$sectors" ] || echo "$end $((sectors - end)) linear $lower $end"
	} | lower_is
	;;
slow)
	echo "0 $sectors delay $lower 0 0 $lower 0 $3" | lower_is
	;;
fail)
	echo "0 $sectors flakey $lower 0 0 86400 1 error_writes" | lower_is
	;;
pulse)
	close_gate
	${3:-}
	echo "0 $sectors linear $lower 0" | lower_is
	wait "$closer"
	: >"$closed"
	;;
release)
	echo "0 $sectors linear $lower 0" | lower_is
	[ ! -e "$closed" ] || dmsetup resume "$name"
	rm -f "$closed"
	;;
released)
	# It is suspended from before its new table is there until it is resumed with that.
	until dmsetup table "$name-held" | grep -q linear && dmsetup info "$name-held" | grep -q ACTIVE; do
		usleep 1000
	done
	;;
*)
	echo "dm.sh: $action: not an action" >&2
	exit 2
	;;
esac
