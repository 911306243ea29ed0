#!/bin/sh
# Devices whose writes can be held.
#   dm.sh create NAME LOWER   make /dev/mapper/NAME over LOWER
#   dm.sh hold NAME           from now on no write reaches LOWER; reads do
#   dm.sh pulse NAME          those held go down at once; nothing later does
#   dm.sh release NAME        all go down at once, and later ones are not held
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

# Replace what the lower layer does; what it holds goes down.
lower_is() {
	dmsetup reload "$name-held" --table "0 $sectors $*"
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
	lower_is "delay $lower 0 0 $lower 0 3600000"
	;;
pulse)
	close_gate
	lower_is "linear $lower 0"
	wait "$closer"
	: >"$closed"
	;;
release)
	lower_is "linear $lower 0"
	[ ! -e "$closed" ] || dmsetup resume "$name"
	rm -f "$closed"
	;;
*)
	echo "dm.sh: $action: not an action" >&2
	exit 2
	;;
esac
